import type { PeerId } from '../domain/ids.ts'
import { isHost, send } from './context.ts'
import type { Context } from './context.ts'
import { mayRepeatFor, newEpoch, reveal } from './draw.ts'
import { replyMessage, reportMessage, revealMessage, rootMessage } from './draw-message.ts'
import type { Draw } from './draw-state.ts'
import { owedBy } from './duty.ts'
import type { BodyOf } from './message.ts'
import type { Room, Round } from './state.ts'

type HaveInfo = BodyOf<'heartbeat'>['have'][number]

/** What a heartbeat says of the sender's place in a draw. */
export function drawInfo(round: Round): Pick<HaveInfo, 'attempt' | 'reveals' | 'reports' | 'replies'> {
  const { draw } = round
  const reports = (draw?.report == null ? 0 : HAS_REPORT) + (draw?.secondReport == null ? 0 : HAS_SECOND)
  return { attempt: draw?.attempt ?? 0, reveals: revealsOf(round).length, reports, replies: draw?.replies.length ?? 0 }
}

/** Secrets that the draw counts. */
function revealsOf({ draw, reveals }: Round): Round['reveals'] {
  return draw === null ? [] : reveals.filter(({ peer }) => draw.entropy.some((entry) => entry.peer === peer))
}

const HAS_REPORT = 1
const HAS_SECOND = 2

/** Heartbeats within which a member that has a wire to another has said to it what it lacks. */
export const PASS_ON_BEATS = 2

/**
 * A member's heartbeat shows what it lacks of a draw: this node's part of that is said again. The host, to whom everybody
 * has a wire, then passes on what others have said: they have none to this member, or have gone. Each part proves itself.
 */
export function resendDraw(ctx: Context, room: Room, round: Round, to: PeerId, known: HaveInfo): void {
  const { draw } = round
  const { self, now, options } = ctx.s
  // What was sent a moment ago is still on its way.
  if (draw === null || known.epoch !== round.epoch || now - draw.since < options.heartbeatMs) return
  const passesOn = isHost(ctx, room) && now - draw.since >= PASS_ON_BEATS * options.heartbeatMs
  const says = (peer: PeerId): boolean => peer === self || (passesOn && peer !== to)
  const named = (peer: PeerId): PeerId => (peer === self ? '' : peer)
  if (isHost(ctx, room) && known.attempt < draw.attempt) send(ctx, to, rootMessage(room, round, draw))
  if (passesOn && cannotLearn(ctx, room, round, draw, to, known) && mayRepeatFor(room, to)) return newEpoch(ctx, room, round, '', [])
  if (known.reveals < draw.entropy.length) reveal(ctx, room, round, to)
  const shown = revealsOf(round)
  if (known.reveals < shown.length)
    for (const entry of shown) if (entry.peer !== self && says(entry.peer)) send(ctx, to, revealMessage(room, round, entry, entry.peer))
  const { report, secondReport, order, second, replies } = draw
  const verifier = order?.[0] ?? ''
  if (report !== null && says(verifier) && (known.reports & HAS_REPORT) === 0)
    send(ctx, to, reportMessage(room, round, draw, report, named(verifier)))
  if (secondReport !== null && second !== null && says(second) && (known.reports & HAS_SECOND) === 0)
    send(ctx, to, reportMessage(room, round, draw, secondReport, named(second)))
  for (const reply of replies) {
    // Whose answers it has is not told: each says its own again and again.
    const isLacked = reply.peer === self || known.replies < replies.length
    if (isLacked && says(reply.peer)) send(ctx, to, replyMessage(room, round, draw, reply, named(reply.peer)))
  }
}

/**
 * A checker still lacks a secret whose owner does not answer for its results: only the owner itself can show that one, and
 * it has no wire to the checker, or has gone.
 */
function cannotLearn(ctx: Context, room: Room, round: Round, draw: Draw, checker: PeerId, known: HaveInfo): boolean {
  if (ctx.s.now - draw.since < 2 * PASS_ON_BEATS * ctx.s.options.heartbeatMs) return false
  if (known.attempt !== draw.attempt || known.reveals >= draw.entropy.length || owedBy(room, round, draw, checker) === 0) return false
  return round.reveals.some(({ peer, signature }) => signature.length === 0 && round.slots.some(({ result }) => result?.peer === peer))
}
