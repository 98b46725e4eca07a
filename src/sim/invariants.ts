import type { PeerId } from '../domain/ids.ts'
import type { Effect, RoomEvent } from '../room/event.ts'
import { MAX_MEMBERS, MAX_ROUNDS } from '../room/limits.ts'
import type { Message } from '../room/message.ts'
import type { ChunkSlot, Room, RoomState, Round } from '../room/state.ts'

/** Members, rounds and resent results all multiply within one heartbeat. */
const MAX_EFFECTS = 4_000

/**
 * What must hold of one node's state after a step, and how many effects a step may have. Empty when all does. Of a
 * message the round that it is about is looked at, and after everything else all of them. It runs millions of times:
 * texts are made only of what is broken.
 */
export function brokenInvariants(s: RoomState, event: RoomEvent, effects: readonly Effect[]): string[] {
  const broken: string[] = []
  if (effects.length > MAX_EFFECTS) broken.push(`a step had ${effects.length} effects`)
  if (s.announcements.length > 256 || s.cooldowns.length > 512 || s.finished.length > 1_024 || s.unlisted.length > 1_024)
    broken.push('a list of what was heard grew without bound')
  if (s.recent.length > 64 || s.unconfirmed.length > 64 || s.distrusted.length > 64 || s.keepsake.length > MAX_ROUNDS)
    broken.push('memory grew without bound')
  if (event.type === 'tick' && countKeys(s.refused) > 100) broken.push('causes of refusal grew without bound')
  if ((s.room !== null) !== (s.activity.kind === 'member'))
    broken.push(`activity ${s.activity.kind} ${s.room === null ? 'without' : 'with'} a room`)
  if (s.inHand.length > s.capabilities.slots + s.options.queue) broken.push(`${s.inHand.length} chunks in hand`)
  let running = 0
  for (const hand of s.inHand) if (hand.running) running++
  if (running > s.capabilities.slots) broken.push('more chunks run than there are slots')
  if (s.room !== null) checkRoom(s, s.room, event.type === 'message' ? event.message : null, broken)
  else if (s.inHand.length > 0) broken.push('chunks in hand without a room')
  return broken
}

function checkRoom(s: RoomState, room: Room, message: Message | null, broken: string[]): void {
  const isHost = room.host === s.self
  const peers = new Set<PeerId>()
  let processors = 0
  for (const { peer, observer } of room.members) {
    peers.add(peer)
    if (!observer) processors++
  }
  if (peers.size !== room.members.length) broken.push('a member is listed twice')
  if (!peers.has(s.self)) broken.push('not a member of its own room')
  if (room.members.length > MAX_MEMBERS || room.departures.length > 64) broken.push('member lists grew without bound')
  if (room.rounds.length > MAX_ROUNDS) broken.push(`${room.rounds.length} rounds at once`)
  if (isHost && processors > room.capacity) broken.push('more members than the room admits')
  if (isHost && room.expelled.some((peer) => peers.has(peer))) broken.push('an expelled peer is a member')
  for (const round of room.rounds) {
    const { block, microjob } = round.ref
    if (message !== null && (microjob !== message.microjob || block !== message.block)) continue
    for (const other of room.rounds)
      if (other !== round && other.ref.microjob === microjob && other.ref.block === block)
        broken.push('a microjob is worked on twice in one room')
    checkRound(round, broken)
    for (const slot of round.slots) checkSlot(slot, isHost ? peers : null, isHost ? room.expelled : [], broken)
  }
}

function checkRound(round: Round, broken: string[]): void {
  const { stage, draw, commitments, slots } = round
  if (stage === 'complete') broken.push('a complete round is still in hand')
  if (draw !== null && slots.some(({ result }) => result === null)) broken.push('a draw over results that are missing')
  if ((draw === null) !== (stage === 'working' || stage === 'unverified')) broken.push(`stage ${stage} and draw disagree`)
  if (hasTwice(commitments)) broken.push('a member committed twice')
  if (hasTwice(round.reveals)) broken.push('a member revealed twice')
}

function checkSlot(slot: ChunkSlot, members: ReadonlySet<PeerId> | null, expelled: readonly PeerId[], broken: string[]): void {
  const { chunk, grants, result } = slot
  if (result !== null && expelled.length > 0 && expelled.includes(result.peer)) broken.push(`chunk ${chunk} is counted from a proven liar`)
  if (grants.length === 0) return
  if (result !== null) broken.push(`chunk ${chunk} has a result and is granted`)
  if (hasTwice(grants)) broken.push(`chunk ${chunk} is granted twice to one member`)
  if (members !== null && grants.some(({ peer }) => !members.has(peer))) broken.push(`chunk ${chunk} is granted to somebody who left`)
}

function hasTwice(list: readonly { peer: PeerId }[]): boolean {
  for (let i = 1; i < list.length; i++) for (let j = 0; j < i; j++) if (list[i]!.peer === list[j]!.peer) return true
  return false
}

function countKeys(object: object): number {
  let count = 0
  for (const _ in object) count++
  return count
}
