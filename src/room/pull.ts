import type { PeerId } from '../domain/ids.ts'
import { about, emit, findRound, memberOf, refuse, send } from './context.ts'
import type { Context } from './context.ts'
import type { BodyOf } from './message.ts'
import { clearResult, noteGrant, slotOf } from './round.ts'
import type { ChunkSlot, Room, Round } from './state.ts'

const REQUEST_AGAIN_MS = 1_500

/** Asks for as much as the hands hold: one chunk running a slot, and a queue. */
export function pull(ctx: Context): void {
  const { s } = ctx
  const { room } = s
  if (room === null || s.finishing || s.paused || memberOf(room, s.self)?.observer !== false) return
  const want = s.capabilities.slots + s.options.queue - s.inHand.length
  if (want <= 0) return
  if (want <= room.requestedWant && s.now - room.requestedAt < REQUEST_AGAIN_MS) return
  room.requestedWant = want
  room.requestedAt = s.now
  send(ctx, room.host, about(room, undefined, { case: 'chunkRequest', value: { want } }))
}

export function onChunkGrant(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'chunkGrant'>): void {
  const { s } = ctx
  if (from !== room.host) return refuse(ctx, 'grant of no host')
  const place = s.capabilities.slots + s.options.queue
  for (const chunk of body.chunks) {
    const slot = slotOf(round, chunk)
    if (slot === undefined || s.inHand.length >= place) continue
    if (slot.result !== null && !isIgnored(ctx, round, slot)) continue
    if (s.inHand.some((hand) => hand.chunk === chunk)) continue
    if (slot.result !== null) clearResult(slot)
    s.inHand.push({ block: round.ref.block, microjob: round.ref.microjob, chunk, attempt: body.attempt, running: false })
    noteGrant(slot, { peer: s.self, attempt: body.attempt, at: s.now, deadline: s.now + body.deadlineMs })
    room.requestedWant = Math.max(0, room.requestedWant - 1)
    room.progressAt = s.now
  }
  pump(ctx, room)
}

/** Another's result, for so long that the host would have it if it counted: it never asked for that one. */
function isIgnored({ s }: Context, round: Round, { result, resultAt }: ChunkSlot): boolean {
  return round.draw === null && result?.peer !== s.self && s.now - resultAt >= IGNORED_MS
}

const IGNORED_MS = 3_000

/** Starts what the slots have room for. */
export function pump(ctx: Context, room: Room): void {
  const { s } = ctx
  let running = s.inHand.filter((hand) => hand.running).length
  for (const hand of s.inHand) {
    if (running >= s.capabilities.slots || s.paused) return
    const round = findRound(room, hand.block, hand.microjob)
    if (hand.running || round === undefined) continue
    hand.running = true
    running++
    emit(ctx, { type: 'compute', ref: round.ref, chunk: hand.chunk, attempt: hand.attempt })
  }
}
