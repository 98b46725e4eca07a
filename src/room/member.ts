import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import { about, broadcast, memberOf, note, refuse, send, setMembers, updateTopics } from './context.ts'
import type { Context } from './context.ts'
import { newWork, noteDeparture } from './crew.ts'
import { MAX_ROUNDS } from './limits.ts'
import type { BodyOf, Message } from './message.ts'
import { pull } from './pull.ts'
import { makeRound, mergeRound, ownCommitment, refFrom, roundInfo, setCommitment } from './round.ts'
import type { Member, Room, RoomState, Round } from './state.ts'

/** A room as it begins for one who opens or enters it. */
export function makeRoom(
  s: RoomState,
  parts: Pick<
    Room,
    | 'job'
    | 'kernel'
    | 'capacity'
    | 'deadlineMs'
    | 'chunksPerCheck'
    | 'credibleAfter'
    | 'term'
    | 'host'
    | 'members'
    | 'version'
    | 'rounds'
    | 'expelled'
  >,
): Room {
  return {
    ...parts,
    work: Object.fromEntries(parts.members.map(({ peer }) => [peer, newWork(s.now)])),
    declared: {},
    doubtedSince: 0,
    excluded: [],
    departures: [],
    repeatedFor: {},
    hostChanges: 0,
    hostDiscredited: 'no',
    progressAt: s.now,
    syncUntil: 0,
    syncAwaited: [],
    hostMissedAt: 0,
    passedOver: [],
    lastHeartbeat: 0,
    lastAnnounce: 0,
    proclaimedAt: 0,
    lastClaim: s.now,
    requestedAt: 0,
    requestedWant: 0,
    lastVerdict: null,
  }
}

/** The host let this node in. */
export function onWelcome(ctx: Context, from: PeerId, message: Message, body: BodyOf<'welcome'>): void {
  const { s } = ctx
  const { activity } = s
  if (activity.kind !== 'joining') return refuse(ctx, 'welcome without a request')
  const named = body.rounds.some((info) => roomTopic(info) === roomTopic(activity.item.ref))
  if (from !== activity.host || body.job !== activity.item.ref.job || !named || !isSoundList(body.members, s.self, from)) {
    return refuse(ctx, 'welcome from somebody who was not asked')
  }
  const present = new Set(body.members.map(({ peer }) => peer))
  const rounds: Round[] = []
  for (const info of body.rounds.slice(0, MAX_ROUNDS)) {
    const ref = refFrom(body.job, info)
    if (rounds.some((entry) => roomTopic(entry.ref) === roomTopic(ref))) continue
    const round = s.keepsake.find((entry) => roomTopic(entry.ref) === roomTopic(ref)) ?? makeRound(s, ref)
    mergeRound(s, round, info, (peer) => present.has(peer))
    rounds.push(round)
  }
  s.room = makeRoom(s, {
    job: body.job,
    kernel: activity.item.kernel,
    capacity: body.capacity,
    deadlineMs: body.deadlineMs,
    chunksPerCheck: activity.item.chunksPerCheck,
    credibleAfter: activity.item.credibleAfter,
    term: message.term,
    host: from,
    members: body.members,
    version: body.version,
    expelled: body.expelled,
    rounds,
  })
  s.keepsake = []
  s.activity = { kind: 'member' }
  setMembers(
    ctx,
    body.members.map(({ peer }) => peer),
  )
  updateTopics(ctx)
  note(ctx, { kind: 'joined', topic: roomTopic(activity.item.ref), host: from })
  sendSync(ctx, s.room)
  for (const round of rounds) commitTo(ctx, s.room, round)
  pull(ctx)
}

/** Nobody twice, and both ends of this message among them. */
function isSoundList(members: readonly Member[], self: PeerId, host: PeerId): boolean {
  const peers = new Set(members.map(({ peer }) => peer))
  return peers.size === members.length && peers.has(self) && peers.has(host)
}

/** Tells the host what this member knows and holds. */
export function sendSync(ctx: Context, room: Room): void {
  const rounds = room.rounds.map((round) => {
    const info = roundInfo(round, ctx.s.now)
    const own = info.grants.filter(({ peer, chunk }) => peer === ctx.s.self && ctx.s.inHand.some((hand) => hand.chunk === chunk))
    return { ...info, grants: own }
  })
  send(ctx, room.host, about(room, undefined, { case: 'syncState', value: { rounds } }))
}

/** Commits to this node's secret for the round, before everybody. */
export function commitTo(ctx: Context, room: Room, round: Round): void {
  if (memberOf(room, ctx.s.self)?.observer !== false) return
  const bytes = ownCommitment(ctx.s, round)
  setCommitment(round, ctx.s.self, bytes)
  broadcast(ctx, room, about(room, round, { case: 'commit', value: { commitment: bytes, epoch: round.epoch } }))
}

/** Member: the host's list of members. */
export function onMembersChanged(ctx: Context, room: Room, from: PeerId, body: BodyOf<'membersChanged'>): void {
  const { s } = ctx
  if (from !== room.host || from === s.self) return refuse(ctx, 'member list of no host')
  if (body.version < room.version || !isSoundList(body.members, s.self, room.host)) return
  room.version = body.version
  room.members = body.members
  room.expelled = body.expelled
  for (const { peer } of body.members) room.work[peer] ??= newWork(s.now)
  for (const peer of Object.keys(room.work)) {
    if (memberOf(room, peer) !== undefined) continue
    delete room.work[peer]
    noteDeparture(ctx, room, peer, body.departed.find((entry) => entry.peer === peer)?.reason ?? 'left')
    for (const round of room.rounds) {
      if (round.draw === null) round.commitments = round.commitments.filter((entry) => entry.peer !== peer)
      for (const slot of round.slots) slot.grants = slot.grants.filter((grant) => grant.peer !== peer)
    }
  }
  setMembers(
    ctx,
    body.members.map(({ peer }) => peer),
  )
}
