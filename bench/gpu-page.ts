import { GpuEngine } from '../src/compute/gpu/engine.ts'
import { kernelByName } from '../src/compute/kernels/index.ts'
import { kernelSamples } from '../src/compute/kernels/samples.ts'
import { encodeParameters } from '../src/domain/parameters.ts'
import { chunkAt, planJob } from '../src/domain/plan.ts'
import type { ChunkTask, EngineReport } from '../src/room/ports.ts'
import { median, never, sampleTask } from './engine-tasks.ts'

/** Rounds of the synthetic kernel: four independent chains of multiply and add, so that latency does not count. */
const CEILING_ROUNDS = 4096
const CHAINS = 4
const CEILING_ITEMS = 2 ** 21
const RUNS = 7
/** Length of the chunks over which overhead is counted, ms. */
const CHUNK_MS = 250

export interface GpuFigures {
  report: EngineReport
  /** Multiply-and-adds a second of the device, u32 and f32; each counts as two operations. */
  ceiling: { u32: number; f32: number }
  kernels: { name: string; itemsPerSecond: number; fuelPerSecond: number }[]
  chunkMs: number
  /** Share of the wall time of a queue of four that no chunk's dispatches took. */
  overheadShare: number
}

/** What there is, for whoever has to decide whether measuring makes sense. */
export async function probe(): Promise<EngineReport> {
  const engine = new GpuEngine()
  const report = await engine.probe()
  await engine.dispose()
  return report
}

/** Measures this browser's WebGPU: its ceiling without this project's code, then the kernels and the engine. */
export async function measure(): Promise<GpuFigures> {
  const engine = new GpuEngine()
  const report = await engine.probe()
  const ceiling = { u32: await measureCeiling('u32'), f32: await measureCeiling('f32') }
  const kernels = []
  for (const { kernel: name } of kernelSamples) kernels.push({ name, ...(await throughput(engine, name)) })
  const { chunkMs, overheadShare } = await measureOverhead(engine)
  await engine.dispose()
  return { report, ceiling, kernels, chunkMs, overheadShare }
}

async function measureCeiling(type: 'u32' | 'f32'): Promise<number> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' })
  const device = await adapter!.requestDevice()
  const names = Array.from({ length: CHAINS }, (_, chain) => `v${chain}`)
  const code = `
    @group(0) @binding(0) var<storage, read_write> out: array<${type}>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      let m = ${type}(id.x) + ${type}(3);
      ${names.map((name, chain) => `var ${name} = ${type}(id.x + ${chain}u);`).join('\n')}
      for (var i = 0u; i < ${CEILING_ROUNDS}u; i++) { ${names.map((name) => `${name} = ${name} * m + ${name};`).join(' ')} }
      out[id.x % 64u] = ${names.join(' + ')};
    }`
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
  })
  const buffer = device.createBuffer({ size: 256, usage: GPUBufferUsage.STORAGE })
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] })
  const run = async (items: number): Promise<number> => {
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, group)
    pass.dispatchWorkgroups(items / 64)
    pass.end()
    const begun = performance.now()
    device.queue.submit([encoder.finish()])
    await device.queue.onSubmittedWorkDone()
    return performance.now() - begun
  }
  // As many items as take long enough to be measured: a software adapter would need minutes for what a GPU does at once.
  let items = 4096
  while (items < CEILING_ITEMS && (await run(items)) < 50) items *= 4
  const times: number[] = []
  for (let round = 0; round < RUNS; round++) times.push(await run(items))
  device.destroy()
  return (items * CEILING_ROUNDS * CHAINS * 1000) / Math.min(...times)
}

/** The same place again and again, until a chunk is as long as chunks are; a kernel with input stays as large as its tile. */
async function throughput(engine: GpuEngine, name: string): Promise<{ itemsPerSecond: number; fuelPerSecond: number }> {
  let task = sampleTask(name)
  const fixed = task.input !== null || task.kernel.manifest.maxChunkItems !== undefined
  for (;;) {
    const { ms } = await engine.run(task, never)
    if (fixed || ms >= CHUNK_MS / 2 || items(task) > 2 ** 17) break
    task = { ...task, chunk: { ...task.chunk, size: [task.chunk.size[0] * 2, task.chunk.size[1], 1] } }
  }
  const runs: { ms: number; fuel: number }[] = []
  for (let round = 0; round < RUNS; round++) runs.push(await engine.run(task, never))
  const ms = median(runs.map((run) => run.ms))
  return { itemsPerSecond: (items(task) * 1000) / ms, fuelPerSecond: (runs[0]!.fuel * 1000) / ms }
}

function items({ chunk: { size } }: ChunkTask): number {
  return size[0] * size[1] * size[2]
}

async function measureOverhead(engine: GpuEngine): Promise<{ chunkMs: number; overheadShare: number }> {
  const kernel = kernelByName('mandelbrot')!
  // Inside the set, where every point takes all its iterations.
  const parameters = { width: 4096, height: 4096, centreX: '-0.2', centreY: '0', span: '0.0001', iterations: 20_000 }
  const square = (side: number): ChunkTask => {
    const chunk = chunkAt(
      { ...planJob({ manifest: kernel.manifest, parameters, input: null, chunk: [side, side, 1] }), parameters, input: null },
      kernel.manifest,
      0,
    )
    return { kernel, parameters: encodeParameters(kernel.manifest, parameters), chunk, input: null }
  }
  let side = 16
  for (;;) {
    const { ms } = await engine.run(square(side), never)
    if (ms >= CHUNK_MS / 2 || side >= 512) break
    side *= 2
  }
  // One chunk after the other: what a chunk takes from its request to its result, beside its dispatches.
  const shares: number[] = []
  const lengths: number[] = []
  for (let round = 0; round < RUNS; round++) {
    const begun = performance.now()
    const { ms } = await engine.run(square(side), never)
    shares.push(1 - ms / (performance.now() - begun))
    lengths.push(ms)
  }
  return { chunkMs: median(lengths), overheadShare: median(shares) }
}
