import type { Standing } from './draw.ts'
import type { BlockId, Cid, JobId, PeerId } from './ids.ts'

/** One computed chunk in a certificate. */
export interface CertifiedChunk {
  chunk: number
  peer: PeerId
  /** Content address of the output bytes. */
  output: Cid
  fuel: number
  engine: 'webgpu' | 'cpu'
}

/** What the verifier found for one chunk it recomputed. */
export interface CheckedChunk {
  chunk: number
  peer: PeerId
  expected: Cid
  agrees: boolean
}

/** Everything that is signed. See {@link Certificate}. */
export interface CertificateBody {
  version: 1
  job: JobId
  kernel: Cid
  block: BlockId
  blockIndex: number
  microjob: number
  term: number
  host: PeerId
  /** Epoch of the commitments and attempt of the draw: both are part of the beacon. */
  epoch: number
  attempt: number
  /** Of credible processors one chunk in so many was drawn for checking. */
  chunksPerCheck: number
  /** Processors with so many passed checks are credible; of the others all that they lack was drawn. */
  credibleAfter: number
  /** Checks passed before, of the processors of whom any are known, by peer id; at most `credibleAfter` each. */
  standings: Standing[]
  /** Chunks with two answers, in chunk order: they were checked whatever was drawn. */
  disputed: number[]
  chunks: CertifiedChunk[]
  /** Merkle root of all chunk hashes with who computed each: 32 bytes. */
  resultRoot: Uint8Array
  /** Commitments and reveals in join order; the beacon follows from the reveals. */
  entropy: { peer: PeerId; commitment: Uint8Array; secret: Uint8Array }[]
  /** Drawn first: it recomputed the sample of everybody else's chunks. */
  verifier: PeerId
  /** Drawn next: it recomputed the sample of the verifier's own chunks; null when none was drawn. */
  second: PeerId | null
  /** In chunk order. */
  checked: CheckedChunk[]
  verdict: 'verified' | 'refused'
}

/** Proof of one completed microjob: anybody can check it again, offline. */
export interface Certificate {
  body: CertificateBody
  hostSignature: Uint8Array
  /** Over {@link reportBody} of the verifier. */
  verifierSignature: Uint8Array
  /** Over {@link reportBody} of the second; null when there is none. */
  secondSignature: Uint8Array | null
}

/** What one checker signs: the body with its own checks alone. The second checks the verifier's chunks, the verifier all others. */
export function reportBody(body: CertificateBody, checker: PeerId): CertificateBody {
  const checked = body.checked.filter(({ peer }) => (peer === body.verifier) === (checker !== body.verifier))
  return { ...body, checked, verdict: verdictOf(checked) }
}

export function verdictOf(checked: readonly CheckedChunk[]): CertificateBody['verdict'] {
  return checked.every(({ agrees }) => agrees) ? 'verified' : 'refused'
}
