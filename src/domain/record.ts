import type { Certificate, Conviction } from './certificate.ts'
import { hex } from './bytes.ts'
import { cidOfValue } from './ids.ts'
import type { BlockId, Cid, JobId, PeerId } from './ids.ts'

/** A job, as its requester announces it. Manifest, kernel and input are blocks of their own. */
export interface JobRecord {
  kind: 'job'
  job: JobId
  kernel: Cid
  requester: PeerId
  title: string
  /** Figures a list needs without fetching the manifest. */
  chunks: number
  microjobs: number
  createdAt: number
}

/** A requester takes its own job back: a tombstone. */
export interface TombstoneRecord {
  kind: 'tombstone'
  job: JobId
  requester: PeerId
  createdAt: number
}

/** A host says that it works on a microjob, until the claim lapses. */
export interface ClaimRecord {
  kind: 'claim'
  job: JobId
  block: BlockId
  microjob: number
  peer: PeerId
  term: number
  createdAt: number
  /** ms since the epoch at which the claim lapses unless it is renewed. */
  lapsesAt: number
}

/** Chunks of a microjob that are computed but not yet verified, so that they are not computed again. */
export interface PartialRecord {
  kind: 'partial'
  job: JobId
  block: BlockId
  microjob: number
  peer: PeerId
  createdAt: number
  results: { chunk: number; peer: PeerId; output: Cid; fuel: number }[]
}

/** A microjob that is complete: its certificate, which names every output. */
export interface ResultRecord {
  kind: 'result'
  job: JobId
  block: BlockId
  microjob: number
  /** The host that submits it. */
  peer: PeerId
  createdAt: number
  certificate: Certificate
}

/** Refused and failed work, without payloads. */
export interface RefusalRecord {
  kind: 'refusal'
  job: JobId
  block: BlockId
  microjob: number
  /** Who reports it. */
  peer: PeerId
  culprit: PeerId
  reason: string
  createdAt: number
}

/** A peer is proven wrong: the proof stands for itself, whoever hands it in. */
export interface ConvictionRecord {
  kind: 'conviction'
  job: JobId
  block: BlockId
  microjob: number
  /** Who hands it in. */
  peer: PeerId
  culprit: PeerId
  createdAt: number
  proof: Conviction
}

/** How a single work request of its writer's ended. Nobody checked the output, so it earns no credit. */
export interface RequestRecord {
  kind: 'request'
  /** 32 hexadecimal digits. */
  id: string
  /** Manifest of the job of one chunk. */
  job: JobId
  /** The requester. */
  peer: PeerId
  /** Who computed it; null when nobody did. */
  worker: PeerId | null
  output: Cid | null
  /** Why nobody did; empty otherwise. */
  reason: string
  createdAt: number
}

export type DatabaseRecord = JobRecord | TombstoneRecord | ClaimRecord | PartialRecord | ResultRecord
export type LedgerRecord = ResultRecord | RefusalRecord | ConvictionRecord | RequestRecord

/** A record with the signature of its owner over the canonical bytes of the record. */
export interface Signed<R> {
  record: R
  signature: Uint8Array
}

/** Whose key must have signed the record. */
export function ownerOf(record: DatabaseRecord | LedgerRecord): PeerId {
  return record.kind === 'job' || record.kind === 'tombstone' ? record.requester : record.peer
}

/** The key of a record in the database: one per owner, so that no two peers ever write the same one but to convict a third. */
export function keyOf(record: DatabaseRecord | LedgerRecord): string {
  switch (record.kind) {
    case 'job':
    case 'tombstone':
      return `${record.kind}/${record.job}/${record.requester}`
    case 'request':
      return `${record.kind}/${record.id}/${record.peer}`
    case 'conviction':
      // One is enough, whoever hands it in.
      return `${record.kind}/${record.culprit}`
    case 'result':
      // A host certifies a microjob again where the former result was voided.
      return `${record.kind}/${record.block}/${record.microjob}/${record.peer}/${hex(record.certificate.body.resultRoot).slice(0, 16)}`
    case 'refusal':
      return `${record.kind}/${record.block}/${record.microjob}/${record.peer}/${record.culprit}`
    default:
      return `${record.kind}/${record.block}/${record.microjob}/${record.peer}`
  }
}

const LATEST_COUNTS = new Set<(DatabaseRecord | LedgerRecord)['kind']>(['claim', 'partial', 'tombstone', 'refusal'])

/**
 * Whether `next` takes the place of `current`, which has the same key: every replica decides alike, in whatever order
 * the two arrive. A job, a result, a conviction and a request's end are never edited: the earliest stays. Of the others
 * the latest counts: of those it is the oldest that go where there are too many.
 */
export function supersedes<R extends DatabaseRecord | LedgerRecord>(next: R, current: R): boolean {
  const keepsFirst = !LATEST_COUNTS.has(next.kind)
  if (next.createdAt !== current.createdAt) return keepsFirst === next.createdAt < current.createdAt
  if (next.kind === 'claim' && current.kind === 'claim') {
    if (next.term !== current.term) return next.term > current.term
    if (next.lapsesAt !== current.lapsesAt) return next.lapsesAt > current.lapsesAt
  }
  return cidOfValue(next) < cidOfValue(current)
}
