import type { Standing } from './draw.ts'
import { encodeCanonical, hashBytes } from './ids.ts'
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

/** What one member brought to the draw. */
export interface RevealedEntropy {
  peer: PeerId
  commitment: Uint8Array
  secret: Uint8Array
  /**
   * Its signature over {@link statementBytes}: the results listed in its name are its own. Null where it computed nothing
   * here, or does not know all that is listed; then all of it is checked.
   */
  statement: Uint8Array | null
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
  entropy: RevealedEntropy[]
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

/** What a draw is made from, before anybody reveals a secret. */
export type StatedDraw = Pick<
  CertificateBody,
  | 'job'
  | 'kernel'
  | 'block'
  | 'blockIndex'
  | 'microjob'
  | 'term'
  | 'host'
  | 'epoch'
  | 'attempt'
  | 'chunksPerCheck'
  | 'credibleAfter'
  | 'standings'
  | 'disputed'
  | 'resultRoot'
> & { entropy: readonly { peer: PeerId; commitment: Uint8Array }[] }

/**
 * Names one draw: its results, its rules, and the commitments that decide who checks. Nobody can put other checkers to
 * results for which a member has signed.
 * @returns 32 bytes
 */
export function statementHash(draw: StatedDraw): Uint8Array {
  const { job, kernel, block, blockIndex, microjob, term, host, epoch, attempt, chunksPerCheck, credibleAfter, standings, disputed } = draw
  const entropy = draw.entropy.map(({ peer, commitment }) => [peer, commitment])
  const work = [job, kernel, block, blockIndex, microjob, term, host, epoch, attempt]
  return hashBytes(encodeCanonical([...work, chunksPerCheck, credibleAfter, standings, disputed, draw.resultRoot, entropy]))
}

/** What a processor signs with its reveal: in this draw, the results listed in its name are its own. */
export function statementBytes(statement: Uint8Array): Uint8Array {
  return encodeCanonical(['roomful/statement/1', statement])
}

/** What an arbiter signs: in this draw, the output of this chunk has this hash. */
export function replyBytes(statement: Uint8Array, chunk: number, hash: Uint8Array): Uint8Array {
  return encodeCanonical(['roomful/reply/1', statement, chunk, hash])
}

/** Members that answer for the results listed in their names. */
export function answerable(entropy: readonly RevealedEntropy[]): PeerId[] {
  return entropy.flatMap(({ peer, statement }) => (statement === null ? [] : [peer]))
}

/** What an arbiter found, signed over {@link replyBytes}. */
export interface SignedReply {
  peer: PeerId
  chunk: number
  output: Cid
  signature: Uint8Array
}

/**
 * Proof that somebody gave a wrong answer: the refused draw with what each of those concerned has signed. Whom it proves
 * wrong follows from it; anybody can check it again, offline.
 */
export interface Conviction {
  /** With the checks of both checkers, and refused. */
  body: CertificateBody
  verifierSignature: Uint8Array
  secondSignature: Uint8Array | null
  /** In the order in which the arbiters were drawn. */
  replies: SignedReply[]
}
