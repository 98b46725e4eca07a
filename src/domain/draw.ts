import { concat, equalBytes, textBytes } from './bytes.ts'
import { encodeCanonical, hashBytes } from './ids.ts'
import type { PeerId } from './ids.ts'
import { merkleRoot } from './merkle.ts'

/** One processor's chunk, as the draw sees it. */
export interface DrawnChunk {
  chunk: number
  peer: PeerId
  /** sha2-256 of the output, 32 bytes. */
  hash: Uint8Array
}

/** Bytes in a secret; a shorter one could be guessed from its commitment. */
export const SECRET_BYTES = 32

/**
 * What a member publishes before it computes: it fixes the secret without showing it.
 * @returns 32 bytes
 */
export function commitment(secret: Uint8Array, peer: PeerId, room: string): Uint8Array {
  return hashBytes(concat(textBytes('roomful/commit/1\n'), secret, encodeCanonical([peer, room])))
}

export function opensCommitment(secret: Uint8Array, committed: Uint8Array, peer: PeerId, room: string): boolean {
  return secret.length === SECRET_BYTES && equalBytes(commitment(secret, peer, room), committed)
}

/** Merkle root of every chunk's hash with who computed it, in chunk order: 32 bytes. */
export function resultRoot(chunks: readonly DrawnChunk[]): Uint8Array {
  const sorted = [...chunks].sort((a, b) => a.chunk - b.chunk)
  return merkleRoot(sorted.map(({ chunk, peer, hash }) => encodeCanonical([chunk, peer, hash])))
}

/**
 * The randomness nobody chose: it depends on every secret and on the finished results.
 * @param secrets in join order
 * @returns 32 bytes
 */
export function beacon(room: string, root: Uint8Array, attempt: number, secrets: readonly Uint8Array[]): Uint8Array {
  return hashBytes(encodeCanonical(['roomful/beacon/1', room, root, attempt, ...secrets]))
}

/** A number below `bound` from the beacon and a label; the bias is under 2^-21 for bounds below 2^32. */
export function drawBelow(bound: number, beaconBytes: Uint8Array, label: string): number {
  if (!Number.isSafeInteger(bound) || bound < 1) throw new RangeError(`cannot draw below ${bound}: need at least 1`)
  const digest = hashBytes(concat(beaconBytes, textBytes(label)))
  let value = 0
  for (let i = 0; i < 6; i++) value = value * 256 + digest[i]!
  return value % bound
}

/** The members in an order that only the beacon decides: the first is the verifier, the others arbitrate in turn. */
export function drawOrder(beaconBytes: Uint8Array, members: readonly PeerId[]): PeerId[] {
  const left = [...members]
  const order: PeerId[] = []
  while (left.length > 0) {
    const [drawn] = left.splice(drawBelow(left.length, beaconBytes, `member ${order.length}`), 1)
    order.push(drawn!)
  }
  return order
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/**
 * Every index below `count` once: start, start+step, … modulo count.
 * Throws when the step shares a divisor with the count, because the walk would miss some.
 */
export function indexWalk(start: number, step: number, count: number): number[] {
  if (greatestCommonDivisor(step, count) !== 1) {
    throw new RangeError(`step ${step} is not coprime with ${count}: the walk would not reach every index`)
  }
  return Array.from({ length: count }, (_, i) => (start + i * step) % count)
}

/** The chunks that the beacon picks for checking from the chunks of each of these processors, in chunk order. */
function sampleOf(
  beaconBytes: Uint8Array,
  chunks: readonly DrawnChunk[],
  perCheck: number,
  isChecked: (peer: PeerId) => boolean,
): number[] {
  const sample: number[] = []
  for (const [peer, own] of Map.groupBy(chunks, ({ peer }) => peer)) {
    if (!isChecked(peer)) continue
    const ids = own.map(({ chunk }) => chunk).sort((a, b) => a - b)
    const steps = ids.map((_, i) => i + 1).filter((step) => greatestCommonDivisor(step, ids.length) === 1)
    const start = drawBelow(ids.length, beaconBytes, `start ${peer}`)
    const step = steps[drawBelow(steps.length, beaconBytes, `step ${peer}`)]!
    const walk = indexWalk(start, step, ids.length)
    sample.push(...walk.slice(0, Math.ceil(ids.length / perCheck)).map((i) => ids[i]!))
  }
  return sample.sort((a, b) => a - b)
}

/** The chunks of each processor other than the verifier that the beacon picks for checking, in chunk order. */
export function drawSample(beaconBytes: Uint8Array, verifier: PeerId, chunks: readonly DrawnChunk[], perCheck: number): number[] {
  return sampleOf(beaconBytes, chunks, perCheck, (peer) => peer !== verifier)
}

/** The verifier's own chunks that the beacon picks for checking by the second, in chunk order; empty when it computed none. */
export function drawSecondSample(beaconBytes: Uint8Array, verifier: PeerId, chunks: readonly DrawnChunk[], perCheck: number): number[] {
  return sampleOf(beaconBytes, chunks, perCheck, (peer) => peer === verifier)
}

/** Members for whom there is something to check that they did not compute themselves. */
export function ableToCheck(members: readonly PeerId[], chunks: readonly DrawnChunk[]): PeerId[] {
  return members.filter((member) => chunks.some(({ peer }) => peer !== member))
}

/** Whether a draw among these members leaves no processor unchecked, whoever is drawn. */
export function canBeDrawn(members: readonly PeerId[], chunks: readonly DrawnChunk[]): boolean {
  const able = ableToCheck(members, chunks)
  return able.length > 1 || (able.length === 1 && !chunks.some(({ peer }) => peer === able[0]))
}

/** What the beacon decides. */
export interface DrawnCheck {
  /** Verifier first, the second next, then the arbiters in turn. */
  order: PeerId[]
  verifier: PeerId
  second: PeerId | null
  sample: number[]
  /** Checked by the second. */
  secondSample: number[]
}

/**
 * Verifier, second and samples: every processor's chunks are sampled by somebody else.
 * @param perCheck one chunk in so many of each processor's is checked, and always at least one
 * @throws RangeError where {@link canBeDrawn} is false
 */
export function drawCheck(
  beaconBytes: Uint8Array,
  members: readonly PeerId[],
  chunks: readonly DrawnChunk[],
  perCheck: number,
): DrawnCheck {
  if (!canBeDrawn(members, chunks))
    throw new RangeError(`these ${members.length} members cannot check each other's ${chunks.length} chunks`)
  const order = drawOrder(beaconBytes, ableToCheck(members, chunks))
  const verifier = order[0]!
  const secondSample = drawSecondSample(beaconBytes, verifier, chunks, perCheck)
  return {
    order,
    verifier,
    second: secondSample.length > 0 ? order[1]! : null,
    sample: drawSample(beaconBytes, verifier, chunks, perCheck),
    secondSample,
  }
}
