import { cidOfValue } from './ids.ts'
import type { BlockId, Cid, JobId, PeerId } from './ids.ts'
import type { ParameterValues } from './kernel.ts'

/** Where a job's input stream is: raw blocks of `blockBytes` each (the last one shorter), in stream order. */
export interface JobInput {
  blocks: Cid[]
  blockBytes: number
  /** Length of the stream in bytes. */
  length: number
  /** [x, y] in items: width, height. */
  width: number
  height: number
  /** What the person dropped: a file name, for people only. */
  name: string
}

/** How a job is cut and how its rooms run. */
export interface Plan {
  /** Extent of a chunk, [x, y, z] in items. */
  chunk: [number, number, number]
  chunksPerMicrojob: number
  microjobsPerBlock: number
  /** Members a room admits: processors and one verifier. */
  capacity: number
  /** Longest a grant may take before it is granted again, ms; the member's own measured pace shortens it. */
  deadlineMs: number
  /** Accepted probability that a chunk is wrong. */
  epsilon: number
}

/** What a requester submits. Immutable and content-addressed; its record in the database is signed. */
export interface Job {
  version: 1
  title: string
  kernel: Cid
  parameters: ParameterValues
  input: JobInput | null
  /** Extent of the index space, [x, y, z] in items. */
  space: [number, number, number]
  plan: Plan
  requester: PeerId
  /** ms since the epoch, for people only. */
  createdAt: number
  /** Makes two submissions of the same work two jobs. */
  nonce: string
}

const cids = new WeakMap<Job, JobId>()

/** Content address of a job. A job is never changed, so it is hashed once. */
export function jobCid(job: Job): JobId {
  let cid = cids.get(job)
  if (cid === undefined) cids.set(job, (cid = cidOfValue(job)))
  return cid
}

/** Content address of a job's block. */
export function blockCid(job: JobId, index: number): BlockId {
  return cidOfValue({ job, index })
}

/** One microjob by name. */
export interface MicrojobRef {
  job: JobId
  /** Content address of the block, from {@link blockCid}. */
  block: BlockId
  blockIndex: number
  /** Number of the microjob in its block. */
  microjob: number
  /** First chunk id and how many. */
  firstChunk: number
  chunkCount: number
}

/** Topic of a room. */
export function roomTopic(ref: { block: BlockId; microjob: number }): string {
  return `${lobbyTopic(ref.block)}_${ref.microjob}`
}

/** Topic of a block's lobby. */
export function lobbyTopic(block: BlockId): string {
  return `jobprocessing_${block}`
}
