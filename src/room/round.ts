import { commitment } from '../domain/draw.ts'
import type { DrawnChunk } from '../domain/draw.ts'
import { encodeCanonical, hashBytes } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import type { MicrojobRef } from '../domain/job.ts'
import type { BodyOf } from './message.ts'
import type { ChunkResult, ChunkSlot, Grant, Room, RoomState, Round, WorkItem } from './state.ts'

export type RoundInfo = BodyOf<'welcome'>['rounds'][number]
export type ResultInfo = RoundInfo['results'][number]

/** A round at its beginning, with a fresh secret of this node's. */
export function makeRound(s: RoomState, ref: MicrojobRef, results: WorkItem['results'] = []): Round {
  const slots: ChunkSlot[] = []
  for (let i = 0; i < ref.chunkCount; i++) {
    const chunk = ref.firstChunk + i
    const known = results.find((entry) => entry.chunk === chunk)
    slots.push({
      chunk,
      grants: [],
      attempts: 0,
      result: known?.result ?? null,
      // The database says that it was computed, not that anybody still has it.
      held: false,
      sought: false,
      resultAt: s.now,
      rivals: [],
      disputed: false,
    })
  }
  return {
    ref,
    slots,
    epoch: 0,
    commitments: [],
    reveals: [],
    secret: freshSecret(s),
    stage: 'working',
    draw: null,
    drawAttempts: 0,
    undecidedWith: '',
    undecidedSince: 0,
    waitUntil: 0,
    unlistedSince: 0,
    unlistedBeats: 0,
    recorded: results.length,
    recordedAt: s.now,
  }
}

/** A secret never used before: derived from the seed and a counter. */
export function freshSecret(s: RoomState): Uint8Array {
  s.secrets++
  return hashBytes(encodeCanonical(['roomful/secret/1', s.seed, s.secrets]))
}

/** The name under which commitments and beacon of a round are made. */
export function drawName(round: Round): string {
  return `${roomTopic(round.ref)}/${round.epoch}`
}

export function ownCommitment(s: RoomState, round: Round): Uint8Array {
  const known = round.commitments.find(({ peer }) => peer === s.self)
  return known?.commitment ?? commitment(round.secret, s.self, drawName(round))
}

/** Until the results are fixed the newest one counts, because nothing is known yet that could help to choose it; from then on none does. */
export function setCommitment(round: Round, peer: PeerId, bytes: Uint8Array): void {
  if (round.draw !== null) return
  const known = round.commitments.find((entry) => entry.peer === peer)
  if (known === undefined) round.commitments.push({ peer, commitment: bytes })
  else known.commitment = bytes
}

export function slotOf(round: Round, chunk: number): ChunkSlot | undefined {
  return round.slots[chunk - round.ref.firstChunk]
}

export function isOpen(slot: ChunkSlot): boolean {
  return slot.result === null && slot.grants.length === 0
}

/** Chunks that nobody has begun. */
export function openSlots(room: Room): number {
  let open = 0
  for (const round of room.rounds) {
    if (round.stage !== 'working') continue
    for (const slot of round.slots) if (isOpen(slot)) open++
  }
  return open
}

export function isComputed(round: Round): boolean {
  return round.slots.every(({ result }) => result !== null)
}

/** The results as a draw sees them. */
export function drawnChunks(round: Round): DrawnChunk[] {
  return round.slots.flatMap(({ chunk, result }) => (result === null ? [] : [{ chunk, peer: result.peer, hash: result.hash }]))
}

export function resultInfo(slot: ChunkSlot, result: ChunkResult): ResultInfo {
  return { chunk: slot.chunk, peer: result.peer, hash: result.hash, fuel: result.fuel, engine: result.engine, bytes: result.bytes }
}

export function resultFrom(info: ResultInfo): ChunkResult {
  return { peer: info.peer, hash: info.hash, fuel: info.fuel, engine: info.engine, bytes: info.bytes }
}

export function resultsOf(round: Round): ResultInfo[] {
  return round.slots.flatMap((slot) => (slot.result === null ? [] : [resultInfo(slot, slot.result)]))
}

/** What another member needs to know of a round. */
export function roundInfo(round: Round, now: number): RoundInfo {
  return {
    block: round.ref.block,
    microjob: round.ref.microjob,
    blockIndex: round.ref.blockIndex,
    firstChunk: round.ref.firstChunk,
    chunkCount: round.ref.chunkCount,
    epoch: round.epoch,
    commitments: round.commitments.map((entry) => ({ ...entry })),
    results: resultsOf(round),
    grants: round.slots.flatMap((slot) =>
      slot.grants.map(({ peer, attempt, deadline }) => ({ chunk: slot.chunk, peer, attempt, remainingMs: Math.max(0, deadline - now) })),
    ),
  }
}

export function refFrom(job: string, info: RoundInfo): MicrojobRef {
  const { block, microjob, blockIndex, firstChunk, chunkCount } = info
  return { job, block, microjob, blockIndex, firstChunk, chunkCount }
}

/**
 * Takes over what somebody else knows and this round does not. A later epoch begins here as well, and with it go the
 * results that were voided: those of peers who are not `present` and that the other one does not list.
 */
export function mergeRound(s: RoomState, round: Round, info: RoundInfo, present: (peer: PeerId) => boolean): void {
  if (info.epoch > round.epoch) {
    beginEpoch(s, round, info.epoch)
    const listed = new Set(info.results.map(({ chunk }) => chunk))
    for (const slot of round.slots) {
      if (slot.result !== null && !listed.has(slot.chunk) && !present(slot.result.peer)) clearResult(slot)
    }
  }
  if (info.epoch === round.epoch) {
    for (const { peer, commitment: bytes } of info.commitments) if (peer !== s.self) setCommitment(round, peer, bytes)
  }
  if (info.epoch === round.epoch && round.draw === null) {
    for (const known of info.results) {
      const slot = slotOf(round, known.chunk)
      if (slot !== undefined && slot.result === null && known.hash.length === 32) acceptResult(slot, resultFrom(known), false, s.now)
    }
  }
  for (const grant of info.grants) {
    const slot = slotOf(round, grant.chunk)
    if (slot !== undefined) noteGrant(slot, { peer: grant.peer, attempt: grant.attempt, at: s.now, deadline: s.now + grant.remainingMs })
  }
}

/** Remembers a grant, once a peer. */
export function noteGrant(slot: ChunkSlot, grant: Grant): void {
  slot.attempts = Math.max(slot.attempts, grant.attempt)
  if (slot.result !== null || slot.grants.length >= MAX_GRANTS || slot.grants.some(({ peer }) => peer === grant.peer)) return
  slot.grants.push(grant)
}

/** Members that may compute one chunk at once. */
export const MAX_GRANTS = 3

/** The chunk is to be computed again. */
export function clearResult(slot: ChunkSlot): void {
  slot.result = null
  slot.held = false
  slot.sought = false
  slot.rivals = []
  slot.disputed = false
}

export function acceptResult(slot: ChunkSlot, result: ChunkResult, held: boolean, now: number): void {
  slot.result = result
  slot.held = held
  slot.sought = false
  slot.resultAt = now
  slot.rivals = slot.grants.map(({ peer }) => peer).filter((peer) => peer !== result.peer)
  slot.grants = []
}

/** A draw belongs to the host and the term that began it: under another host it begins again. */
export function endDraw(round: Round): void {
  round.draw = null
  round.stage = 'working'
}

/** What stays of a room's rounds for one who leaves it: results and secrets. Draws and grants were its host's. */
export function keepsakeOf(rounds: readonly Round[]): Round[] {
  for (const round of rounds) {
    endDraw(round)
    for (const slot of round.slots) slot.grants = []
  }
  return [...rounds]
}

/** Revealed secrets are spent: everybody commits anew. */
export function beginEpoch(s: RoomState, round: Round, epoch: number): void {
  round.epoch = epoch
  round.commitments = []
  round.reveals = []
  round.secret = freshSecret(s)
  endDraw(round)
  round.waitUntil = 0
  round.undecidedWith = ''
  round.undecidedSince = 0
  // What was recorded may have been voided.
  round.recorded = -1
}

/** Bit i is set when this node holds the output of chunk firstChunk + i. */
export function haveBitmap(round: Round): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(round.slots.length / 8))
  round.slots.forEach((slot, i) => {
    if (slot.result !== null && slot.held) bitmap[i >> 3]! |= 1 << (i & 7)
  })
  return bitmap
}

export function hasBit(bitmap: Uint8Array, i: number): boolean {
  return ((bitmap[i >> 3] ?? 0) & (1 << (i & 7))) !== 0
}
