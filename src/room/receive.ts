import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import { convict, onCheckReply, onReport } from './check.ts'
import { onCompleted } from './complete.ts'
import { findRound, isHost, isOfAnotherRoom, memberOf, note, processors, refuse } from './context.ts'
import type { Context } from './context.ts'
import { onCommit, onResultsVoided, onReveal, onRootFixed } from './draw.ts'
import { onChunkRequest, onGrantNotice } from './grant.ts'
import { onHeartbeat } from './heartbeat.ts'
import { removeMember } from './host.ts'
import { onSuccessor } from './lead.ts'
import { onMembersChanged, onWelcome } from './member.ts'
import { authorOf } from './message.ts'
import type { BodyOf, Message } from './message.ts'
import { onChunkGrant, pull } from './pull.ts'
import { onResult } from './result.ts'
import { cool, distrust, turnedAway } from './seek.ts'
import type { Room } from './state.ts'
import { hostGone, onHostChanged, onSyncState, release, tellHost, withholds, yieldTo } from './takeover.ts'

/** A room one was expelled from is not asked again for this long. */
const EXPELLED_MS = 20_000

/** A message on a wire, or from oneself. Whatever does not belong to this room, term and round changes nothing. */
export function onMessage(ctx: Context, from: PeerId, message: Message): void {
  const { s } = ctx
  const { body } = message
  if (body.case === 'welcome') return onWelcome(ctx, from, message, body.value)
  const { room } = s
  if (room === null) return refuse(ctx, 'message without a room')
  if (memberOf(room, from) === undefined) return refuse(ctx, 'message of a non-member')
  if (isOfAnotherRoom(room, message)) return refuse(ctx, 'message about another room')
  const work = room.work[from]
  if (work !== undefined) {
    // A host lives in its term: who speaks in another one does not host this room, whatever it once said.
    if (from !== room.host || message.term === room.term) work.lastHeard = s.now
    work.connected = true
    work.downSince = 0
  }
  if (body.case === 'hostChanged') return onHostChanged(ctx, from, message, body.value)
  if (message.term < room.term) {
    // Whoever lives in an old term is told of the new one.
    if (isHost(ctx, room) && body.case === 'heartbeat') tellHost(ctx, room, from)
    return refuse(ctx, 'message of an old term')
  }
  if (message.term > room.term) {
    // The host itself says it: then its announcement was lost.
    if (body.case === 'heartbeat' && body.value.host === from) {
      onHostChanged(ctx, from, message, { host: from, joinOrder: room.members.map(({ peer }) => peer) })
    }
    return refuse(ctx, 'message of a later term')
  }
  onMemberMessage(ctx, room, from, message)
}

function onMemberMessage(ctx: Context, room: Room, from: PeerId, message: Message): void {
  const { body } = message
  switch (body.case) {
    case 'membersChanged':
      return onMembersChanged(ctx, room, from, body.value)
    case 'heartbeat':
      return onHeartbeat(ctx, room, from, body.value)
    case 'leave':
      return onLeave(ctx, room, from, message, body.value)
    case 'expelled':
      if (from !== room.host || body.value.peer !== ctx.s.self || from === ctx.s.self) return refuse(ctx, 'expulsion of no host')
      note(ctx, { kind: 'expelledSelf', reason: body.value.reason })
      // A host that blames others for what it withholds itself is not asked again.
      if (withholds(ctx, room, ctx.s.options.revealMs / 2)) distrust(ctx.s, room.host)
      if (!turnedAway(ctx.s, room.host, 2)) for (const { ref } of room.rounds) cool(ctx.s, roomTopic(ref), EXPELLED_MS)
      return release(ctx)
    case 'syncState':
      return onSyncState(ctx, room, from, body.value)
    case 'successor':
      onSuccessor(ctx, room, from, body.value)
      return pull(ctx)
    case 'chunkRequest':
      return onChunkRequest(ctx, room, from, body.value)
    case undefined:
      return refuse(ctx, 'unknown message')
    default:
      return onRoundMessage(ctx, room, from, message)
  }
}

function onRoundMessage(ctx: Context, room: Room, from: PeerId, message: Message): void {
  const { body } = message
  const round = findRound(room, message.block, message.microjob)
  if (round === undefined) return refuse(ctx, 'message about no round here')
  const author = authorOf(from, message)
  if (author !== from && (from !== room.host || author === ctx.s.self)) return refuse(ctx, 'message passed on by no host')
  switch (body.case) {
    case 'commit':
      return onCommit(ctx, room, round, from, body.value)
    case 'chunkGrant':
      return onChunkGrant(ctx, room, round, from, body.value)
    case 'grantNotice':
      return onGrantNotice(ctx, room, round, from, body.value)
    case 'result':
      return onResult(ctx, room, round, from, body.value)
    case 'resultsVoided':
      return onResultsVoided(ctx, room, round, from, body.value)
    case 'rootFixed':
      return onRootFixed(ctx, room, round, from, body.value)
    case 'reveal':
      if (onReveal(ctx, room, round, author, body.value, author !== from) && isHost(ctx, room))
        convict(ctx, room, round, from, 'its reveal does not open its commitment')
      return
    case 'verifierReport':
      return onReport(ctx, room, round, author, body.value)
    case 'checkReply':
      return onCheckReply(ctx, room, round, author, body.value)
    case 'completed':
      return onCompleted(ctx, room, round, from, body.value)
    default:
      refuse(ctx, 'message with no place on a wire')
  }
}

function onLeave(ctx: Context, room: Room, from: PeerId, message: Message, body: BodyOf<'leave'>): void {
  if (from === ctx.s.self) return
  if (isHost(ctx, room)) return removeMember(ctx, room, from, body.reason)
  const work = room.work[from]
  if (work !== undefined) work.downSince = 1
  if (from !== room.host) return
  if (body.successor !== '') return yieldTo(ctx, room, body.successor, message)
  if (room.rounds.length === 0 || processors(room).length <= 1) return release(ctx)
  hostGone(ctx, room, body.reason)
}
