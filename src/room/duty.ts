import { cidOfHash } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { processors } from './context.ts'
import type { Context } from './context.ts'
import { slotOf } from './round.ts'
import type { Draw, Room, Round } from './state.ts'

/** Who owes a draw something, and how long it is waited for. */

/** What somebody says a chunk's output is. */
export interface Opinion {
  peer: PeerId
  output: string
}

/** Each chunk on which a checker disagreed, with the processor's claim and what others found. */
export function disputes(round: Round, draw: Draw): { chunk: number; claim: Opinion; opinions: Opinion[] }[] {
  const found: { chunk: number; claim: Opinion; opinions: Opinion[] }[] = []
  const reports: [PeerId, Draw['report']][] = [
    [draw.order?.[0] ?? '', draw.report],
    [draw.second ?? '', draw.secondReport],
  ]
  for (const [checker, report] of reports) {
    for (const { chunk, peer, expected, agrees } of report?.checked ?? []) {
      const result = slotOf(round, chunk)?.result
      if (agrees || result == null) continue
      const replies = draw.replies.filter((entry) => entry.chunk === chunk && entry.peer !== peer && entry.peer !== checker)
      found.push({
        chunk,
        claim: { peer, output: cidOfHash(result.hash) },
        opinions: [{ peer: checker, output: expected }, ...replies.map((entry) => ({ peer: entry.peer, output: cidOfHash(entry.hash) }))],
      })
    }
  }
  return found
}

/** Who is asked next: in the order of the draw, then anybody who took part in it. */
export function nextArbiter(room: Room, draw: Draw, voters: ReadonlySet<PeerId>): PeerId | null {
  const here = new Set(processors(room).map(({ peer }) => peer))
  return [...(draw.order ?? []), ...draw.entropy.map(({ peer }) => peer)].find((peer) => here.has(peer) && !voters.has(peer)) ?? null
}

/** Whose report or opinion the draw is waiting for, or null. */
export function awaited(room: Room, round: Round, draw: Draw): PeerId | null {
  if (round.stage === 'checking') return draw.report === null ? (draw.order?.[0] ?? null) : draw.secondReport === null ? draw.second : null
  if (round.stage !== 'disputed') return null
  const voters = new Set(disputes(round, draw).flatMap(({ claim, opinions }) => [claim, ...opinions].map(({ peer }) => peer)))
  return nextArbiter(room, draw, voters)
}

/** Chunks that a draw still waits for this peer to have recomputed, at most: 0 when it owes nothing. */
function owedBy(room: Room, round: Round, draw: Draw, peer: PeerId): number {
  if (round.stage === 'disputed') return awaited(room, round, draw) === peer ? disputes(round, draw).length : 0
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
