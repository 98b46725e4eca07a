import { CpuEngine } from '../src/compute/cpu/pool.ts'
import { createEngines } from '../src/compute/engines.ts'
import { builtInKernels, kernelByName } from '../src/compute/kernels/index.ts'
import { PaceCache } from '../src/compute/pace-cache.ts'
import { scatter, windowLength } from '../src/domain/chunk.ts'
import { completeParameters } from '../src/domain/parameters.ts'
import { indexSpace } from '../src/domain/plan.ts'
import type { ChunkTask } from '../src/room/ports.ts'
import { median, never, wholeTask } from './engine-tasks.ts'

/** Length of the chunks over which overhead is counted, ms. */
const CHUNK_MS = 250
const PAIRS = 7
const DUTIES = [10, 25, 50, 75, 90]
const DUTY_CHUNKS = 4

export interface PoolFigures {
  /** Chunks a second of two workers over those of one: median of pairs that ran one after the other. */
  twoWorkersOverOne: number
  /** Share of the time that two workers are both in a kernel, which other programs hardly change. */
  twoWorkersBusy: number
  chunkMs: number
  /** Share of the wall time of one worker that is kept full which is not spent in the kernel. */
  overheadShare: number
  emptyChunkMs: number
  /** From a cold engine to the pace of one kernel, compiling included: the slowest built-in kernel without input. */
  calibrationMs: number
  /** Processor time of that, all threads: most of it is what a thread of Node takes to load the compiler. */
  calibrationCpuMs: number
  duty: { asked: number; kept: number }[]
}

interface Run {
  wallMs: number
  /** Time in the kernel, all workers together. */
  kernelMs: number
  chunks: number
}

/** Computes all tasks, so many at a time, and puts every result in its place, as a node does. */
async function runAll(engine: CpuEngine, tasks: readonly ChunkTask[], queue: number): Promise<Run> {
  const waiting = [...tasks]
  const output = new Uint8Array(Math.max(...tasks.map(({ chunk }) => windowLength(chunk.output))))
  let kernelMs = 0
  const begun = performance.now()
  const drain = async (): Promise<void> => {
    for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
      const result = await engine.run(task, never)
      kernelMs += result.ms
      scatter(result.output, task.chunk.output, output)
    }
  }
  await Promise.all(Array.from({ length: queue }, drain))
  return { wallMs: performance.now() - begun, kernelMs, chunks: tasks.length }
}

function view(iterations: number, side: number): ChunkTask {
  // Inside the set, where every point takes all its iterations.
  const parameters = { width: side, height: side, centreX: '-0.2', centreY: '0', span: '0.0001', iterations }
  return wholeTask(kernelByName('mandelbrot')!, parameters, [side, side, 1], null)
}

/** Chunks of about {@link CHUNK_MS} on this machine. */
async function chunksOf(engine: CpuEngine, count: number): Promise<ChunkTask[]> {
  const probe = view(20_000, 64)
  const times: number[] = []
  for (let round = 0; round < 5; round++) times.push((await engine.run(probe, never)).ms)
  const side = Math.max(16, Math.round(64 * Math.sqrt(CHUNK_MS / Math.min(...times))))
  return Array.from({ length: count }, () => view(20_000, side))
}

/** Measures the pool: how it scales, what it costs around the kernels, and whether it keeps to its duty. */
export async function measurePool(): Promise<PoolFigures> {
  const [one, two] = [new CpuEngine({ workers: 1 }), new CpuEngine({ workers: 2 })]
  const tasks = await chunksOf(one, 4)
  await runAll(two, tasks, 4)
  const [scaling, busy, overhead, lengths]: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let pair = 0; pair < PAIRS; pair++) {
    const single = await runAll(one, tasks, 4)
    const double = await runAll(two, tasks, 4)
    scaling.push(single.wallMs / double.wallMs)
    busy.push(double.kernelMs / double.wallMs / 2)
    overhead.push(1 - single.kernelMs / single.wallMs)
    lengths.push(single.kernelMs / single.chunks)
  }
  const empty = Array.from({ length: 2000 }, () => view(1, 1))
  const perEmpty: number[] = []
  for (let round = 0; round < PAIRS; round++) perEmpty.push((await runAll(one, empty, 4)).wallMs / empty.length)
  const duty = []
  for (const asked of DUTIES) {
    one.setDuty(asked / 100)
    const { kernelMs, wallMs } = await runAll(one, tasks.slice(0, DUTY_CHUNKS), 2)
    duty.push({ asked, kept: kernelMs / wallMs })
  }
  await Promise.all([one.dispose(), two.dispose()])
  return {
    twoWorkersOverOne: median(scaling),
    twoWorkersBusy: median(busy),
    chunkMs: median(lengths),
    overheadShare: median(overhead),
    emptyChunkMs: median(perEmpty),
    ...(await calibrate()),
    duty,
  }
}

async function calibrate(): Promise<Pick<PoolFigures, 'calibrationMs' | 'calibrationCpuMs'>> {
  const [times, cpu]: [number[], number[]] = [[], []]
  for (const kernel of builtInKernels.filter(({ manifest }) => manifest.input.kind === 'none')) {
    const [begun, before] = [performance.now(), process.cpuUsage()]
    const engines = await createEngines({ mode: 'cpu', workers: 1, paces: new PaceCache(null) })
    const parameters = completeParameters(kernel.manifest, {})
    await engines.pace(kernel, parameters, indexSpace(kernel.manifest, parameters, null))
    times.push(performance.now() - begun)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
    await engines.dispose()
  }
  return { calibrationMs: Math.max(...times), calibrationCpuMs: Math.max(...cpu) }
}
