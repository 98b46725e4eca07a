import { disputes, rightAnswer } from '../domain/dispute.ts'
import type { Dispute } from '../domain/dispute.ts'
import { cidOfHash } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { revealedEntropy } from './answer.ts'
import { processors } from './context.ts'
import type { Context } from './context.ts'
import type { Draw } from './draw-state.ts'
import type { Room, Round } from './state.ts'

/** Who owes a draw something, and how long it is waited for. */

/** Each chunk on which a checker disagreed, with what was said of it so far. */
export function disputesOf(room: Room, round: Round, draw: Draw): Dispute[] {
  // Two of a small draw decide nothing while somebody has come since who can be asked in another.
  const newcomer = processors(room).find(({ peer }) => !draw.entropy.some((entry) => entry.peer === peer))?.peer ?? null
  const [verifier] = draw.order ?? []
  const found = disputes({
    chunks: round.slots.flatMap(({ chunk, result }) =>
      result === null ? [] : [{ chunk, peer: result.peer, output: cidOfHash(result.hash) }],
    ),
    entropy: revealedEntropy(round, draw),
    order: draw.order ?? [],
    verifier: verifier ?? '',
    second: draw.second,
    checked: [...(draw.report?.checked ?? []), ...(draw.secondReport?.checked ?? [])],
    replies: draw.replies.map(({ peer, chunk, hash }) => ({ peer, chunk, output: cidOfHash(hash) })),
  })
  return found.map((dispute) => ({ ...dispute, next: dispute.next ?? newcomer }))
}

/** Whose report or opinion the draw is waiting for, or null. */
export function awaited(room: Room, round: Round, draw: Draw): PeerId | null {
  if (round.stage === 'checking') return draw.report === null ? (draw.order?.[0] ?? null) : draw.secondReport === null ? draw.second : null
  if (round.stage !== 'disputed') return null
  return disputesOf(room, round, draw).find((dispute) => rightAnswer(dispute) === null)?.next ?? null
}

/** Chunks that a draw still waits for this peer to have recomputed, at most: 0 when it owes nothing. */
export function owedBy(room: Room, round: Round, draw: Draw, peer: PeerId): number {
  if (round.stage === 'disputed') return awaited(room, round, draw) === peer ? disputesOf(room, round, draw).length : 0
  if (round.stage !== 'checking') return 0
  if (peer === draw.order?.[0]) return draw.report === null ? draw.sample.length : 0
  return peer === draw.second && draw.secondReport === null ? draw.secondSample.length : 0
}

/** Time that a checker has for one chunk, ms. */
export function checkMs(ctx: Context, room: Room): number {
  return Math.max(room.deadlineMs, ctx.s.options.deadlineFloorMs)
}

export function progressOf(draw: Draw, peer: PeerId): number {
  return draw.progress.find((entry) => entry.peer === peer)?.chunks ?? 0
}

/** This node has recomputed one more chunk of its part. */
export function onChecked(ctx: Context, room: Room, round: Round, attempt: number): void {
  const { draw } = round
  if (draw !== null && draw.attempt === attempt) noteProgress(ctx, room, round, ctx.s.self, progressOf(draw, ctx.s.self) + 1)
}

/**
 * A checker says how many of its chunks it has recomputed. No chunk counts twice and none that was not drawn: whoever
 * only pretends gains no more time than it had for its part.
 */
export function noteProgress(ctx: Context, room: Room, round: Round, peer: PeerId, chunks: number): void {
  const { draw } = round
  if (draw === null || chunks <= progressOf(draw, peer) || chunks > owedBy(room, round, draw, peer)) return
  draw.progress = [...draw.progress.filter((entry) => entry.peer !== peer), { peer, chunks }]
  moveOn(ctx, room, round, peer)
}

/**
 * A checker got further in a round: it has time for another chunk there, and in the rounds of later chunks, which it
 * takes up after this one. What it does in those moves nothing here, so nobody gains time by new work without end.
 */
export function moveOn(ctx: Context, room: Room, { ref }: Round, peer: PeerId): void {
  room.progressAt = ctx.s.now
  const due = ctx.s.now + checkMs(ctx, room)
  for (const round of room.rounds) {
    const { draw } = round
    if (draw === null || round.ref.firstChunk < ref.firstChunk || owedBy(room, round, draw, peer) === 0) continue
    draw.deadline = Math.max(draw.deadline, due)
  }
}
