import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processors } from '../src/compute/cpu/pool.ts'
import { kernelByName } from '../src/compute/kernels/index.ts'
import type { Kernel } from '../src/domain/kernel.ts'
import type { ChunkTask } from '../src/room/ports.ts'
import * as plain from './plain-kernels.ts'
import { compileTimes, computeWhole, fuelCosts, instanceOf } from './engine-fuel.ts'
import { measurePool } from './engine-pool.ts'
import { wholeTask } from './engine-tasks.ts'

/** One kernel, the same work done three ways. */
interface Contest {
  name: string
  task: ChunkTask
  hand(): Uint8Array
  script(): Uint8Array
}

interface Assembly {
  memory: WebAssembly.Memory
  mandelbrot(...args: number[]): void
  convolve(...args: number[]): void
  montecarlo(...args: number[]): void
  sha256(...args: number[]): void
}

const ROUNDS = 15
const WARM_UP_MS = 1500
const OUT = 8 * 1024 * 1024
const INPUT = 16 * 1024 * 1024

/** Wall time, ms. Runs are short and the best of many counts, so that other programs on the machine hardly matter. */
function time(work: () => void): number {
  const before = performance.now()
  work()
  return performance.now() - before
}

function geometricMean(values: number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

function assemble(): Assembly {
  const folder = mkdtempSync(join(tmpdir(), 'roomful-bench-'))
  const compiler = fileURLToPath(new URL('../node_modules/assemblyscript/bin/asc.js', import.meta.url))
  const source = fileURLToPath(new URL('./assembly/kernels.ts', import.meta.url))
  const wasm = join(folder, 'kernels.wasm')
  execFileSync(process.execPath, [compiler, source, '-O3', '--noAssert', '--runtime', 'stub', '--initialMemory', '512', '-o', wasm])
  const bytes = readFileSync(wasm)
  rmSync(folder, { recursive: true })
  const abort = (): never => {
    throw new Error('the hand-written kernels aborted')
  }
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { abort } }).exports as unknown as Assembly
}

function contests(): Contest[] {
  const hand = assemble()
  const taken = (bytes: number): Uint8Array => new Uint8Array(hand.memory.buffer, OUT, bytes).slice()
  const put = (at: number, words: ArrayLike<number>): void => new Int32Array(hand.memory.buffer, at).set(words)
  const of = (name: string): Kernel => kernelByName(name)!

  const [width, height] = [160, 100]
  const view = wholeTask(of('mandelbrot'), { width, height, iterations: 2000 }, [width, height, 1], null)
  const viewWords = [...new Int32Array(view.parameters.slice().buffer)] as [number, number, number, number, number, number]

  const [photoWidth, photoHeight] = [320, 200]
  const photo = new Uint8Array(photoWidth * photoHeight * 4).map((_, index) => (index * 2_654_435_761) >>> 24)
  const filter = wholeTask(of('convolve'), {}, [photoWidth, photoHeight, 1], photo)
  const filterWords = new Int32Array(filter.parameters.slice().buffer)
  const [radius, divisor, bias] = [filterWords[0]!, filterWords[226]!, filterWords[227]!]
  const weights = filterWords.slice(1, 226)
  const tile = new Uint32Array(filter.input!.slice().buffer)
  put(INPUT - 4096, weights)
  put(INPUT, tile)

  const items = 300
  const option = wholeTask(of('montecarlo'), { items }, [items, 1, 1], null)
  const [, steps, strike, rate, volatility, kind, seed] = [...new Int32Array(option.parameters.slice().buffer)] as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]

  const count = 30_000
  const search = wholeTask(of('sha256'), { count, zeroBits: 12 }, [count, 1, 1], null)
  const searchWords = new Uint32Array(search.parameters.slice().buffer)
  put(INPUT - 8192, new Int32Array(searchWords.slice(0, 8)))
  const constants = new Int32Array(
    [...of('sha256').source.matchAll(/0x([0-9a-f]{8})u/g)].slice(0, 64).map((match) => Number(`0x${match[1]}`)),
  )

  const scriptOut = new Uint32Array(photoWidth * photoHeight)
  const scriptTaken = (words: number): Uint8Array => new Uint8Array(scriptOut.slice(0, words).buffer)
  return [
    {
      name: 'sha256',
      task: search,
      hand: () => (hand.sha256(0, count, 12, 0, INPUT - 8192, OUT), taken(8)),
      script: () => (plain.sha256(0, count, 12, 0, searchWords, constants, scriptOut), scriptTaken(2)),
    },
    {
      name: 'mandelbrot',
      task: view,
      hand: () => (hand.mandelbrot(...viewWords, OUT), taken(width * height * 4)),
      script: () => (plain.mandelbrot(...viewWords, scriptOut), scriptTaken(width * height)),
    },
    {
      name: 'convolve',
      task: filter,
      hand: () => (
        hand.convolve(photoWidth, photoHeight, radius, divisor, bias, INPUT - 4096, INPUT, OUT),
        taken(photoWidth * photoHeight * 4)
      ),
      script: () => (
        plain.convolve(photoWidth, photoHeight, radius, divisor, bias, weights, tile, scriptOut),
        scriptTaken(photoWidth * photoHeight)
      ),
    },
    {
      name: 'montecarlo',
      task: option,
      hand: () => (hand.montecarlo(items, steps, strike, rate, volatility, kind, seed, OUT), taken(24)),
      script: () => (plain.montecarlo(items, steps, strike, rate, volatility, kind, seed, scriptOut), scriptTaken(6)),
    },
  ]
}

/** The same result from all, or the comparison means nothing. */
function insist(name: string, one: Uint8Array, other: Uint8Array): void {
  if (Buffer.compare(one, other) !== 0) throw new Error(`${name}: the compared programs do not compute the same`)
}

function contest({ name, task, hand, script }: Contest) {
  const ours = instanceOf(task.kernel)
  insist(name, computeWhole(ours, task), hand())
  insist(name, computeWhole(ours, task), script())
  const times = { ours: [] as number[], hand: [] as number[], script: [] as number[] }
  const warm = performance.now() + WARM_UP_MS
  for (let round = 0; round < ROUNDS;) {
    const found = {
      ours: time(() => computeWhole(ours, task)),
      hand: time(hand),
      script: time(script),
    }
    // The browser's compiler optimises beside the first runs.
    if (performance.now() < warm) continue
    round++
    for (const key of ['ours', 'hand', 'script'] as const) times[key].push(found[key])
  }
  const best = (key: keyof typeof times) => Math.min(...times[key])
  return {
    kernel: name,
    ms: best('ours'),
    overHandWritten: best('hand') / best('ours'),
    overPlainScript: best('script') / best('ours'),
  }
}

/**
 * Measures the CPU engine against hand-written AssemblyScript and plain JavaScript, its pool and its compiler.
 * `--json`: the last line on stdout is one JSON object.
 */
async function main(args: readonly string[]): Promise<void> {
  // Before this program's own work counts.
  const load = loadavg()[0]!
  // Before anything is compiled, so that the first time is one.
  const compile = compileTimes()
  const fuel = fuelCosts()
  const results = contests().map(contest)
  for (const result of results) {
    console.log(
      `${result.kernel.padEnd(11)} ${result.ms.toFixed(1).padStart(7)} ms  ${result.overHandWritten.toFixed(2)} of hand-written  ` +
        `${result.overPlainScript.toFixed(2)} × plain JavaScript`,
    )
  }
  const mean = geometricMean(results.map((result) => result.overHandWritten))
  console.log(`geometric mean ${mean.toFixed(2)} of hand-written`)
  const each = <T>(of: Record<string, T>, text: (value: T) => string): string =>
    Object.entries(of)
      .map(([name, value]) => `${name} ${text(value)}`)
      .join(', ')
  console.log(`fuel costs ${each(fuel, (share) => `${(share * 100).toFixed(1)}%`)}`)
  console.log(`compile, ms of one thread, first / later: ${each(compile, (ms) => `${ms.first.toFixed(1)} / ${ms.later.toFixed(1)}`)}`)
  const pooled = await measurePool()
  console.log(
    `two workers ${pooled.twoWorkersOverOne.toFixed(2)} × one, busy for ${(pooled.twoWorkersBusy * 100).toFixed(1)}%; around the kernel ${(pooled.overheadShare * 100).toFixed(1)}% ` +
      `of ${pooled.chunkMs.toFixed(0)} ms chunks; ${pooled.emptyChunkMs.toFixed(3)} ms per empty chunk; ` +
      `calibration ${pooled.calibrationMs.toFixed(0)} ms, ${pooled.calibrationCpuMs.toFixed(0)} of them on a processor`,
  )
  console.log(`share of the time at a duty of ${pooled.duty.map(({ asked, kept }) => `${asked}%: ${(kept * 100).toFixed(1)}%`).join(', ')}`)
  if (load > processors() / 2)
    console.log(`other programs were running (load ${load.toFixed(1)}): the pool's figures are those of a busy machine`)
  if (args.includes('--json'))
    console.log(JSON.stringify({ bench: 'engines', results, geometricMeanOverHandWritten: mean, fuel, compile, pool: pooled, load }))
}

await main(process.argv.slice(2))
