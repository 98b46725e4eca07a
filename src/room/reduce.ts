import { roomTopic } from '../domain/job.ts'
import { about, broadcast, findRound, isHost, isOfAnotherRoom, memberOf, note, refuse, setMembers, updateTopics } from './context.ts'
import type { Context } from './context.ts'
import { drawTick, judge, learnConvictions, signCertificate } from './check.ts'
import { onFetched, onSigned, recordAgain, seekOutputs } from './complete.ts'
import { settle } from './draw.ts'
import { onChecked, owedBy } from './duty.ts'
import type { Effect, RoomEvent } from './event.ts'
import { hostTick, onJoinRequest, releaseClaims } from './host.ts'
import { grantOpen } from './grant.ts'
import { heartbeat } from './heartbeat.ts'
import { disbandIfDone, dropUnlisted, lead, releaseUndecided } from './lead.ts'
import { onAnnounceInRoom } from './merge.ts'
import type { Message } from './message.ts'
import { pull, pump } from './pull.ts'
import { onMessage } from './receive.ts'
import { onComputed } from './result.ts'
import { onAnnounce, onHostChangedWhileJoining, onRefused, onWork, seek, seekStep } from './seek.ts'
import { learnStandings } from './standing.ts'
import type { RoomState } from './state.ts'
import { dropRoom, onHostChanged, release, stepBack, watchHost } from './takeover.ts'
import { onVerified } from './check.ts'

/**
 * One step of the room protocol. Pure but for ownership: it consumes `state` and returns it changed, so the caller
 * keeps only what it gets back. The same state and event always give the same state and effects. It never throws.
 */
export function reduce(state: RoomState, event: RoomEvent): { state: RoomState; effects: Effect[] } {
  const ctx: Context = { s: state, effects: [], local: [] }
  resumeAfterSuspension(ctx, event.now)
  state.now = Math.max(state.now, event.now)
  apply(ctx, event)
  drainLocal(ctx)
  advance(ctx)
  drainLocal(ctx)
  return { state, effects: ctx.effects }
}

/** Messages to oneself; a step that never ends would be a fault, so it is bounded. */
function drainLocal(ctx: Context): void {
  for (let i = 0; i < MAX_LOCAL; i++) {
    const message = ctx.local.shift()
    if (message === undefined) return
    onMessage(ctx, ctx.s.self, message)
  }
  ctx.local = []
}

const MAX_LOCAL = 1_000

/** Timers stood still: what should have happened meanwhile was not missed by anybody, so nobody is blamed. */
function resumeAfterSuspension(ctx: Context, now: number): void {
  const { s } = ctx
  const gap = now - s.now
  if (gap < s.options.suspendMs || s.room === null) return
  s.room.progressAt += gap
  if (s.room.doubtedSince > 0) s.room.doubtedSince += gap
  for (const work of Object.values(s.room.work)) {
    work.lastHeard += gap
    if (work.downSince > 0) work.downSince += gap
    if (work.reportedAt > 0) work.reportedAt += gap
  }
  for (const { slots, draw } of s.room.rounds) {
    for (const slot of slots) {
      slot.resultAt += gap
      for (const grant of slot.grants) {
        grant.at += gap
        grant.deadline += gap
      }
    }
    if (draw !== null) draw.deadline += gap
  }
}

function apply(ctx: Context, event: RoomEvent): void {
  const { s } = ctx
  const { room } = s
  switch (event.type) {
    case 'tick':
      return tick(ctx)
    case 'start':
      s.finishing = false
      s.paused = false
      if (s.activity.kind === 'off') seek(ctx)
      return
    case 'stop':
      if (event.finish && room !== null && s.inHand.length > 0) s.finishing = true
      else leave(ctx, 'stopped by its owner')
      return
    case 'pause':
      s.paused = true
      return
    case 'resume':
      s.paused = false
      return work(ctx)
    case 'capabilities':
      s.capabilities = event.capabilities
      return
    case 'work':
      return onWork(ctx, event.items)
    case 'standings':
      learnStandings(s, event.passed)
      return learnConvictions(ctx, event.convicted)
    case 'gossip':
      return onGossip(ctx, event.topic, event.from, event.message)
    case 'message':
      // What a node says to itself never leaves the step in which it says it.
      if (event.from === s.self) return refuse(ctx, 'message in our own name')
      return onMessage(ctx, event.from, event.message)
    case 'connection':
      return onConnection(ctx, event.peer, event.up)
    case 'requestFailed':
      if (event.peer !== room?.host || event.peer === s.self) return refuse(ctx, 'failed request to no host')
      return onConnection(ctx, event.peer, false)
    case 'computed':
      return onComputed(ctx, event)
    case 'computeFailed':
      // A chunk that this node cannot compute goes back; the host learns it from the next heartbeat.
      s.inHand = s.inHand.filter((hand) => hand.chunk !== event.chunk || hand.block !== event.block)
      refuse(ctx, `chunk failed here: ${event.reason.slice(0, 80)}`)
      return work(ctx)
    case 'fetched': {
      const round = room === null ? undefined : findRound(room, event.block, event.microjob)
      if (round !== undefined) onFetched(round, event.chunk, event.hash)
      return
    }
    case 'checked': {
      const round = room === null ? undefined : findRound(room, event.block, event.microjob)
      if (room !== null && round !== undefined) onChecked(ctx, room, round, event.attempt)
      return
    }
    case 'verified': {
      const round = room === null ? undefined : findRound(room, event.block, event.microjob)
      if (room !== null && round !== undefined) onVerified(ctx, room, round, event.attempt, event.checked)
      return
    }
    case 'checkFailed': {
      const round = room === null ? undefined : findRound(room, event.block, event.microjob)
      if (room === null || round?.draw == null || round.draw.attempt !== event.attempt) return
      // What nobody waits for any longer keeps nobody waiting.
      if (round.draw.arbitrating.length === 0 && owedBy(room, round, round.draw, s.self) === 0) return
      refuse(ctx, `check failed here: ${event.reason.slice(0, 80)}`)
      return stepBack(ctx, room, 'cannot check what it was drawn to check')
    }
    case 'signed': {
      const { purpose } = event
      const round = room === null ? undefined : findRound(room, purpose.block, purpose.microjob)
      if (room !== null && round !== undefined) onSigned(ctx, room, round, purpose, event.bytes, event.signature)
    }
  }
}

function work(ctx: Context): void {
  if (ctx.s.room === null) return
  pump(ctx, ctx.s.room)
  pull(ctx)
}

function tick(ctx: Context): void {
  const { s } = ctx
  seekStep(ctx)
  recordAgain(ctx)
  const { room } = s
  if (room === null) return
  dropUnlisted(ctx, room)
  if (isHost(ctx, room)) {
    hostTick(ctx, room)
    drawTick(ctx, room)
    seekOutputs(ctx, room)
    releaseUndecided(ctx, room)
    if (s.now - room.lastHeartbeat >= s.options.heartbeatMs) for (const round of room.rounds) signCertificate(ctx, room, round)
  } else {
    watchHost(ctx, room)
  }
  if (s.room === null) return
  heartbeat(ctx, s.room)
  pull(ctx)
}

/** What follows from the state after every step. */
function advance(ctx: Context): void {
  const { s } = ctx
  const { room } = s
  if (room === null) return
  if (s.finishing && s.inHand.length === 0) return leave(ctx, 'finished and stopped by its owner')
  judge(ctx, room)
  if (!isHost(ctx, room)) return
  if (room.hostDiscredited === 'wrong') {
    // Two others say that this node computed something wrong: it is not the one to lead them.
    leave(ctx, 'its own results were proven wrong')
    return seek(ctx)
  }
  settle(ctx, room)
  lead(ctx, room)
  grantOpen(ctx, room)
  if (disbandIfDone(ctx, room)) release(ctx)
}

function leave(ctx: Context, reason: string): void {
  const { s } = ctx
  if (s.room !== null) {
    if (isHost(ctx, s.room) && s.room.members.length === 1) releaseClaims(ctx, s.room)
    broadcast(ctx, s.room, about(s.room, undefined, { case: 'leave', value: { reason, successor: '' } }))
    note(ctx, { kind: 'left' })
  }
  dropRoom(ctx)
  s.keepsake = []
  s.activity = { kind: 'off' }
  s.finishing = false
  setMembers(ctx, [])
  updateTopics(ctx)
}

function onConnection(ctx: Context, peer: string, up: boolean): void {
  const work = ctx.s.room?.work[peer]
  if (work === undefined) return
  if (up) {
    work.connected = true
    work.downSince = 0
    work.lastHeard = ctx.s.now
  } else if (work.downSince === 0) {
    work.downSince = ctx.s.now
  }
}

function onGossip(ctx: Context, topic: string, from: string, message: Message): void {
  const { s } = ctx
  const { body } = message
  if (s.activity.kind === 'off' || from === s.self) return
  if (body.case === 'roomAnnounce') {
    const { microjobs } = body.value
    for (const microjob of microjobs.length === 0 ? [message.microjob] : new Set(microjobs)) {
      const told = { ...message, microjob }
      onAnnounce(ctx, from, told, body.value)
      if (s.room !== null) onAnnounceInRoom(ctx, s.room, from, told, body.value)
    }
    return
  }
  if (topic !== roomTopic(message)) return refuse(ctx, 'message on a foreign topic')
  if (body.case === 'joinRequest') return onJoinRequest(ctx, from, message, body.value)
  if (body.case === 'joinRefused') return onRefused(ctx, from, message, body.value)
  if (body.case !== 'hostChanged') return refuse(ctx, 'unknown gossip')
  onHostChangedWhileJoining(ctx, from, message)
  // A member hears it by wire as well; of a stranger's room only those who are in none take notice.
  if (s.room !== null && memberOf(s.room, from) !== undefined && !isOfAnotherRoom(s.room, message))
    onHostChanged(ctx, from, message, body.value)
}
