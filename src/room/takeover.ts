import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import { about, broadcast, emit, isHost, note, processors, refuse, send, setMembers, updateTopics } from './context.ts'
import type { Context } from './context.ts'
import { voidWork } from './check.ts'
import { forget, membersChanged } from './crew.ts'
import { isDrawable } from './draw.ts'
import { awaited } from './duty.ts'
import { proclaim } from './host.ts'
import { adoptRound } from './lead.ts'
import { commitTo, sendSync } from './member.ts'
import type { BodyOf, Message } from './message.ts'
import { pull } from './pull.ts'
import { endDraw, isComputed, keepsakeOf, refFrom } from './round.ts'
import { cool, distrust, isDistrusted, join, seek } from './seek.ts'
import type { Room } from './state.ts'

const USELESS_MS = 30_000
/** A term grows by one at a change of host; a leap beyond this is a lie. */
export const MAX_TERM_LEAP = 64
/** Gossip of the host this much later than the break of its wire shows that it is alive. */
const GOSSIP_MARGIN_MS = 250

/** Member, on every tick: is the host still there and of any use, and if not, whose turn is it? */
export function watchHost(ctx: Context, room: Room): void {
  const { s } = ctx
  const work = room.work[room.host]
  if (work === undefined) return hostGone(ctx, room, 'left')
  if (room.hostDiscredited === 'no' && (isStalled(ctx, room) || withholds(ctx, room, s.options.revealMs) || isDoubted(ctx, room))) {
    room.hostDiscredited = 'useless'
    distrust(s, room.host)
  }
  if (room.hostDiscredited !== 'no') return hostGone(ctx, room, room.hostDiscredited === 'wrong' ? 'proven wrong' : 'did nothing for long')
  const broken = work.downSince > 0 && s.now - work.downSince >= s.options.reconnectMs
  const silent = s.now - work.lastHeard >= (work.connected ? s.options.heartbeatMs * s.options.silentIntervals : s.options.connectMs)
  if (!broken && !silent) {
    room.hostMissedAt = 0
    room.passedOver = []
    return
  }
  // Whoever still announces itself is alive: it is this node that is cut off.
  if (heardByGossip(ctx, room) > (broken ? work.downSince + GOSSIP_MARGIN_MS : s.now - 2 * s.options.announceMs)) return leaveFor(ctx)
  hostGone(ctx, room, broken ? 'connection lost' : 'silent')
}

/** Work for others is there and nothing has moved for long: a host that grants nothing, or withholds its part of a draw. */
function isStalled(ctx: Context, room: Room): boolean {
  const { s } = ctx
  if (s.now - room.progressAt < Math.max(s.options.stallMs, 4 * room.deadlineMs) || s.inHand.length > 0 || s.paused) return false
  const missing = new Set(room.rounds.flatMap(({ slots }) => slots.filter(({ result }) => result === null).map(({ chunk }) => chunk)))
  const busy = room.members.some(
    ({ peer }) => peer !== room.host && peer !== s.self && room.work[peer]?.inHand.some((chunk) => missing.has(chunk)),
  )
  if (busy) return false
  // A host without any microjob would have sent its members away.
  if (room.rounds.length === 0) return true
  return room.rounds.some((round) => !isComputed(round) || round.draw !== null || isDrawable(room, round))
}

/** For so long that no lost message explains it: the host would have chunks pass unchecked. */
function isDoubted({ s }: Context, { doubtedSince }: Room): boolean {
  return doubtedSince > 0 && s.now - doubtedSince >= s.options.revealMs / 2
}

/** The host's own secret, report or opinion is what a draw has been waiting for: a host calls everybody to order but itself. */
export function withholds(ctx: Context, room: Room, forMs: number): boolean {
  const { now, options } = ctx.s
  return room.rounds.some((round) => {
    const { draw, stage, reveals } = round
    if (draw === null) return false
    if (stage !== 'revealing') return now >= draw.deadline + forMs && awaited(room, round, draw) === room.host
    const isSecret = ({ peer }: { peer: PeerId }): boolean => !reveals.some((entry) => entry.peer === peer)
    return (
      now >= draw.deadline - options.revealMs + forMs &&
      draw.entropy.some((entry) => entry.peer === room.host && isSecret(entry)) &&
      draw.entropy.every((entry) => entry.peer === room.host || !isSecret(entry))
    )
  })
}

function heardByGossip(ctx: Context, room: Room): number {
  const topics = new Set(room.rounds.map(({ ref }) => roomTopic(ref)))
  let latest = 0
  for (const { topic, host, term, at } of ctx.s.announcements) {
    if (host === room.host && term >= room.term && topics.has(topic)) latest = Math.max(latest, at)
  }
  return latest
}

/** The first living member in join order takes the host's place; the others give it time, one after the other. */
export function hostGone(ctx: Context, room: Room, reason: string): void {
  const { s } = ctx
  if (room.hostMissedAt === 0) {
    room.hostMissedAt = s.now
    room.passedOver = [room.host]
  }
  const candidate = processors(room).find(
    ({ peer }) => !room.passedOver.includes(peer) && (peer === s.self || isReachable(ctx, room, peer)),
  )
  if (candidate === undefined) return leaveFor(ctx)
  if (candidate.peer === s.self) return takeOver(ctx, room, reason)
  if (s.now - room.hostMissedAt >= s.options.takeoverMs * room.passedOver.length) {
    // A candidate that is heard and does not take over still sees the host: we are the ones who are cut off.
    if (s.now - (room.work[candidate.peer]?.lastHeard ?? 0) < 2 * s.options.heartbeatMs) return leaveFor(ctx)
    room.passedOver.push(candidate.peer)
  }
}

function isReachable(ctx: Context, room: Room, peer: PeerId): boolean {
  const work = room.work[peer]
  if (work === undefined) return false
  return work.downSince === 0 || ctx.s.now - work.downSince < ctx.s.options.reconnectMs
}

/** Looks for the room again, keeping what is known of its microjobs. */
export function leaveFor(ctx: Context): void {
  const { s } = ctx
  s.keepsake = keepsakeOf(s.room?.rounds ?? [])
  dropRoom(ctx)
  seek(ctx)
}

/** This node cannot do its part, and keeps all others waiting: without it they repeat the draw at once. */
export function stepBack(ctx: Context, room: Room, reason: string): void {
  broadcast(ctx, room, about(room, undefined, { case: 'leave', value: { reason, successor: '' } }))
  const pause = STEPPED_BACK_MS * 2 ** Math.min(ctx.s.stepsBack++, 8)
  for (const { ref } of room.rounds) cool(ctx.s, roomTopic(ref), pause)
  release(ctx)
}

/** Doubled each time. */
const STEPPED_BACK_MS = 20_000

/** Free for another room. */
export function release(ctx: Context): void {
  dropRoom(ctx)
  ctx.s.keepsake = []
  note(ctx, { kind: 'left' })
  seek(ctx)
}

/** Forgets the room and everything in hand. */
export function dropRoom(ctx: Context): void {
  const { s } = ctx
  for (const hand of s.inHand)
    if (hand.running) emit(ctx, { type: 'cancel', block: hand.block, microjob: hand.microjob, chunk: hand.chunk })
  s.inHand = []
  s.unconfirmed = []
  s.room = null
}

function takeOver(ctx: Context, room: Room, reason: string): void {
  const { s } = ctx
  const gone = [...room.passedOver]
  if (room.hostDiscredited === 'wrong') room.expelled.push(room.host)
  if (room.hostDiscredited === 'useless') room.excluded.push({ peer: room.host, times: 1, until: s.now + USELESS_MS })
  becomeHostOf(ctx, room, room.term + 1, s.self)
  room.syncUntil = room.members.length - gone.length > 1 ? s.now + s.options.syncMs : 0
  for (const peer of gone) forget(ctx, room, peer, reason)
  room.syncAwaited = room.members.map(({ peer }) => peer).filter((peer) => peer !== s.self)
  for (const work of Object.values(room.work)) {
    work.want = 0
    work.lastHeard = s.now
  }
  const patience = s.options.heartbeatMs * (s.options.silentIntervals + 1)
  for (const round of room.rounds) {
    emit(ctx, { type: 'claim', ref: round.ref, term: room.term, lapsesAt: s.now + s.options.claimMs })
    // Nobody knows how far the former host got with the draw: it begins again, from fresh secrets where some were shown.
    endDraw(round)
    for (const slot of round.slots) {
      // A notice may have overtaken the news that its member had left.
      slot.grants = slot.grants.filter(({ peer }) => room.work[peer] !== undefined)
      // Whoever has left unheard is missed first, as silent: its chunks are not overdue before.
      for (const grant of slot.grants) grant.deadline = Math.max(grant.deadline, s.now + patience)
    }
  }
  note(ctx, { kind: 'hostChanged', host: s.self, term: room.term })
  proclaim(ctx, room)
  membersChanged(
    ctx,
    room,
    gone.map((peer) => ({ peer, reason })),
  )
  // The former host, if two others proved it wrong, and those whose voided results never reached this node.
  for (const peer of room.expelled) voidWork(ctx, room, peer)
  updateTopics(ctx)
  pull(ctx)
}

function becomeHostOf(ctx: Context, room: Room, term: number, host: PeerId): void {
  room.term = term
  room.host = host
  room.hostChanges++
  room.hostDiscredited = 'no'
  room.doubtedSince = 0
  room.hostMissedAt = 0
  room.passedOver = []
  room.requestedWant = 0
  room.progressAt = ctx.s.now
}

/** A member says that it is host now. A higher term always wins; in one term the earlier in join order. */
export function onHostChanged(ctx: Context, from: PeerId, message: Message, body: BodyOf<'hostChanged'>): void {
  const { s } = ctx
  const { room } = s
  if (room === null || body.host !== from || from === s.self || isDistrusted(s, from)) return
  if (message.term < room.term) return refuse(ctx, 'host of an old term')
  if (message.term > room.term + MAX_TERM_LEAP) {
    distrust(s, from)
    return refuse(ctx, 'host of a term that nobody can have reached')
  }
  if (message.term === room.term && room.host === from) return
  if (message.term === room.term && !earlier(room, from, room.host)) return
  // Of a stranger the host hears by its announcements, and decides for all.
  if (!room.members.some(({ peer }) => peer === from)) return refuse(ctx, 'host that is no member')
  if (!body.joinOrder.includes(s.self)) return yieldTo(ctx, room, from, message)
  becomeHostOf(ctx, room, message.term, from)
  for (const { peer } of room.members.filter((member) => !body.joinOrder.includes(member.peer))) {
    forget(ctx, room, peer, 'left with the change of host')
  }
  // The new host numbers its lists anew.
  room.version = 0
  for (const round of room.rounds) {
    endDraw(round)
    round.unlistedBeats = 0
  }
  const work = room.work[from]
  if (work !== undefined) work.lastHeard = s.now
  setMembers(
    ctx,
    room.members.map(({ peer }) => peer),
  )
  note(ctx, { kind: 'hostChanged', host: from, term: room.term })
  updateTopics(ctx)
  sendSync(ctx, room)
  for (const round of room.rounds) commitTo(ctx, room, round)
  pull(ctx)
}

function earlier(room: Room, a: PeerId, b: PeerId): boolean {
  const order = room.members.map(({ peer }) => peer)
  const [at, bt] = [order.indexOf(a), order.indexOf(b)]
  if (at === -1 || bt === -1) return a < b
  return at < bt
}

/** Another host of the same microjob is the better one: this node joins it, and hands over what it knows. */
export function yieldTo(ctx: Context, room: Room, host: PeerId, message: { block: string; microjob: number }): void {
  const { s } = ctx
  const same = ({ ref }: { ref: { block: string; microjob: number } }): boolean =>
    ref.block === message.block && ref.microjob === message.microjob
  const round = room.rounds.find(same)
  const item =
    s.work.find(same) ??
    (round === undefined
      ? null
      : {
          ref: round.ref,
          capacity: room.capacity,
          deadlineMs: room.deadlineMs,
          chunksPerCheck: room.chunksPerCheck,
          credibleAfter: room.credibleAfter,
          kernel: room.kernel,
          claim: null,
          results: [],
          certificates: 0,
        })
  if (item === null) return leaveFor(ctx)
  s.keepsake = keepsakeOf(room.rounds)
  dropRoom(ctx)
  join(ctx, item, host)
}

/** New host: what a member knows. */
export function onSyncState(ctx: Context, room: Room, from: PeerId, body: BodyOf<'syncState'>): void {
  const { s } = ctx
  if (!isHost(ctx, room)) return refuse(ctx, 'sync state to no host')
  const awaited = room.syncAwaited.length
  room.syncAwaited = room.syncAwaited.filter((peer) => peer !== from)
  // Everybody has told: nothing more to wait for.
  if (awaited > 0 && room.syncAwaited.length === 0) room.syncUntil = Math.min(room.syncUntil, s.now)
  for (const info of body.rounds) {
    const ref = refFrom(room.job, info)
    const known = room.rounds.some((round) => roomTopic(round.ref) === roomTopic(ref))
    // A round that the former host opened and this one never heard of; the database knows whether there is one.
    if (
      !known &&
      !s.work.some((item) => item.ref.job === room.job && roomTopic(item.ref) === roomTopic(ref) && item.ref.chunkCount === ref.chunkCount)
    )
      continue
    // A member speaks for its own grants, commitments and results, and for the results of those who are gone.
    const present = (peer: PeerId): boolean => room.members.some((member) => member.peer === peer)
    const epoch = room.rounds.find((entry) => roomTopic(entry.ref) === roomTopic(ref))?.epoch
    const round = adoptRound(ctx, room, {
      ...info,
      grants: info.grants.filter(({ peer }) => peer === from),
      commitments: info.commitments.filter(({ peer }) => peer === from),
      results: info.results.filter(({ peer }) => (peer === from || !present(peer)) && !room.expelled.includes(peer)),
    })
    if (round !== null && round.epoch !== epoch) commitTo(ctx, room, round)
  }
}

/** To a member that lives in an old term. */
export function tellHost(ctx: Context, room: Room, to: PeerId): void {
  send(
    ctx,
    to,
    about(room, undefined, { case: 'hostChanged', value: { host: room.host, joinOrder: room.members.map(({ peer }) => peer) } }),
  )
}
