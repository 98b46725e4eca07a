import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { createServer } from 'vite'
import { CHROMIUM_FLAGS, findChromium } from '../e2e/fixtures/chromium.ts'
import { Interpreter } from '../src/compute/fuzz/interpreter.ts'
import { inputWords, shapeTask } from '../src/compute/task.ts'
import { checkKernel } from '../src/compute/wgsl/check.ts'
import type { EngineReport } from '../src/room/ports.ts'
import type { GpuFigures } from './gpu-page.ts'
import { sampleTask } from './engine-tasks.ts'

/** Items whose operations are counted. */
const SAMPLED_ITEMS = 16

/**
 * Measures the kernels on this machine's GPU as shares of what the device can do at most, and what the engine costs
 * around them. Without a GPU it says so and measures nothing; `--software` measures the software adapter all the same.
 * `--json`: the last line on stdout is one JSON object.
 */
async function main(args: readonly string[]): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    optimizeDeps: { entries: ['bench/gpu-page.ts'] },
    server: { port: 0, host: '127.0.0.1' },
  })
  await server.listen()
  const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_FLAGS })
  try {
    const page = await browser.newPage()
    // A document of the server's origin that is not the app.
    await page.goto(`${server.resolvedUrls!.local[0]}package.json`)
    const ask = <T>(name: 'probe' | 'measure') =>
      page.evaluate(async ([name]) => (await import('/bench/gpu-page.ts' as string))[name!](), [name]) as Promise<T>
    const report = await ask<EngineReport>('probe')
    if (!report.available || (report.fallback && !args.includes('--software'))) {
      const why = report.available ? `only a software adapter (${report.device})` : report.reason
      console.log(`no GPU found: ${why}. Nothing was measured.`)
      if (args.includes('--json')) console.log(JSON.stringify({ bench: 'gpu', found: false, why }))
      return
    }
    const figures = await ask<GpuFigures>('measure')
    show(figures)
    if (args.includes('--json')) console.log(JSON.stringify({ bench: 'gpu', found: true, ...figures }))
  } finally {
    await browser.close()
    await server.close()
  }
}

/** Operations of a kernel's source for each unit of its fuel, over some items of its sample. */
function operationsPerFuel(name: string): number {
  const { kernel, chunk, parameters, input } = sampleTask(name)
  const shape = shapeTask({ parameters, chunk, input }, kernel.manifest)
  const words = new Uint32Array(input === null ? 1 : inputWords(input))
  if (input !== null) new Uint8Array(words.buffer).set(input)
  const { origin, size, tileWidth: width, tileHeight: height, halo } = shape
  const tile = { origin, size, width, height, halo }
  const interpreter = new Interpreter(checkKernel(kernel), { parameters: new Uint32Array(parameters.slice().buffer), input: words, tile })
  for (let x = 0; x < Math.min(SAMPLED_ITEMS, size[0]); x++) interpreter.item([origin[0] + x, origin[1], origin[2]])
  return interpreter.operations / interpreter.fuel
}

function show({ report, ceiling, kernels, chunkMs, overheadShare }: GpuFigures): void {
  const billions = (perSecond: number) => `${(perSecond / 1e9).toPrecision(3)} billion`
  console.log(`${report.device}: at most ${billions(ceiling.u32)} u32 and ${billions(ceiling.f32)} f32 multiply-and-adds a second`)
  for (const { name, itemsPerSecond, fuelPerSecond } of kernels) {
    const operations = fuelPerSecond * operationsPerFuel(name)
    // A multiply-and-add is two operations.
    const most = 2 * (name === 'matmul' ? ceiling.f32 : ceiling.u32)
    console.log(
      `${name.padEnd(16)} ${itemsPerSecond.toExponential(2)} items a second, ${billions(operations)} operations, ${((operations * 100) / most).toFixed(1)}% of the ceiling`,
    )
  }
  console.log(`around the kernel ${(overheadShare * 100).toFixed(1)}% of ${chunkMs.toFixed(0)} ms chunks`)
}

await main(process.argv.slice(2))
