import type { PeerId } from '../domain/ids.ts'
import { lobbyTopic, roomTopic } from '../domain/job.ts'
import type { MicrojobRef } from '../domain/job.ts'
import { about, broadcast, emit, isHost, memberOf, note, processors, refuse, send, setMembers, updateTopics } from './context.ts'
import type { Context } from './context.ts'
import { forget, membersChanged, newWork } from './crew.ts'
import { MAX_MEMBERS } from './limits.ts'
import type { BodyOf, Message } from './message.ts'
import { overdue } from './grant.ts'
import { makeRoom } from './member.ts'
import { pull } from './pull.ts'
import { makeRound, ownCommitment, roundInfo, setCommitment } from './round.ts'
import type { Member, Room, Round, WorkItem } from './state.ts'

const MAX_EXPELLED = 256
const EXCLUDED_MS = 20_000
/** Chunks that one member computes at once, at most. */
const MAX_SLOTS = 32

/** The one who opened it leads it from here on. */
export function becomeHost(ctx: Context, item: WorkItem, term: number): void {
  const { s } = ctx
  const self: Member = { peer: s.self, observer: false, slots: s.capabilities.slots, engine: s.capabilities.engine }
  const round = s.keepsake.find(({ ref }) => roomTopic(ref) === roomTopic(item.ref)) ?? makeRound(s, item.ref, item.results)
  s.keepsake = []
  s.room = makeRoom(s, {
    job: item.ref.job,
    kernel: item.kernel,
    capacity: item.capacity,
    deadlineMs: item.deadlineMs,
    chunksPerCheck: item.chunksPerCheck,
    credibleAfter: item.credibleAfter,
    term,
    host: s.self,
    members: [self],
    version: 1,
    rounds: [round],
    expelled: [],
  })
  setCommitment(round, s.self, ownCommitment(s, round))
  s.activity = { kind: 'member' }
  setMembers(ctx, [])
  updateTopics(ctx)
  proclaim(ctx, s.room)
  note(ctx, { kind: 'opened', topic: roomTopic(item.ref) })
  pull(ctx)
}

/** Tells everybody, members and listeners, who the host is. */
export function proclaim(ctx: Context, room: Room): void {
  room.proclaimedAt = ctx.s.now
  const message = about(room, undefined, {
    case: 'hostChanged',
    value: { host: room.host, joinOrder: room.members.map(({ peer }) => peer) },
  })
  broadcast(ctx, room, message)
  for (const { ref } of room.rounds) {
    emit(ctx, { type: 'publish', topic: roomTopic(ref), message: { ...message, block: ref.block, microjob: ref.microjob } })
  }
  announce(ctx, room)
}

/** Says in the lobby of each block which of its microjobs are here. */
export function announce(ctx: Context, room: Room): void {
  room.lastAnnounce = ctx.s.now
  for (const block of new Set(room.rounds.map(({ ref }) => ref.block))) {
    announceRounds(
      ctx,
      room,
      room.rounds.filter(({ ref }) => ref.block === block),
    )
  }
}

/** Says so of microjobs of one block, which may be new here. */
export function announceRounds(ctx: Context, room: Room, rounds: readonly Round[]): void {
  const [first] = rounds
  if (first === undefined) return
  emit(ctx, {
    type: 'publish',
    topic: lobbyTopic(first.ref.block),
    message: about(room, first, {
      case: 'roomAnnounce',
      value: {
        host: room.host,
        members: processors(room).length,
        capacity: room.capacity,
        settling: false,
        version: room.version,
        peers: room.members.map(({ peer }) => peer),
        microjobs: rounds.map(({ ref }) => ref.microjob),
      },
    }),
  })
}

/** A request on the room's topic: admitted below the limit, refused with a reason otherwise. */
export function onJoinRequest(ctx: Context, from: PeerId, message: Message, body: BodyOf<'joinRequest'>): void {
  const { s } = ctx
  const { room } = s
  if (room === null || !isHost(ctx, room)) return
  if (body.peer !== from) return refuse(ctx, 'join request in another name')
  const round = room.rounds.find(({ ref }) => ref.block === message.block && ref.microjob === message.microjob)
  if (round === undefined) return refuseJoin(ctx, room, message, from, 'this microjob is no longer worked on here', 0)
  if (room.expelled.includes(from)) return refuseJoin(ctx, room, message, from, 'expelled from this room', 60_000)
  if (s.convicted.includes(from)) return refuseJoin(ctx, room, message, from, 'proven wrong in another room', 60_000)
  // It makes room for others; where there are none, a host alone is of less use than whoever was late.
  const excluded = processors(room).length > 1 ? room.excluded.find(({ peer, until }) => peer === from && until > s.now) : undefined
  if (excluded !== undefined) return refuseJoin(ctx, room, message, from, 'excluded from this room for a while', excluded.until - s.now)
  if (s.finishing) return refuseJoin(ctx, room, message, from, 'the host is leaving', 1_000)
  // It left or lost its memory without our noticing: what it promised before counts no longer.
  if (memberOf(room, from) !== undefined && room.work[from]?.session !== body.session) removeMember(ctx, room, from, 'came back')
  if (memberOf(room, from) === undefined) {
    if (!body.observer && processors(room).length >= room.capacity) {
      return refuseJoin(ctx, room, message, from, `the room is full: ${room.capacity} of ${room.capacity} members`, 5_000)
    }
    if (room.members.length >= MAX_MEMBERS)
      return refuseJoin(ctx, room, message, from, `the room has ${MAX_MEMBERS} members and observers`, 30_000)
    admit(ctx, room, round, from, body)
  }
  send(
    ctx,
    from,
    about(room, round, {
      case: 'welcome',
      value: {
        job: room.job,
        members: room.members.map((entry) => ({ ...entry })),
        rounds: room.rounds.map((entry) => roundInfo(entry, s.now)),
        expelled: room.expelled,
        version: room.version,
        capacity: room.capacity,
        deadlineMs: room.deadlineMs,
      },
    }),
  )
}

function admit(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'joinRequest'>): void {
  room.members.push({
    peer: from,
    observer: body.observer,
    slots: Math.min(MAX_SLOTS, Math.max(1, body.capabilities?.slots ?? 1)),
    engine: body.capabilities?.engine === 'webgpu' ? 'webgpu' : 'cpu',
  })
  room.work[from] = { ...newWork(ctx.s.now), session: body.session }
  if (!body.observer && body.commitment.length === 32 && round.epoch === 0) setCommitment(round, from, body.commitment)
  membersChanged(ctx, room, [])
  updateTopics(ctx)
  // Those who would ask next learn at once that it is full.
  if (processors(room).length === room.capacity) announce(ctx, room)
}

function refuseJoin(ctx: Context, room: Room, message: Message, peer: PeerId, reason: string, retryAfterMs: number): void {
  emit(ctx, {
    type: 'publish',
    topic: roomTopic(message),
    message: {
      block: message.block,
      microjob: message.microjob,
      term: room.term,
      body: { case: 'joinRefused', value: { peer, reason, retryAfterMs } },
    },
  })
}

/** Host: a member is gone, of its own will or not. */
export function removeMember(ctx: Context, room: Room, peer: PeerId, reason: string): void {
  if (memberOf(room, peer) === undefined || peer === ctx.s.self) return
  forget(ctx, room, peer, reason)
  membersChanged(ctx, room, [{ peer, reason }])
  updateTopics(ctx)
}

/** Host: a peer was proven to be wrong. It is told, it does not come back, and its results count nowhere here. */
export function expel(ctx: Context, room: Room, ref: MicrojobRef | undefined, peer: PeerId, reason: string): void {
  // A host cannot put itself out: its members leave it.
  if (peer === ctx.s.self || room.expelled.includes(peer)) return
  room.expelled.push(peer)
  if (room.expelled.length > MAX_EXPELLED) room.expelled.shift()
  exclude(ctx, room, peer, reason, ref)
}

/** Host: a member did not do its part in time. It is told, and may come back later, each time after twice as long. */
export function exclude(ctx: Context, room: Room, peer: PeerId, reason: string, ref = room.rounds.at(-1)?.ref): void {
  const known = room.excluded.find((entry) => entry.peer === peer)
  const times = (known?.times ?? 0) + 1
  room.excluded = room.excluded.filter((entry) => entry !== known).slice(1 - MAX_EXPELLED)
  room.excluded.push({ peer, times, until: ctx.s.now + EXCLUDED_MS * 2 ** Math.min(times - 1, 8) })
  if (ref !== undefined) emit(ctx, { type: 'recordRefusal', ref, culprit: peer, reason })
  if (memberOf(room, peer) === undefined) return
  send(ctx, peer, about(room, undefined, { case: 'expelled', value: { peer, reason } }))
  removeMember(ctx, room, peer, reason)
}

/** Host, on every tick: claims, announcements, departures and deadlines. */
export function hostTick(ctx: Context, room: Room): void {
  const { s } = ctx
  if (s.now - room.lastAnnounce >= s.options.announceMs) announce(ctx, room)
  if (s.now - room.lastClaim >= s.options.claimMs / 3) {
    room.lastClaim = s.now
    for (const { ref } of room.rounds) emit(ctx, { type: 'claim', ref, term: room.term, lapsesAt: s.now + s.options.claimMs })
  }
  for (const { peer } of room.members) {
    const work = room.work[peer]
    if (peer === s.self || work === undefined) continue
    if (work.downSince > 0 && s.now - work.downSince >= s.options.reconnectMs) removeMember(ctx, room, peer, 'connection lost')
    else if (!work.connected && s.now - work.lastHeard >= s.options.connectMs) removeMember(ctx, room, peer, 'never connected')
    else if (work.connected && s.now - work.lastHeard >= s.options.heartbeatMs * s.options.silentIntervals)
      removeMember(ctx, room, peer, 'silent')
  }
  for (let late = overdue(ctx, room); late !== null; late = overdue(ctx, room)) {
    exclude(
      ctx,
      room,
      late.peer,
      late.chunk === null ? 'asks for chunks and does not keep them' : `chunk ${late.chunk} missed its deadline`,
    )
  }
  for (const round of room.rounds) if (s.now - round.recordedAt >= RECORD_MS) recordPartial(ctx, round)
}

/** Nobody here works on these microjobs any longer: others need not wait until the claims lapse. */
export function releaseClaims(ctx: Context, room: Room): void {
  for (const round of room.rounds) {
    recordPartial(ctx, round)
    emit(ctx, { type: 'claim', ref: round.ref, term: room.term, lapsesAt: ctx.s.now })
  }
}

const RECORD_MS = 3_000

/** Host: results that are not in the database yet go there, so that they survive the room. */
export function recordPartial(ctx: Context, round: Round): void {
  const { s } = ctx
  const results = round.slots.flatMap(({ chunk, result, held }) => (result !== null && held ? [{ chunk, result }] : []))
  if (results.length <= round.recorded) return
  round.recorded = results.length
  round.recordedAt = s.now
  // Before the database shows it, this node knows what it has put there.
  s.work = s.work.map((item) => (roomTopic(item.ref) === roomTopic(round.ref) ? { ...item, results } : item))
  emit(ctx, { type: 'recordPartial', ref: round.ref, results })
}
