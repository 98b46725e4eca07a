import { gather } from '../domain/chunk.ts'
import type { Chunk } from '../domain/chunk.ts'
import type { Kernel, ParameterValues } from '../domain/kernel.ts'
import { encodeParameters } from '../domain/parameters.ts'
import { chunkAt } from '../domain/plan.ts'
import type { ChunkTask, Engine } from '../room/ports.ts'

/** Measuring stops after this time, ms. */
const BUDGET_MS = 100
/** A run of at least this time tells the pace, ms. */
const ENOUGH_MS = 12
const FIRST_ITEMS = 16
/** Each run has at most so many times the items of the one before: compiled code gets faster while it runs. */
const GROWTH = 4
const MAX_ITEMS = 2 ** 20
/** Places of the index space that are tried, as shares of each axis: work is rarely spread evenly. */
const SPOTS = [0.5, 0.25, 0.75]

/**
 * Pace of an engine on a kernel, items per second of one slot, from short runs at several places of the index space.
 * Takes about {@link BUDGET_MS} beside compiling. Rejects as the engine does.
 */
export async function measurePace(
  engine: Engine,
  kernel: Kernel,
  parameters: ParameterValues,
  space: [number, number, number],
  signal: AbortSignal,
): Promise<number> {
  await engine.prepare(kernel)
  const begun = performance.now()
  let [items, ms] = [0, 0]
  for (let count = FIRST_ITEMS, spot = 0; performance.now() - begun < BUDGET_MS; spot++) {
    const task = probeTask(kernel, parameters, space, count, SPOTS[spot % SPOTS.length]!)
    const result = await engine.run(task, signal)
    const size = task.chunk.size[0] * task.chunk.size[1] * task.chunk.size[2]
    // Short runs tell of starting up rather than of computing: only longer ones count, if there are any.
    if (result.ms >= ENOUGH_MS / 4) [items, ms] = [items + size, ms + result.ms]
    else if (ms === 0 && performance.now() - begun >= BUDGET_MS / 2) return (size * 1000) / Math.max(result.ms, 0.01)
    if (result.ms < ENOUGH_MS) count = Math.min(MAX_ITEMS, Math.ceil(count * Math.min(GROWTH, ENOUGH_MS / Math.max(result.ms, 0.1))))
    if (ms > ENOUGH_MS * SPOTS.length) break
    if (size < count / GROWTH && ms > 0) break
  }
  return ms > 0 ? (items * 1000) / ms : FIRST_ITEMS / (BUDGET_MS / 1000)
}

function probeTask(kernel: Kernel, parameters: ParameterValues, space: [number, number, number], count: number, spot: number): ChunkTask {
  const { manifest } = kernel
  const bytes = encodeParameters(manifest, parameters)
  if (manifest.input.kind === 'stream') return inputProbe(kernel, parameters, bytes, count)
  const width = Math.min(space[0], count)
  const height = Math.min(space[1], Math.max(1, Math.floor(count / width)))
  const size: Chunk['size'] = [width, height, 1]
  const origin = size.map((extent, axis) => Math.floor((space[axis]! - extent) * spot)) as Chunk['origin']
  const output = { offset: 0, lineWidth: 4, lineStride: 4, lineCount: 1, blockStride: 4, blockCount: 1 }
  return {
    kernel,
    parameters: bytes,
    chunk: { id: 0, origin, size, input: null, clamp: { left: 0, right: 0, top: 0, bottom: 0 }, output },
    input: null,
  }
}

/** A square of an empty stream. */
function inputProbe(kernel: Kernel, parameters: ParameterValues, bytes: Uint8Array, count: number): ChunkTask {
  const { manifest } = kernel
  const bytesPerItem = manifest.input.kind === 'stream' ? manifest.input.bytesPerItem : 4
  const matrix = manifest.input.kind === 'stream' && manifest.input.shape === 'matrix'
  const side = Math.max(1, Math.min(512, Math.floor(Math.sqrt(count))))
  const [width, height] = [side, matrix ? side * 2 : side]
  const stream = new Uint8Array(width * height * bytesPerItem)
  const input = { blocks: [], blockBytes: stream.length, length: stream.length, width, height, name: '' }
  const plan = {
    chunk: [side, side, 1] as Chunk['size'],
    chunksPerMicrojob: 1,
    microjobsPerBlock: 1,
    capacity: 1,
    deadlineMs: 1,
    epsilon: 1,
  }
  const chunk = chunkAt({ space: [side, side, 1], plan, parameters, input }, manifest, 0)
  return { kernel, parameters: bytes, chunk, input: gather(stream, chunk, bytesPerItem) }
}
