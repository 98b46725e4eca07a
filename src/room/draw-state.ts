import type { CheckedChunk } from '../domain/certificate.ts'
import type { Standing } from '../domain/draw.ts'
import type { PeerId } from '../domain/ids.ts'

/** What a verifier found, signed. */
export interface Report {
  /** Canonical CBOR of the certificate's body with this verifier's checks alone. */
  body: Uint8Array
  signature: Uint8Array
  checked: CheckedChunk[]
}

/** A secret that was shown. `statement` and `signature` are empty where the member does not answer for its results. */
export interface Reveal {
  peer: PeerId
  secret: Uint8Array
  /** Of the draw in which the signature counts, 32 bytes. */
  statement: Uint8Array
  signature: Uint8Array
}

/** One draw of verifier and sample; repeated with a higher attempt when a member withholds, leaves or lies. */
export interface Draw {
  attempt: number
  /** When this node learnt of it, ms since the epoch. */
  since: number
  root: Uint8Array
  /** Names this draw in all that is signed about it, 32 bytes. */
  statement: Uint8Array
  /** This node has asked for its signature under it. */
  signing: boolean
  /** Committed members, in join order. */
  entropy: { peer: PeerId; commitment: Uint8Array }[]
  /** Until when the host waits for the present step. */
  deadline: number
  /** Verifier first, then the arbiters in turn; null until every secret is revealed. */
  order: PeerId[] | null
  /** Checks the verifier's own chunks; null before the draw and where the verifier has none. */
  second: PeerId | null
  sample: number[]
  secondSample: number[]
  /** Chunks with two answers, which are checked whatever the sample. */
  disputed: number[]
  /** Checks that the processors have passed, as the host states it. */
  standings: Standing[]
  /** Peers whom the opinions in this draw prove wrong. */
  culprits: PeerId[]
  report: Report | null
  secondReport: Report | null
  /** Answers of arbiters on disputed chunks, signed. */
  replies: { peer: PeerId; chunk: number; hash: Uint8Array; signature: Uint8Array }[]
  /** This node has begun its own part as verifier or second. */
  started: boolean
  /** Chunks that this node recomputes as arbiter. */
  arbitrating: number[]
  /** How many of its chunks each checker, this node too, has recomputed so far; begins anew with a dispute. */
  progress: { peer: PeerId; chunks: number }[]
}
