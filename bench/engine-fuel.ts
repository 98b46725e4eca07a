import { KernelInstance } from '../src/compute/cpu/instance.ts'
import { builtInKernels } from '../src/compute/kernels/index.ts'
import { sampleImage, sampleMatrices } from '../src/compute/kernels/samples.ts'
import { checkKernel } from '../src/compute/wgsl/check.ts'
import { compileToWasm } from '../src/compute/wgsl/wasm-backend.ts'
import type { Kernel, ParameterValues } from '../src/domain/kernel.ts'
import type { ChunkTask } from '../src/room/ports.ts'
import { median, wholeTask } from './engine-tasks.ts'

const PAIRS = 15
const WARM_UP_MS = 1000
/** Least time of one measurement, ms: a thread's clock moves in steps of some milliseconds. */
const BATCH_MS = 80
const COMPILE_ROUNDS = 15

/** Work of some milliseconds for each built-in kernel. */
const WORK: Record<string, { parameters: ParameterValues; size: [number, number, number]; input: Uint8Array | null }> = {
  mandelbrot: { parameters: { width: 160, height: 100, iterations: 2000 }, size: [160, 100, 1], input: null },
  'mandelbrot-deep': { parameters: { width: 40, height: 25 }, size: [40, 25, 1], input: null },
  convolve: { parameters: {}, size: [320, 200, 1], input: sampleImage(320, 200) },
  sha256: { parameters: { count: 20_000, zeroBits: 20 }, size: [20_000, 1, 1], input: null },
  montecarlo: { parameters: { items: 300 }, size: [300, 1, 1], input: null },
  collatz: { parameters: { count: 20_000 }, size: [20_000, 1, 1], input: null },
  matmul: { parameters: {}, size: [128, 128, 1], input: sampleMatrices(256, 128) },
}

/** Time that this thread has had a processor for, ms: other programs on the machine hardly matter. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

export function instanceOf(kernel: Kernel, metered = true): KernelInstance {
  const compiled = compileToWasm(checkKernel(kernel), kernel.manifest, { metered })
  return new KernelInstance(new WebAssembly.Module(compiled.bytes as Uint8Array<ArrayBuffer>), kernel.manifest, compiled.heap)
}

export function computeWhole(instance: KernelInstance, task: ChunkTask): Uint8Array {
  instance.begin(task)
  while (instance.remaining > 0) instance.step(Math.max(1, instance.remaining >> 3))
  return instance.finish().output
}

/** What metering adds to the time of every built-in kernel, as a share: median of pairs that ran one after the other. */
export function fuelCosts(): Record<string, number> {
  return Object.fromEntries(builtInKernels.map((kernel) => [kernel.manifest.name, fuelCost(kernel)]))
}

function fuelCost(kernel: Kernel): number {
  const { parameters, size, input } = WORK[kernel.manifest.name]!
  const stream = kernel.manifest.input.kind === 'none' ? null : input
  const task = wholeTask(kernel, parameters, size, stream)
  const [metered, free] = [instanceOf(kernel), instanceOf(kernel, false)]
  const batch = (instance: KernelInstance, runs: number): number => {
    const begun = threadMs()
    for (let run = 0; run < runs; run++) computeWhole(instance, task)
    return threadMs() - begun
  }
  for (const begun = threadMs(); threadMs() - begun < WARM_UP_MS;) [metered, free].forEach((instance) => computeWhole(instance, task))
  let runs = 1
  while (batch(free, runs) < BATCH_MS) runs *= 2
  const costs: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) costs.push(batch(metered, runs) / batch(free, runs) - 1)
  return median(costs)
}

/** Compiling of every built-in kernel to a module, ms of this thread: the first time in this program, and later on. */
export function compileTimes(): Record<string, { first: number; later: number }> {
  const compile = (kernel: Kernel) =>
    new WebAssembly.Module(compileToWasm(checkKernel(kernel), kernel.manifest).bytes as Uint8Array<ArrayBuffer>)
  return Object.fromEntries(
    builtInKernels.map((kernel) => {
      const begun = threadMs()
      compile(kernel)
      const first = threadMs() - begun
      const since = threadMs()
      for (let round = 0; round < COMPILE_ROUNDS; round++) compile(kernel)
      return [kernel.manifest.name, { first, later: (threadMs() - since) / COMPILE_ROUNDS }]
    }),
  )
}
