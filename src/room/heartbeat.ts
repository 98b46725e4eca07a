import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import { about, broadcast, findRound, isHost, memberOf, send } from './context.ts'
import type { Context } from './context.ts'
import { membersMessage } from './crew.ts'
import { catchUp } from './draw.ts'
import { PASS_ON_BEATS, drawInfo, resendDraw } from './draw-again.ts'
import { noteProgress, progressOf } from './duty.ts'
import { noteInHand } from './grant.ts'
import { dropRound, sendSuccessor } from './lead.ts'
import { resultMessage } from './result.ts'
import type { BodyOf } from './message.ts'
import { hasBit, haveBitmap, ownCommitment, setCommitment } from './round.ts'
import { leaveToOthers } from './seek.ts'
import { declareStandings, noteStandings } from './standing.ts'
import type { Room, Round } from './state.ts'

/** Results sent again to one member within one heartbeat. */
const RESENT_AT_ONCE = 8
/** Of results from before its time, of which it knows the hashes: their bytes must not fill a newcomer's link. */
const CAUGHT_UP_AT_ONCE = 1
const MAX_IN_HAND = 64
const UNLISTED_BEATS = 5
/** What a room gave up is better tried by others first. */
const UNLISTED_COOLDOWN_MS = 15_000

/**
 * Everybody, about once a second: that one is alive, which outputs one holds, what one commits to and what one has in
 * hand. Whatever a lost message should have brought is noticed from this and sent again.
 */
export function heartbeat(ctx: Context, room: Room): void {
  const { s } = ctx
  if (s.now - room.lastHeartbeat < s.options.heartbeatMs) return
  room.lastHeartbeat = s.now
  const observer = memberOf(room, s.self)?.observer !== false
  broadcast(
    ctx,
    room,
    about(room, undefined, {
      case: 'heartbeat',
      value: {
        host: room.host,
        version: room.version,
        have: room.rounds.map((round) => ({
          block: round.ref.block,
          microjob: round.ref.microjob,
          bitmap: haveBitmap(round),
          epoch: round.epoch,
          commitment: observer ? new Uint8Array(0) : ownCommitment(s, round),
          checked: round.draw === null ? 0 : progressOf(round.draw, s.self),
          ...drawInfo(round),
        })),
        inHand: [...s.inHand, ...s.unconfirmed].slice(0, MAX_IN_HAND).map(({ chunk }) => chunk),
        standings: declareStandings(s, room),
      },
    }),
  )
}

export function onHeartbeat(ctx: Context, room: Room, from: PeerId, body: BodyOf<'heartbeat'>): void {
  const { s } = ctx
  const work = room.work[from]
  if (work !== undefined) {
    work.inHand = body.inHand
    work.reportedAt = s.now
  }
  noteStandings(room, from, body)
  const member = memberOf(room, from)
  const left = { missed: RESENT_AT_ONCE, older: CAUGHT_UP_AT_ONCE }
  const told = new Set<Round>()
  for (const entry of body.have) {
    const round = findRound(room, entry.block, entry.microjob)
    if (round !== undefined && told.has(round)) continue
    if (round === undefined) {
      sendCertificate(ctx, room, from, entry)
      continue
    }
    told.add(round)
    if (entry.epoch === round.epoch && entry.commitment.length === 32 && member?.observer === false)
      setCommitment(round, from, entry.commitment)
    if (entry.epoch === round.epoch) noteProgress(ctx, room, round, from, entry.checked)
    if (from === room.host) confirm(ctx, round, entry.bitmap)
    sendMissing(ctx, room, round, from, entry.bitmap, left)
    resendDraw(ctx, room, round, from, entry)
  }
  if (from === room.host) dropUnlisted(ctx, room, body)
  if (!isHost(ctx, room)) return
  noteInHand(ctx, room, from)
  if (member?.observer === false) catchUp(ctx, room, from, aheadOf(room, body))
  if (body.version !== room.version) send(ctx, from, membersMessage(room, []))
  for (const round of room.rounds) {
    const known = body.have.find((entry) => entry.block === round.ref.block && entry.microjob === round.ref.microjob)
    if (known === undefined || known.epoch < round.epoch) sendSuccessor(ctx, room, round, from)
  }
}

/** Rounds in which the sender is further than this node. */
function aheadOf(room: Room, body: BodyOf<'heartbeat'>): { round: Round; epoch: number }[] {
  return body.have.flatMap(({ block, microjob, epoch }) => {
    const round = findRound(room, block, microjob)
    return round !== undefined && epoch > round.epoch ? [{ round, epoch }] : []
  })
}

/** Rounds that the host no longer has are over, one way or another. */
function dropUnlisted(ctx: Context, room: Room, body: BodyOf<'heartbeat'>): void {
  for (const round of [...room.rounds]) {
    const listed = body.have.some((entry) => entry.block === round.ref.block && entry.microjob === round.ref.microjob)
    round.unlistedBeats = listed ? 0 : round.unlistedBeats + 1
    if (round.unlistedBeats < UNLISTED_BEATS) continue
    leaveToOthers(ctx.s, roomTopic(round.ref), UNLISTED_COOLDOWN_MS)
    dropRound(ctx, room, round, false)
  }
}

/** The host holds what this node computed: nothing more to worry about. */
function confirm(ctx: Context, round: Round, bitmap: Uint8Array): void {
  const { s } = ctx
  if (s.unconfirmed.length === 0) return
  s.unconfirmed = s.unconfirmed.filter(
    ({ block, microjob, chunk }) =>
      block !== round.ref.block || microjob !== round.ref.microjob || !hasBit(bitmap, chunk - round.ref.firstChunk),
  )
}

/**
 * Sends a member the results that it lacks: one's own, in turn with the others those of peers who have left, and as host,
 * once it is fixed whose they are, those of members who may have no wire to it.
 * @param left how many more may go now; counted down
 */
function sendMissing(
  ctx: Context,
  room: Room,
  round: Round,
  to: PeerId,
  bitmap: Uint8Array,
  left: { missed: number; older: number },
): void {
  const { s } = ctx
  const others = room.members.filter(({ peer }) => peer !== to)
  const place = others.findIndex(({ peer }) => peer === s.self)
  const beat = Math.floor(s.now / s.options.heartbeatMs)
  const since = to === room.host ? 0 : (room.work[to]?.since ?? 0)
  for (const [i, slot] of round.slots.entries()) {
    const { result } = slot
    if (result === null || !slot.held || hasBit(bitmap, i)) continue
    // What was sent a moment ago is still on its way.
    if (s.now - slot.resultAt < s.options.heartbeatMs) continue
    const orphan = memberOf(room, result.peer) === undefined
    const passedOn =
      result.peer !== s.self &&
      !orphan &&
      isHost(ctx, room) &&
      round.draw !== null &&
      s.now - round.draw.since >= PASS_ON_BEATS * s.options.heartbeatMs
    if (result.peer !== s.self && !passedOn && !(orphan && (slot.chunk + beat) % others.length === place)) continue
    const kind = passedOn || slot.resultAt < since ? 'older' : 'missed'
    if (left[kind] === 0) continue
    left[kind]--
    send(ctx, to, resultMessage(room, round, slot, slot.attempts, 0))
  }
}

/** A member still works on what is complete: it missed the certificate. */
function sendCertificate(ctx: Context, room: Room, to: PeerId, entry: { block: string; microjob: number }): void {
  const known = ctx.s.recent.find(({ ref }) => roomTopic(ref) === roomTopic(entry))
  if (known === undefined) return
  const message = about(room, undefined, { case: 'completed', value: { certificate: known.certificate } })
  send(ctx, to, { ...message, block: entry.block, microjob: entry.microjob })
}
