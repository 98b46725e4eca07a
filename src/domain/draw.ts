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

/** How often somebody else recomputed a peer's chunk and found it right. */
export interface Standing {
  peer: PeerId
  passed: number
}

/** How much is checked, as host and certificate state it. */
export interface CheckPolicy {
  /** Of the chunks of credible processors one in so many is checked. */
  chunksPerCheck: number
  /** A processor is credible once so many of its chunks were checked and found right. */
  credibleAfter: number
  /** What is known of the processors; who is not listed has passed no check. */
  standings: readonly Standing[]
  /** Chunks with two answers, which are checked whatever is drawn. */
  disputed: readonly number[]
  /** Members that signed for their results; of whoever did not, all is checked. */
  answerable: readonly PeerId[]
}

/** An index walk through these chunks whose start and step the beacon decides. */
function drawWalk(beaconBytes: Uint8Array, chunks: readonly number[], label: string): number[] {
  const ids = [...chunks].sort((a, b) => a - b)
  if (ids.length === 0) return []
  const steps = ids.map((_, i) => i + 1).filter((step) => greatestCommonDivisor(step, ids.length) === 1)
  const start = drawBelow(ids.length, beaconBytes, `start ${label}`)
  const step = steps[drawBelow(steps.length, beaconBytes, `step ${label}`)]!
  return indexWalk(start, step, ids.length).map((i) => ids[i]!)
}

/**
 * The chunks that the beacon picks for checking, in chunk order: of each processor that is not credible yet as many as
 * it lacks, and all of one that does not answer for them; of all others together one in so many, where the beacon also
 * decides about the rest of the division; and at least one in all.
 */
export function drawSample(beaconBytes: Uint8Array, chunks: readonly DrawnChunk[], policy: CheckPolicy): number[] {
  const sample: number[] = []
  const pool: number[] = []
  for (const [peer, own] of Map.groupBy(chunks, (entry) => entry.peer)) {
    const walk = drawWalk(
      beaconBytes,
      own.map(({ chunk }) => chunk),
      peer,
    )
    const lacks = policy.answerable.includes(peer) ? passesLacking(policy, peer) : own.length
    sample.push(...walk.slice(0, lacks))
    pool.push(...walk.slice(lacks))
  }
  const { chunksPerCheck } = policy
  const rest = drawBelow(chunksPerCheck, beaconBytes, 'rest') < pool.length % chunksPerCheck ? 1 : 0
  const least = sample.length === 0 ? 1 : 0
  sample.push(...drawWalk(beaconBytes, pool, '').slice(0, Math.max(least, Math.floor(pool.length / chunksPerCheck) + rest)))
  const disputed = policy.disputed.filter((id) => chunks.some(({ chunk }) => chunk === id))
  return [...new Set([...sample, ...disputed])].sort((a, b) => a - b)
}

/** Checks that a processor has still to pass before it is credible. */
export function passesLacking({ credibleAfter, standings }: Pick<CheckPolicy, 'credibleAfter' | 'standings'>, peer: PeerId): number {
  return Math.max(0, credibleAfter - (standings.find((entry) => entry.peer === peer)?.passed ?? 0))
}

/** Members for whom there is something to check that they did not compute themselves. */
export function ableToCheck(members: readonly PeerId[], chunks: readonly DrawnChunk[]): PeerId[] {
  return members.filter((member) => chunks.some(({ peer }) => peer !== member))
}

/** Whether somebody else among these members can check each processor's chunks, whoever is drawn. */
export function canBeDrawn(members: readonly PeerId[], chunks: readonly DrawnChunk[]): boolean {
  const able = ableToCheck(members, chunks)
  return able.length > 1 || (able.length === 1 && !chunks.some(({ peer }) => peer === able[0]))
}

/** What the beacon decides. */
export interface DrawnCheck {
  /** Verifier first, the second next, then the arbiters in turn. */
  order: PeerId[]
  verifier: PeerId
  /** Null where none of the verifier's chunks was drawn. */
  second: PeerId | null
  /** Checked by the verifier, in chunk order. */
  sample: number[]
  /** Checked by the second, in chunk order. */
  secondSample: number[]
}

/**
 * Verifier, second and samples: what is checked of anybody is checked by somebody else.
 * @throws RangeError where {@link canBeDrawn} is false
 */
export function drawCheck(
  beaconBytes: Uint8Array,
  members: readonly PeerId[],
  chunks: readonly DrawnChunk[],
  policy: CheckPolicy,
): DrawnCheck {
  if (!canBeDrawn(members, chunks))
    throw new RangeError(`these ${members.length} members cannot check each other's ${chunks.length} chunks`)
  const owners = new Map(chunks.map(({ chunk, peer }) => [chunk, peer]))
  const drawn = drawSample(beaconBytes, chunks, policy)
  const order = drawOrder(beaconBytes, ableToCheck(members, chunks))
  // Whoever computed all that was drawn has nothing to verify.
  if (order.length > 1 && drawn.every((chunk) => owners.get(chunk) === order[0])) order.push(order.shift()!)
  const verifier = order[0]!
  const secondSample = drawn.filter((chunk) => owners.get(chunk) === verifier)
  return {
    order,
    verifier,
    second: secondSample.length > 0 ? order[1]! : null,
    sample: drawn.filter((chunk) => owners.get(chunk) !== verifier),
    secondSample,
  }
}
