import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import { about, broadcast, emit, findRound, memberOf, processorCount, processors, refuse, send, updateTopics } from './context.ts'
import type { Context } from './context.ts'
import { announceRounds, recordPartial } from './host.ts'
import { commitTo } from './member.ts'
import type { BodyOf } from './message.ts'
import { MAX_ROUNDS } from './limits.ts'
import { isOpen, makeRound, mergeRound, openSlots, refFrom, roundInfo } from './round.ts'
import type { RoundInfo } from './round.ts'
import { isLeftToOthers, isUnclaimed, leaveToOthers, onlyLacksCheck } from './seek.ts'
import type { Room, Round, WorkItem } from './state.ts'

const MAX_FINISHED = 1_024

/** Host: opens the next microjob while the last chunks of this one run, so that nobody idles. */
export function lead(ctx: Context, room: Room): void {
  const { s } = ctx
  if (s.finishing || s.paused || s.now < room.syncUntil) return
  if (room.rounds.length >= s.options.liveRounds) releaseUnchecked(ctx, room)
  while (room.rounds.length < s.options.liveRounds && (openSlots(room) < processorCount(room) || isCrowded(room))) {
    const item = nextItem(ctx, room)
    if (item === null) return
    const round = makeRound(
      s,
      item.ref,
      item.results.filter(({ result }) => !room.expelled.includes(result.peer)),
    )
    room.rounds.push(round)
    emit(ctx, { type: 'claim', ref: item.ref, term: room.term, lapsesAt: s.now + s.options.claimMs })
    updateTopics(ctx)
    for (const { peer } of room.members) if (peer !== s.self) sendSuccessor(ctx, room, round, peer)
    commitTo(ctx, room, round)
    announceRounds(ctx, room, [round])
    if (!round.slots.some(isOpen)) return
  }
}

/** So many processors on so few microjobs would leave each with too few chunks of any one of them. */
function isCrowded(room: Room): boolean {
  const working = room.rounds.filter(({ stage, slots }) => stage === 'working' && slots.some(isOpen))
  return processorCount(room) > working.length * PROCESSORS_PER_ROUND
}

const PROCESSORS_PER_ROUND = 3

export function sendSuccessor(ctx: Context, room: Room, round: Round, to: PeerId): void {
  send(ctx, to, about(room, round, { case: 'successor', value: { round: roundInfo(round, ctx.s.now) } }))
}

/** The block's next microjob, then the job's; those that only lack a check once somebody is here who can check. */
function nextItem(ctx: Context, room: Room): WorkItem | null {
  const { s } = ctx
  const block = room.rounds.at(-1)?.ref.block
  const peers = processors(room).map(({ peer }) => peer)
  const isNext = (item: WorkItem): boolean =>
    item.ref.job === room.job &&
    findRound(room, item.ref.block, item.ref.microjob) === undefined &&
    (peers.length > 1 || !onlyLacksCheck(item, peers)) &&
    isUnclaimed(ctx, item) &&
    !isLeftToOthers(s, roomTopic(item.ref))
  return s.work.find((item) => item.ref.block === block && isNext(item)) ?? s.work.find(isNext) ?? null
}

/** Alone for long: what is computed goes to the database until somebody can check it. */
function releaseUnchecked(ctx: Context, room: Room): void {
  const [oldest] = room.rounds
  if (oldest === undefined || oldest.stage !== 'unverified' || processors(room).length > 1) return
  recordPartial(ctx, oldest)
  // What this node disputes it would take up again at once, and dispute again.
  if (oldest.undecidedSince > 0) leaveToOthers(ctx.s, roomTopic(oldest.ref), UNDECIDED_MS * 3)
  dropRound(ctx, room, oldest, false)
}

/** Host, on every tick: those who could decide find no place here, so others get the microjob. */
export function releaseUndecided(ctx: Context, room: Room): void {
  const { s } = ctx
  // Nothing else is left to do here either: then its members are free for rooms where somebody may decide.
  const idle = room.rounds.every(({ stage, undecidedSince }) => stage === 'unverified' && undecidedSince > 0)
  if (!idle && processors(room).length < room.capacity && room.rounds.length < s.options.liveRounds) return
  for (const round of [...room.rounds]) {
    if (round.stage !== 'unverified' || round.undecidedSince === 0 || s.now - round.undecidedSince < UNDECIDED_MS) continue
    recordPartial(ctx, round)
    emit(ctx, { type: 'claim', ref: round.ref, term: room.term, lapsesAt: s.now })
    leaveToOthers(s, roomTopic(round.ref), UNDECIDED_MS * 3)
    dropRound(ctx, room, round, false)
  }
}

const UNDECIDED_MS = 10_000

/** The round leaves the room's hands. */
export function dropRound(ctx: Context, room: Room, round: Round, finished: boolean): void {
  const { s } = ctx
  room.rounds = room.rounds.filter((entry) => entry !== round)
  if (finished) {
    s.finished.push(roomTopic(round.ref))
    if (s.finished.length > MAX_FINISHED) s.finished.shift()
  }
  for (const hand of s.inHand) {
    if (hand.block === round.ref.block && hand.microjob === round.ref.microjob && hand.running) {
      emit(ctx, { type: 'cancel', block: hand.block, microjob: hand.microjob, chunk: hand.chunk })
    }
  }
  s.inHand = s.inHand.filter((hand) => hand.block !== round.ref.block || hand.microjob !== round.ref.microjob)
  s.unconfirmed = s.unconfirmed.filter((entry) => entry.block !== round.ref.block || entry.microjob !== round.ref.microjob)
  updateTopics(ctx)
}

/** Member: the host opened another microjob, or tells of one that was missed. */
export function onSuccessor(ctx: Context, room: Room, from: PeerId, body: BodyOf<'successor'>): void {
  const info = body.round
  if (from !== room.host || from === ctx.s.self || info === undefined) return refuse(ctx, 'successor of no host')
  const round = adoptRound(ctx, room, info)
  if (round !== null) commitTo(ctx, room, round)
}

/** What somebody tells of a round, which may be new here. Null when it is over or one too many. */
export function adoptRound(ctx: Context, room: Room, info: RoundInfo): Round | null {
  const ref = refFrom(room.job, info)
  if (ctx.s.finished.includes(roomTopic(ref))) return null
  let round = room.rounds.find((entry) => roomTopic(entry.ref) === roomTopic(ref))
  if (round === undefined) {
    if (room.rounds.length >= MAX_ROUNDS || ref.chunkCount === 0) return null
    round = makeRound(ctx.s, ref)
    room.rounds.push(round)
    updateTopics(ctx)
  }
  mergeRound(ctx.s, round, info, (peer) => memberOf(room, peer) !== undefined)
  return round
}

/**
 * Everybody, on every tick: microjobs that the database no longer lists are complete, or their job was taken back. One
 * that it never listed here may not have reached this node yet: that is believed for as long as something moves.
 */
export function dropUnlisted(ctx: Context, room: Room): void {
  const { s } = ctx
  const idle = s.now - room.progressAt >= s.options.stallMs
  if (s.unlisted.length === 0 && !idle) return
  for (const round of [...room.rounds]) {
    const topic = roomTopic(round.ref)
    const unlisted = s.unlisted.includes(topic) || (idle && !s.work.some(({ ref }) => roomTopic(ref) === topic))
    if (!unlisted) round.unlistedSince = 0
    else if (round.unlistedSince === 0) round.unlistedSince = s.now
    else if (s.now - round.unlistedSince >= UNLISTED_MS) dropRound(ctx, room, round, true)
  }
}

/** Time for the certificate to arrive by wire after the database has it. */
const UNLISTED_MS = 4_000

/** Host: nothing is left to do in this job; the members are free. */
export function disbandIfDone(ctx: Context, room: Room): boolean {
  if (room.rounds.length > 0 || ctx.s.now < room.syncUntil) return false
  broadcast(ctx, room, about(room, undefined, { case: 'leave', value: { reason: 'nothing left to do here', successor: '' } }))
  return true
}
