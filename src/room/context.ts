import type { JobId, PeerId } from '../domain/ids.ts'
import { lobbyTopic, roomTopic } from '../domain/job.ts'
import type { Effect, Note } from './event.ts'
import type { Body, Message } from './message.ts'
import type { Member, Room, RoomState, Round } from './state.ts'

/** One step of the machine: the state it owns, and what it wants done. */
export interface Context {
  s: RoomState
  effects: Effect[]
  /** Messages to oneself, handled within the same step. */
  local: Message[]
}

export function emit(ctx: Context, effect: Effect): void {
  ctx.effects.push(effect)
}

export function note(ctx: Context, what: Note): void {
  emit(ctx, { type: 'note', note: what })
}

/** Counts a message that changes nothing, by cause. */
export function refuse(ctx: Context, cause: string): void {
  ctx.s.refused[cause] = (ctx.s.refused[cause] ?? 0) + 1
}

/** A message of this room about one of its rounds, or about the newest one. */
export function about(room: Room, round: Round | undefined, body: Body): Message {
  const ref = (round ?? room.rounds.at(-1))?.ref
  return { block: ref?.block ?? '', microjob: ref?.microjob ?? 0, term: room.term, jobTag: jobTag(room.job), body }
}

export function send(ctx: Context, to: PeerId, message: Message): void {
  if (to === ctx.s.self) ctx.local.push(message)
  else emit(ctx, { type: 'send', to, message })
}

/** To every other member, observers included. */
export function broadcast(ctx: Context, room: Room, message: Message): void {
  for (const { peer } of room.members) if (peer !== ctx.s.self) emit(ctx, { type: 'send', to: peer, message })
}

export function memberOf(room: Room, peer: PeerId): Member | undefined {
  return room.members.find((member) => member.peer === peer)
}

export function processors(room: Room): Member[] {
  return room.members.filter((member) => !member.observer)
}

export function processorCount(room: Room): number {
  let count = 0
  for (const { observer } of room.members) if (!observer) count++
  return count
}

export function isHost(ctx: Context, room: Room): boolean {
  return room.host === ctx.s.self
}

export function findRound(room: Room, block: string, microjob: number): Round | undefined {
  return room.rounds.find(({ ref }) => ref.block === block && ref.microjob === microjob)
}

/** Names a room's job in few bytes, so that a member's words about another room are not taken for words about this one. */
export function jobTag(job: JobId): number {
  return Number.parseInt(job.slice(-6), 36) || 1
}

/** On a wire of this room's members, about a room of another job: one that the sender or this node was in before. */
export function isOfAnotherRoom(room: Room, message: Message): boolean {
  return message.jobTag !== undefined && message.jobTag !== jobTag(room.job)
}

export function setMembers(ctx: Context, peers: PeerId[]): void {
  emit(ctx, { type: 'setMembers', peers: [...new Set([ctx.s.self, ...peers])] })
}

/** Subscribes to exactly what the present activity needs. */
export function updateTopics(ctx: Context): void {
  const { s } = ctx
  const wanted = new Set<string>()
  for (const { ref } of s.room?.rounds ?? []) {
    wanted.add(roomTopic(ref))
    wanted.add(lobbyTopic(ref.block))
  }
  if (s.activity.kind === 'joining' || s.activity.kind === 'opening') wanted.add(roomTopic(s.activity.item.ref))
  // Whoever is alone goes on listening: a room of one can check nothing.
  const alone = s.room !== null && s.room.host === s.self && processors(s.room).length < 2
  if (s.activity.kind !== 'off' && (s.activity.kind !== 'member' || alone)) {
    for (const lobby of lobbiesHeard(s)) wanted.add(lobby)
  }
  for (const topic of s.topics) if (!wanted.has(topic)) emit(ctx, { type: 'unsubscribe', topic })
  for (const topic of wanted) if (!s.topics.includes(topic)) emit(ctx, { type: 'subscribe', topic })
  s.topics = [...wanted]
}

/** Lobbies that a node without company listens to at most. */
const LOBBIES_HEARD = 32

/** First where somebody is, by the claims in the database, one lobby for each; then in list order. */
function lobbiesHeard(s: RoomState): string[] {
  const claimants = new Map<PeerId, string>()
  for (const { ref, claim } of s.work) {
    if (claim === null || claim.peer === s.self || claim.lapsesAt <= s.now || claimants.has(claim.peer)) continue
    claimants.set(claim.peer, lobbyTopic(ref.block))
    if (claimants.size >= LOBBIES_HEARD / 2) break
  }
  return [...claimants.values(), ...s.work.slice(0, LOBBIES_HEARD - claimants.size).map(({ ref }) => lobbyTopic(ref.block))]
}
