import { tileShape, windowLength } from './chunk.ts'
import type { Chunk, Halo, Window } from './chunk.ts'
import { blockCid, jobCid } from './job.ts'
import type { Job, JobInput, MicrojobRef, Plan } from './job.ts'
import type { KernelManifest, ParameterValues } from './kernel.ts'
import { completeParameters, parameterNumber } from './parameters.ts'
import { MAX_RECORD_CHUNKS, MAX_RECORD_MEMBERS } from './record-check.ts'

/** A job that cannot be cut: what is wrong, with which value, and what to do. */
export class PlanError extends Error {
  override readonly name = 'PlanError'
}

/** Seconds that a chunk should take on the median member. */
export const CHUNK_SECONDS = 0.5
/** A chunk is never cut smaller than this only to have more of them, in seconds. */
export const LEAST_CHUNK_SECONDS = 0.01
/** A small job is still cut into about this many chunks, so that a room has something to share. */
export const WANTED_CHUNKS = 40
/** Most bytes of a chunk's output: it then travels inside the message. */
export const CHUNK_OUTPUT_BYTES = 256 * 1024
/** Most bytes of a chunk's gathered input, as the planner cuts. */
export const CHUNK_INPUT_BYTES = 4 * 1024 * 1024
/** Most bytes of a chunk's output in any job: one block of the block store. */
export const MAX_CHUNK_OUTPUT_BYTES = 1024 * 1024
/** Most bytes of a chunk's gathered input in any job, halo included. */
export const MAX_CHUNK_INPUT_BYTES = 16 * 1024 * 1024
/** Most items of a chunk: their number within the chunk is a u32, and their fuel an exact number. */
export const MAX_CHUNK_ITEMS = 2 ** 31 - 1
/** Longest deadline of a chunk, ms. */
export const MAX_DEADLINE_MS = 3_600_000
/** Below this every hiccup of a network would put somebody out. */
const MIN_DEADLINE_MS = 1_000
/** Most chunks of a job. */
export const MAX_CHUNKS = 2 ** 31 - 1
/** Most items along one axis of the index space: an index is a u32. */
export const MAX_AXIS = 2 ** 32 - 1
/** Fuel per second of a median worker until one is calibrated. */
export const TYPICAL_FUEL_PER_SECOND = 2e8

/** Ten processors, and one that may turn out to be the verifier. */
const DEFAULT_CAPACITY = 11
const DEFAULT_EPSILON = 0.01
export const DEFAULT_DEADLINE_MS = 30_000

/** What the planner needs to know. */
export interface PlanRequest {
  manifest: KernelManifest
  parameters: ParameterValues
  /** Width and height of the input in items; null for a kernel without input. */
  input: Pick<JobInput, 'width' | 'height'> | null
  /** Calibrated pace of the median member; a typical one otherwise. */
  itemsPerSecond?: number
  /** Extent of a chunk, [x, y, z] in items, instead of the planner's choice. */
  chunk?: [number, number, number]
  /** Most processors in one room. @default 11 */
  capacity?: number
  /** Accepted probability that a chunk is wrong. @default 0.01 */
  epsilon?: number
  /** How long a member may hold a chunk before anything is known of its pace, ms, 1000 at least. @default 30000 */
  deadlineMs?: number
}

type Extent = [number, number, number]
type Cut = Pick<Job, 'space' | 'plan'>
type CutJob = Cut & Pick<Job, 'parameters'> & { input: PlanRequest['input'] }

/** Figures of a plan that are counts, and the least and the most that records and rooms bear. */
const LIMITS = [
  ['chunksPerMicrojob', 1, MAX_RECORD_CHUNKS],
  ['microjobsPerBlock', 1, MAX_CHUNKS],
  ['capacity', 1, MAX_RECORD_MEMBERS],
  ['deadlineMs', MIN_DEADLINE_MS, MAX_DEADLINE_MS],
] as const

/**
 * Index space and cut of a job: chunks of about {@link CHUNK_SECONDS}, ten to a microjob.
 * Throws {@link PlanError} or `ParameterError`.
 */
export function planJob(request: PlanRequest): { space: Extent; plan: Plan } {
  const { manifest, parameters, input } = request
  const space = indexSpace(manifest, parameters, input)
  const pace = request.itemsPerSecond ?? TYPICAL_FUEL_PER_SECOND / Math.max(1, manifest.fuelPerItem)
  if (!(pace > 0)) throw new PlanError(`a pace of ${pace} items per second cannot be planned with: calibrate again`)
  const chunk = request.chunk ?? chunkExtent(request, space, pace)
  const plan: Plan = {
    chunk,
    chunksPerMicrojob: 10,
    microjobsPerBlock: 100,
    capacity: request.capacity ?? DEFAULT_CAPACITY,
    deadlineMs: request.deadlineMs ?? DEFAULT_DEADLINE_MS,
    epsilon: request.epsilon ?? DEFAULT_EPSILON,
  }
  checkCut(manifest, { space, plan, parameters, input })
  return { space, plan }
}

/** Extent of the index space, [x, y, z] in items. Throws {@link PlanError} when an axis is empty or too long. */
export function indexSpace(manifest: KernelManifest, parameters: ParameterValues, input: PlanRequest['input']): Extent {
  if ((manifest.input.kind === 'none') !== (input === null)) {
    throw new PlanError(input === null ? `${manifest.name} needs an input: give it one` : `${manifest.name} takes no input: leave it out`)
  }
  let space: Extent
  if (manifest.space.from === 'parameters') {
    const axes = manifest.space.axes.map((name) => parameterNumber(manifest, parameters, name))
    if (axes.length < 1 || axes.length > 3) throw new PlanError(`${manifest.name} names ${axes.length} axes: one to three are possible`)
    space = [axes[0]!, axes[1] ?? 1, axes[2] ?? 1]
  } else {
    if (input === null) throw new PlanError(`${manifest.name} takes its index space from an input that it does not declare`)
    // A pair of n×k matrices lies in the stream one below the other; the result is n×n.
    const pair = manifest.input.kind === 'stream' && manifest.input.shape === 'matrix'
    if (pair && input.height % 2 !== 0) {
      throw new PlanError(`two matrices one below the other have an even number of lines: this input has ${input.height}`)
    }
    space = pair ? [input.height / 2, input.height / 2, 1] : [input.width, input.height, 1]
  }
  if (space.some((axis) => !Number.isInteger(axis) || axis < 1 || axis > MAX_AXIS)) {
    throw new PlanError(`an index space of ${space.join(' × ')} cannot be cut: each axis must be from 1 to ${MAX_AXIS}`)
  }
  return space
}

/** Chunks of the job. */
export function chunkCount(job: Cut): number {
  const [x, y, z] = chunkGrid(job)
  return x * y * z
}

/** Microjobs of the job. */
export function microjobCount(job: Cut): number {
  return Math.ceil(chunkCount(job) / job.plan.chunksPerMicrojob)
}

/**
 * The chunk with the given id, in constant time; ids run along x, then y, then z.
 * Throws {@link PlanError} for an id that the job does not have.
 */
export function chunkAt(job: CutJob, manifest: KernelManifest, id: number): Chunk {
  const count = chunkCount(job)
  if (!Number.isSafeInteger(id) || id < 0 || id >= count) {
    throw new PlanError(`chunk ${id} does not exist: the job has chunks 0 to ${count - 1}`)
  }
  const [gridX, gridY] = chunkGrid(job)
  const cell: Extent = [id % gridX, Math.floor(id / gridX) % gridY, Math.floor(id / (gridX * gridY))]
  const origin = cell.map((index, axis) => index * job.plan.chunk[axis]!) as Extent
  const size = origin.map((start, axis) => Math.min(job.plan.chunk[axis]!, job.space[axis]! - start)) as Extent
  const { input, clamp } = inputWindow(job, manifest, origin, size)
  return { id, origin, size, input, clamp, output: outputWindow(job, manifest, id, origin, size) }
}

/** The microjob with the given index in the job. Throws {@link PlanError} for one that it does not have. */
export function microjobAt(job: Job, index: number): MicrojobRef {
  const count = microjobCount(job)
  if (!Number.isSafeInteger(index) || index < 0 || index >= count) {
    throw new PlanError(`microjob ${index} does not exist: the job has microjobs 0 to ${count - 1}`)
  }
  const id = jobCid(job)
  const blockIndex = Math.floor(index / job.plan.microjobsPerBlock)
  const firstChunk = index * job.plan.chunksPerMicrojob
  return {
    job: id,
    block: blockCid(id, blockIndex),
    blockIndex,
    microjob: index % job.plan.microjobsPerBlock,
    firstChunk,
    chunkCount: Math.min(job.plan.chunksPerMicrojob, chunkCount(job) - firstChunk),
  }
}

/** Length of the job's output stream in bytes: every item for `concat`, one result per chunk otherwise. */
export function outputLength(job: Cut, manifest: KernelManifest): number {
  const results = manifest.reduce === 'concat' ? job.space[0] * job.space[1] * job.space[2] : chunkCount(job)
  return results * itemBytes(manifest)
}

/**
 * Checks what a stranger's job claims against its kernel's manifest, so that no chunk points outside a stream.
 * Throws {@link PlanError} or `ParameterError`.
 */
export function checkJob(job: Job, manifest: KernelManifest): void {
  completeParameters(manifest, job.parameters)
  const space = indexSpace(manifest, job.parameters, job.input)
  if (space.some((axis, index) => axis !== job.space[index])) {
    throw new PlanError(`the job claims an index space of ${job.space.join(' × ')}, but its parameters and input give ${space.join(' × ')}`)
  }
  checkCut(manifest, job)
  if (job.input !== null && manifest.input.kind === 'stream') {
    const expected = job.input.width * job.input.height * manifest.input.bytesPerItem
    if (!Number.isSafeInteger(expected) || expected !== job.input.length) {
      throw new PlanError(`${job.input.width} × ${job.input.height} items are ${expected} bytes, but the input claims ${job.input.length}`)
    }
    const { blockBytes, blocks, length } = job.input
    if (!Number.isSafeInteger(blockBytes) || blockBytes < 1 || blocks.length !== Math.ceil(length / blockBytes)) {
      throw new PlanError(`${length} bytes in blocks of ${blockBytes} do not make the ${blocks.length} blocks that the input lists`)
    }
  }
}

/** Items on each side that a kernel reads around its own. Throws {@link PlanError} when the manifest's halo is no count. */
export function haloOf(manifest: KernelManifest, parameters: ParameterValues): number {
  if (manifest.input.kind === 'none') return 0
  const { halo } = manifest.input
  const items = typeof halo === 'number' ? halo : parameterNumber(manifest, parameters, halo.parameter)
  if (!Number.isSafeInteger(items) || items < 0 || items > 1024) {
    throw new PlanError(`a halo of ${items} items is not possible: 0 to 1024 are`)
  }
  return items
}

function itemBytes(manifest: KernelManifest): number {
  return manifest.output.elementsPerItem * 4
}

function chunkGrid({ space, plan }: Cut): Extent {
  return space.map((axis, index) => Math.ceil(axis / plan.chunk[index]!)) as Extent
}

function checkCut(manifest: KernelManifest, job: CutJob): void {
  const { space, plan } = job
  for (const [index, extent] of plan.chunk.entries()) {
    if (!Number.isSafeInteger(extent) || extent < 1)
      throw new PlanError(`a chunk of ${plan.chunk.join(' × ')} items is not possible: axis ${index} must be at least 1`)
  }
  for (const [figure, least, most] of LIMITS) {
    if (!Number.isSafeInteger(plan[figure]) || plan[figure] < least || plan[figure] > most)
      throw new PlanError(`${figure} must be a whole number from ${least} to ${most}: it is ${plan[figure]}`)
  }
  if (!(plan.epsilon >= 0 && plan.epsilon <= 1)) throw new PlanError(`epsilon must be a probability from 0 to 1: it is ${plan.epsilon}`)
  const items = plan.chunk[0] * plan.chunk[1] * plan.chunk[2]
  const most = Math.min(manifest.maxChunkItems ?? MAX_CHUNK_ITEMS, MAX_CHUNK_ITEMS)
  if (items > most) throw new PlanError(`a chunk of ${items} items is too large for ${manifest.name}: ${most} are possible`)
  const count = chunkCount(job)
  if (count > MAX_CHUNKS) throw new PlanError(`${count} chunks are too many: ${MAX_CHUNKS} are possible, so cut larger ones`)
  const bytes = outputLength(job, manifest)
  if (!Number.isSafeInteger(bytes)) throw new PlanError(`an output of ${bytes} bytes cannot be addressed: make the job smaller`)
  const shape = manifest.input.kind === 'stream' ? manifest.input.shape : null
  if (shape === 'matrix' && (plan.chunk[0] !== plan.chunk[1] || space[0] % plan.chunk[0] !== 0)) {
    throw new PlanError(
      `a matrix of ${space[0]} lines must be cut into equal squares: ${plan.chunk[0]} × ${plan.chunk[1]} does not divide it`,
    )
  }
  checkChunkBytes(manifest, job)
}

/** No chunk is larger than the first one, whose halo counts in full wherever it lies. */
function checkChunkBytes(manifest: KernelManifest, job: CutJob): void {
  const first = chunkAt(job, manifest, 0)
  const output = windowLength(first.output)
  if (output > MAX_CHUNK_OUTPUT_BYTES)
    throw new PlanError(`a chunk gives ${output} bytes of output, and ${MAX_CHUNK_OUTPUT_BYTES} are possible: cut smaller chunks`)
  if (manifest.input.kind === 'none' || first.input === null) return
  const { bytesPerItem } = manifest.input
  const { width, height } = tileShape(first, bytesPerItem)
  const input = width * height * first.input.blockCount * bytesPerItem
  if (input > MAX_CHUNK_INPUT_BYTES)
    throw new PlanError(`a chunk takes ${input} bytes of input, and ${MAX_CHUNK_INPUT_BYTES} are possible: cut smaller chunks`)
}

function chunkExtent({ manifest, parameters, input }: PlanRequest, space: Extent, pace: number): Extent {
  const total = space[0] * space[1] * space[2]
  const shared = Math.max(total / WANTED_CHUNKS, pace * LEAST_CHUNK_SECONDS)
  let items = Math.min(pace * CHUNK_SECONDS, shared)
  if (manifest.reduce === 'concat') items = Math.min(items, CHUNK_OUTPUT_BYTES / itemBytes(manifest))
  if (manifest.input.kind === 'stream') items = Math.min(items, CHUNK_INPUT_BYTES / manifest.input.bytesPerItem)
  items = Math.max(1, Math.floor(Math.min(Math.max(items, total / MAX_CHUNKS), manifest.maxChunkItems ?? Number.POSITIVE_INFINITY)))
  if (manifest.input.kind === 'stream' && manifest.input.shape === 'matrix') {
    // Two strips of lines go into a tile, whole lines at a time.
    const lines = CHUNK_INPUT_BYTES / (2 * (input?.width ?? 1) * manifest.input.bytesPerItem)
    const side = largestDivisor(space[0], Math.max(1, Math.floor(Math.min(Math.sqrt(items), lines))))
    return [side, side, 1]
  }
  if (space[1] === 1 && space[2] === 1) return [Math.min(space[0], items), 1, 1]
  return tileExtent(space, items, haloOf(manifest, parameters))
}

/** Nearly square tiles: they have the least halo for their area. Sides are multiples of 16 where there is room. */
function tileExtent(space: Extent, items: number, halo: number): Extent {
  const least = Math.max(1, halo)
  const side = Math.max(least, Math.floor(Math.sqrt(items)))
  const round = (extent: number) => (extent >= 32 ? extent - (extent % 16) : extent)
  const width = Math.min(space[0], round(side))
  const height = Math.min(space[1], Math.max(1, round(Math.floor(items / width))))
  const depth = Math.min(space[2], Math.max(1, Math.floor(items / (width * height))))
  return [width, height, depth]
}

function largestDivisor(value: number, atMost: number): number {
  for (let candidate = Math.min(value, atMost); candidate > 1; candidate--) if (value % candidate === 0) return candidate
  return 1
}

const NO_CLAMP: Halo = { left: 0, right: 0, top: 0, bottom: 0 }

function inputWindow(job: CutJob, manifest: KernelManifest, origin: Extent, size: Extent): { input: Window | null; clamp: Halo } {
  if (manifest.input.kind === 'none' || job.input === null) return { input: null, clamp: NO_CLAMP }
  const { bytesPerItem, shape } = manifest.input
  const line = job.input.width * bytesPerItem
  if (shape === 'matrix') {
    // Lines y.. of the first matrix, then lines x.. of the second, which starts height/2 lines further down.
    const input = {
      offset: origin[1] * line,
      lineWidth: line,
      lineStride: line,
      lineCount: size[1],
      blockStride: (job.input.height / 2 + origin[0] - origin[1]) * line,
      blockCount: 2,
    }
    return { input, clamp: NO_CLAMP }
  }
  const halo = haloOf(manifest, job.parameters)
  const left = Math.max(0, origin[0] - halo)
  const right = Math.min(job.input.width, origin[0] + size[0] + halo)
  const top = Math.max(0, origin[1] - halo)
  const bottom = Math.min(job.input.height, origin[1] + size[1] + halo)
  const lineCount = bottom - top
  const input = {
    offset: top * line + left * bytesPerItem,
    lineWidth: (right - left) * bytesPerItem,
    lineStride: line,
    lineCount,
    blockStride: line * lineCount,
    blockCount: 1,
  }
  const clamp = {
    left: left - (origin[0] - halo),
    right: origin[0] + size[0] + halo - right,
    top: top - (origin[1] - halo),
    bottom: origin[1] + size[1] + halo - bottom,
  }
  return { input, clamp }
}

function outputWindow(job: Cut, manifest: KernelManifest, id: number, origin: Extent, size: Extent): Window {
  const bytes = itemBytes(manifest)
  if (manifest.reduce !== 'concat') {
    return { offset: id * bytes, lineWidth: bytes, lineStride: bytes, lineCount: 1, blockStride: bytes, blockCount: 1 }
  }
  const [width, height] = job.space
  return {
    offset: ((origin[2] * height + origin[1]) * width + origin[0]) * bytes,
    lineWidth: size[0] * bytes,
    lineStride: width * bytes,
    lineCount: size[1],
    blockStride: width * height * bytes,
    blockCount: size[2],
  }
}
