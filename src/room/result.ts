import { equalBytes } from '../domain/bytes.ts'
import type { PeerId } from '../domain/ids.ts'
import { say } from './answer.ts'
import { about, broadcast, emit, findRound, isHost, memberOf, note, refuse, send } from './context.ts'
import type { Context } from './context.ts'
import { notePace } from './grant.ts'
import type { BodyOf, Message } from './message.ts'
import { pull, pump } from './pull.ts'
import { acceptResult, resultFrom, resultInfo, slotOf } from './round.ts'
import type { ChunkResult, ChunkSlot, Room, Round } from './state.ts'

const MAX_UNCONFIRMED = 32

/** This node finished a chunk: every member hears it. */
export function onComputed(
  ctx: Context,
  event: { block: string; microjob: number; chunk: number; attempt: number; result: ChunkResult; ms: number },
): void {
  const { s } = ctx
  const { room } = s
  if (event.result.peer !== s.self) return refuse(ctx, "computed in another's name")
  const asked = s.inHand.some((hand) => hand.chunk === event.chunk && hand.block === event.block && hand.running)
  s.inHand = s.inHand.filter((hand) => hand.chunk !== event.chunk || hand.block !== event.block)
  s.chunksDone++
  s.fuelDone += event.result.fuel
  if (room === null) return
  const round = findRound(room, event.block, event.microjob)
  const slot = round === undefined ? undefined : slotOf(round, event.chunk)
  if (round !== undefined && slot !== undefined && asked) {
    say(s, round.ref, event.chunk, event.result.hash)
    if (slot.result === null) {
      acceptResult(slot, event.result, true, s.now)
      room.progressAt = s.now
      notePace(room, s.self, event.ms)
      noteRelieved(ctx, room, slot)
      if (!isHost(ctx, room)) {
        s.unconfirmed.push({ block: event.block, microjob: event.microjob, chunk: event.chunk })
        if (s.unconfirmed.length > MAX_UNCONFIRMED) s.unconfirmed.shift()
      }
      broadcast(ctx, room, resultMessage(room, round, slot, event.attempt, event.ms))
    } else if (!equalBytes(slot.result.hash, event.result.hash)) {
      if (isHost(ctx, room) && round.draw === null) slot.disputed = true
      // The host must hear the second opinion, whoever was first.
      const opinion = { ...slot, result: event.result }
      if (!isHost(ctx, room)) send(ctx, room.host, resultMessage(room, round, opinion, event.attempt, event.ms))
    }
  }
  pump(ctx, room)
  pull(ctx)
}

/** A result as its message; the runner attaches the data. */
export function resultMessage(room: Room, round: Round, slot: ChunkSlot, attempt: number, ms: number): Message {
  return about(room, round, {
    case: 'result',
    value: { info: slot.result === null ? undefined : resultInfo(slot, slot.result), attempt, ms: Math.round(ms), data: undefined },
  })
}

/** A member's result. The first that fits counts; late, doubled and foreign ones change nothing. */
export function onResult(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'result'>): void {
  const { s } = ctx
  const { info } = body
  const slot = info === undefined ? undefined : slotOf(round, info.chunk)
  if (info === undefined || slot === undefined || info.hash.length !== 32) return refuse(ctx, 'result of no chunk here')
  if (room.expelled.includes(info.peer)) return refuse(ctx, 'result of somebody who was expelled')
  const forwarded = info.peer !== from
  const isMember = memberOf(room, info.peer) !== undefined && info.peer !== s.self
  const same = slot.result !== null && equalBytes(slot.result.hash, info.hash)
  // What is known already nobody can falsify: only its bytes are new.
  if (forwarded && isMember && !same) return refuse(ctx, "result in a member's name")
  if (slot.result !== null) {
    // Whoever computed it: the bytes are here now.
    if (same) slot.held = true
    else if (isHost(ctx, room) && slot.rivals.includes(from) && !forwarded && round.draw === null) slot.disputed = true
    return
  }
  if (forwarded && !isMember && !room.departures.some(({ peer }) => peer === info.peer)) return refuse(ctx, 'result of a stranger')
  const asked = slot.grants.some(({ peer }) => peer === info.peer)
  if (isHost(ctx, room) && !asked && !forwarded) return refuse(ctx, 'result that nobody asked for')
  acceptResult(slot, resultFrom(info), true, s.now)
  room.progressAt = s.now
  if (!forwarded) notePace(room, from, body.ms)
  noteRelieved(ctx, room, slot)
  dropFromHand(ctx, round, info.chunk)
  pump(ctx, room)
  pull(ctx)
}

/** Host, for people: who had the chunk as well. */
function noteRelieved(ctx: Context, room: Room, { chunk, rivals }: ChunkSlot): void {
  if (isHost(ctx, room)) for (const peer of rivals) note(ctx, { kind: 'relieved', chunk, peer })
}

/** Somebody else was faster. */
export function dropFromHand(ctx: Context, round: Round, chunk: number): void {
  const { s } = ctx
  const hand = s.inHand.find((entry) => entry.chunk === chunk && entry.block === round.ref.block)
  if (hand === undefined) return
  if (hand.running) emit(ctx, { type: 'cancel', block: hand.block, microjob: hand.microjob, chunk })
  s.inHand = s.inHand.filter((entry) => entry !== hand)
}
