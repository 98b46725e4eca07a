import type { PeerId } from '../domain/ids.ts'
import { about, isHost, memberOf, note, processorCount, refuse, send } from './context.ts'
import type { Context } from './context.ts'
import type { BodyOf } from './message.ts'
import { MAX_GRANTS, isOpen, noteGrant, openSlots, slotOf } from './round.ts'
import type { ChunkSlot, Grant, Member, Room, Round } from './state.ts'

/** A granted chunk that its holder does not list in hand this long afterwards was lost on the way. */
const GRANT_LOST_MS = 3_000
const PACE_WEIGHT = 0.3
/** A chunk that takes this many times the usual pace goes to an idle member as well. */
const TAIL_MULTIPLE = 3
/** A member that says that it is still at it gets this many times its deadline. */
const SLOW_MULTIPLE = 3
/** Within one microjob a processor gets about this many chunks, so that checking one of its ten costs little. */
const CHUNKS_PER_PROCESSOR = 4

/** Host: a member asks. Asking twice changes nothing. */
export function onChunkRequest(ctx: Context, room: Room, from: PeerId, body: BodyOf<'chunkRequest'>): void {
  const member = memberOf(room, from)
  const work = room.work[from]
  if (!isHost(ctx, room) || member === undefined || work === undefined) return refuse(ctx, 'chunk request to no host')
  if (member.observer) return refuse(ctx, 'chunk request of an observer')
  work.want = Math.min(body.want, member.slots + ctx.s.options.queue)
}

/** Host: what a member has in hand. A grant that it never got is open again. */
export function noteInHand(ctx: Context, room: Room, from: PeerId): void {
  const work = room.work[from]
  if (work === undefined) return
  for (const { slots } of room.rounds) {
    for (const slot of slots) {
      const own = slot.grants.find(({ peer }) => peer === from)
      if (own === undefined || ctx.s.now - own.at < GRANT_LOST_MS || work.inHand.includes(slot.chunk)) continue
      slot.grants = slot.grants.filter((grant) => grant !== own)
      work.lost++
    }
  }
}

/** Host: gives open chunks to those who wait, one each in turn. Nothing goes to a member that did not ask. */
export function grantOpen(ctx: Context, room: Room): void {
  const { s } = ctx
  if (s.now < room.syncUntil) return
  const isWaiting = ({ peer }: Member): boolean => (room.work[peer]?.want ?? 0) > 0
  if (!room.members.some(isWaiting)) return
  const waiting = room.members.filter(isWaiting)
  const given: { member: Member; round: Round; grant: Grant; chunks: number[] }[] = []
  const outstanding = new Map(waiting.map(({ peer }) => [peer, outstandingOf(room, peer)]))
  const most = processorCount(room)
  let open = openSlots(room)
  for (let granted = true; granted;) {
    granted = false
    // Near the end nobody hoards what an idle member could start at once.
    const scarce = open < most
    for (const member of waiting) {
      const work = room.work[member.peer]!
      const held = outstanding.get(member.peer) ?? 0
      if (work.want === 0 || held >= (scarce ? member.slots : member.slots + s.options.queue)) continue
      const found = openSlotFor(room, member.peer) ?? (held === 0 ? tailSlotFor(ctx, room, member.peer) : null)
      if (found === null) continue
      const { round, slot } = found
      if (isOpen(slot)) open--
      slot.attempts++
      const grant = { peer: member.peer, attempt: slot.attempts, at: s.now, deadline: s.now + deadlineFor(ctx, room, member, held) }
      slot.grants.push(grant)
      outstanding.set(member.peer, held + 1)
      work.want--
      granted = true
      const told = given.find(
        (entry) =>
          entry.member === member &&
          entry.round === round &&
          entry.grant.attempt === grant.attempt &&
          entry.grant.deadline === grant.deadline,
      )
      if (told === undefined) given.push({ member, round, grant, chunks: [slot.chunk] })
      else told.chunks.push(slot.chunk)
    }
  }
  for (const { member, round, grant, chunks } of given) tell(ctx, room, member, round, grant, chunks)
}

function tell(ctx: Context, room: Room, member: Member, round: Round, grant: Grant, chunks: number[]): void {
  const deadlineMs = grant.deadline - ctx.s.now
  note(ctx, { kind: 'granted', microjob: round.ref.microjob, chunks, to: member.peer, term: room.term })
  for (const deputy of deputiesOf(ctx, room)) {
    if (deputy === member.peer) continue
    send(ctx, deputy, about(room, round, { case: 'grantNotice', value: { peer: member.peer, chunks, attempt: grant.attempt, deadlineMs } }))
  }
  send(ctx, member.peer, about(room, round, { case: 'chunkGrant', value: { chunks, attempt: grant.attempt, deadlineMs } }))
}

/** The members next in line for the host's place. */
function deputiesOf(ctx: Context, room: Room): PeerId[] {
  const deputies: PeerId[] = []
  for (const { peer, observer } of room.members) {
    if (observer || peer === room.host) continue
    if (deputies.push(peer) >= ctx.s.options.deputies) break
  }
  return deputies
}

/** Chunks that a member has been granted and that nobody has finished. */
function outstandingOf(room: Room, peer: PeerId): number {
  let count = 0
  for (const { slots } of room.rounds) {
    for (const { result, grants } of slots) {
      if (result === null) for (const grant of grants) if (grant.peer === peer) count++
    }
  }
  return count
}

function mayWorkOn(round: Round, peer: PeerId): boolean {
  return round.stage === 'working' && round.commitments.some((entry) => entry.peer === peer)
}

/**
 * An open chunk, if possible in a microjob that this processor has begun: few processors a microjob with several chunks
 * each make a sample that covers every processor and still is a small part of the work.
 */
function openSlotFor(room: Room, peer: PeerId): { round: Round; slot: ChunkSlot } | null {
  let best: { round: Round; slot: ChunkSlot } | null = null
  let bestCrowd = Infinity
  for (const round of room.rounds) {
    if (!mayWorkOn(round, peer)) continue
    const slot = round.slots.find(isOpen)
    if (slot === undefined) continue
    const workers = workersOf(round)
    if (workers.has(peer)) return { round, slot }
    const crowd = workers.size < round.slots.length / CHUNKS_PER_PROCESSOR ? 0 : workers.size
    if (crowd < bestCrowd) {
      best = { round, slot }
      bestCrowd = crowd
    }
  }
  return best
}

function workersOf(round: Round): Set<PeerId> {
  const workers = new Set<PeerId>()
  for (const { result, grants } of round.slots) {
    if (result !== null) workers.add(result.peer)
    for (const { peer } of grants) workers.add(peer)
  }
  return workers
}

/** A chunk whose holders take clearly longer than usual; the first of the results wins. */
function tailSlotFor(ctx: Context, room: Room, peer: PeerId): { round: Round; slot: ChunkSlot } | null {
  const { now } = ctx.s
  const usual = medianPace(room)
  let oldest: { round: Round; slot: ChunkSlot; at: number } | null = null
  for (const round of room.rounds) {
    if (!mayWorkOn(round, peer)) continue
    for (const slot of round.slots) {
      const last = slot.grants.at(-1)
      if (slot.result !== null || last === undefined || slot.grants.length >= MAX_GRANTS) continue
      if (slot.grants.some((grant) => grant.peer === peer)) continue
      const slow = slot.grants.some(({ deadline }) => deadline <= now) || (usual > 0 && now - last.at > TAIL_MULTIPLE * usual)
      if (slow && last.at < (oldest?.at ?? Infinity)) oldest = { round, slot, at: last.at }
    }
  }
  return oldest
}

function medianPace(room: Room): number {
  const paces = Object.values(room.work)
    .map(({ paceMs }) => paceMs)
    .filter((pace) => pace > 0)
    .sort((a, b) => a - b)
  return paces[paces.length >> 1] ?? 0
}

/** A multiple of the member's own pace, by how many chunks it has before this one; never under the floor, unless the job's own is lower. Whole ms. */
function deadlineFor(ctx: Context, room: Room, member: Member, outstanding: number): number {
  const { paceMultiple, deadlineFloorMs } = ctx.s.options
  const floor = Math.min(deadlineFloorMs, room.deadlineMs)
  const turns = Math.floor(outstanding / member.slots) + 1
  const own = room.work[member.peer]?.paceMs ?? 0
  const expected = own > 0 ? own * paceMultiple : medianPace(room) * paceMultiple * 2
  return Math.ceil(Math.max(floor, (expected > 0 ? expected : room.deadlineMs) * turns))
}

/** Grants that may get lost before one result must come. */
const MAX_LOST = 6

/**
 * Host: who let a deadline pass, or asks for chunks and never has them. Whoever has finished some and says that it is
 * still at it is merely slow, up to a multiple of its time.
 */
export function overdue(ctx: Context, room: Room): { peer: PeerId; chunk: number | null } | null {
  const { now, options, self } = ctx.s
  const loser = room.members.find(({ peer }) => peer !== self && (room.work[peer]?.lost ?? 0) > MAX_LOST)
  if (loser !== undefined) return { peer: loser.peer, chunk: null }
  for (const { slots } of room.rounds) {
    for (const { chunk, grants } of slots) {
      for (const { peer, at, deadline } of grants) {
        const work = room.work[peer]
        if (deadline > now || peer === self || work === undefined) continue
        const reports = work.done > 0 && work.inHand.includes(chunk) && now - work.reportedAt < 3 * options.heartbeatMs
        if (!reports || now >= at + SLOW_MULTIPLE * (deadline - at)) return { peer, chunk }
      }
    }
  }
  return null
}

/** Host: a chunk came back after so many ms. */
export function notePace(room: Room, peer: PeerId, ms: number): void {
  const work = room.work[peer]
  if (work === undefined) return
  const pace = Math.max(1, ms)
  work.paceMs = work.paceMs === 0 ? pace : (1 - PACE_WEIGHT) * work.paceMs + PACE_WEIGHT * pace
  work.done++
  work.lost = 0
}

/** Deputy: what the host granted to whom. */
export function onGrantNotice(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'grantNotice'>): void {
  if (from !== room.host) return refuse(ctx, 'grant notice of no host')
  for (const chunk of body.chunks) {
    const slot = slotOf(round, chunk)
    if (slot !== undefined)
      noteGrant(slot, { peer: body.peer, attempt: body.attempt, at: ctx.s.now, deadline: ctx.s.now + body.deadlineMs })
  }
}
