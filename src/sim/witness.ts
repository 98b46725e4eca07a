import type { PeerId } from '../domain/ids.ts'
import type { Effect, RoomEvent } from '../room/event.ts'
import type { Message } from '../room/message.ts'
import type { Draw } from '../room/draw-state.ts'
import type { ChunkSlot, Room, Round } from '../room/state.ts'
import type { SimNode } from './node.ts'

/** Grants that pass their deadline by this many times its length are over, whatever their holder reports. */
const LATE_MULTIPLE = 3

/** What a node knew before a step, as far as a message could change it. */
interface Before {
  term: number
  host: PeerId
  /** The message came from a member. */
  isMember: boolean
  results: number
  newest: Round | undefined
  refusals: number
  /** For a result: the slot it is for, and what was known of it. */
  slot: ChunkSlot | null
  hadResult: boolean
  wasGranted: boolean
  /** Whom the message names as the one who computed it was here. */
  computerIsMember: boolean
}

/**
 * Looks at single steps of a node: what a message may change, who may be granted what, and that time has its effect. The
 * machine reuses its state, so what was there before is noted before.
 */
export class Witness {
  #before: Before | null = null

  before(node: SimNode, event: RoomEvent): void {
    this.#before = null
    const { room } = node.state
    if (room === null) return
    const message = event.type === 'message' ? event.message : null
    const from = event.type === 'message' ? event.from : ''
    const info = message?.body.case === 'result' ? message.body.value.info : undefined
    const slot = message !== null && info !== undefined ? slotFor(room, message, info.chunk) : null
    this.#before = {
      term: room.term,
      host: room.host,
      isMember: message !== null && isMember(room, from),
      results: message === null ? 0 : countResults(room),
      newest: room.rounds.at(-1),
      refusals: message === null ? 0 : countRefusals(node.state.refused),
      slot,
      hadResult: slot !== null && slot.result !== null,
      wasGranted: slot !== null && slot.grants.some(({ peer }) => peer === info!.peer),
      computerIsMember: info !== undefined && isMember(room, info.peer),
    }
  }

  /** What the step did that it may not do. Empty when all is well. */
  after(node: SimNode, event: RoomEvent, effects: readonly Effect[]): string[] {
    const before = this.#before
    const { room, self } = node.state
    const broken: string[] = []
    if (room === null) return broken
    if (before !== null && room.host === self && before.host !== self && room.term <= before.term)
      broken.push(`took over in term ${room.term}, which is no new one`)
    if (before !== null && event.type === 'message') this.#heard(node, room, before, event, broken)
    if (room.host === self) {
      checkGrants(room, effects, broken)
      if (event.type === 'tick') checkTime(node, room, broken)
    }
    return broken
  }

  #heard(node: SimNode, room: Room, before: Before, { from, message }: Extract<RoomEvent, { type: 'message' }>, broken: string[]): void {
    const { body } = message
    if (body.case === 'welcome' || body.case === 'hostChanged') return
    const isForeign = !before.isMember || message.term !== before.term
    if (isForeign) {
      const why = before.isMember ? `of term ${message.term} in term ${before.term}` : 'of a non-member'
      if (countRefusals(node.state.refused) === before.refusals) broken.push(`${body.case ?? 'a message'} ${why} was not refused`)
      // The host's own word of a later term is believed as far as the term goes; a new microjob may come with results.
      if (room.term === before.term && room.rounds.at(-1) === before.newest && countResults(room) > before.results)
        broken.push(`${body.case ?? 'a message'} ${why} brought results`)
      return
    }
    if (body.case !== 'result' || before.slot === null || before.hadResult || before.slot.result === null) return
    const { info } = body.value
    if (info === undefined || before.slot.result.peer !== info.peer) return
    if (info.peer !== from && before.computerIsMember && info.peer !== node.id)
      broken.push(`chunk ${info.chunk} of ${info.peer}, who is a member, was taken from ${from}`)
    if (room.host === node.id && before.host === node.id && !before.wasGranted && info.peer === from)
      broken.push(`chunk ${info.chunk} of ${from} was taken, and nobody had granted it`)
  }
}

/** Whom the host gives what: members that compute, chunks that are not computed. */
function checkGrants(room: Room, effects: readonly Effect[], broken: string[]): void {
  for (const effect of effects) {
    if (effect.type !== 'send' || effect.message.body.case !== 'chunkGrant') continue
    const { to, message } = effect
    for (const chunk of effect.message.body.value.chunks) {
      const slot = slotFor(room, message, chunk)
      if (slot === null) continue
      if (slot.result !== null) broken.push(`chunk ${chunk} is computed and was granted to ${to}`)
      else if (!slot.grants.some(({ peer }) => peer === to)) broken.push(`chunk ${chunk} was granted to ${to} and nobody remembers it`)
      if (room.members.find(({ peer }) => peer === to)?.observer !== false)
        broken.push(`${to}, who does not compute here, was granted a chunk`)
    }
  }
}

/** After a tick of the host nothing is left that a tick should have ended. */
function checkTime(node: SimNode, room: Room, broken: string[]): void {
  const { now, options, self } = node.state
  for (const { peer } of room.members) {
    const work = room.work[peer]
    if (peer === self || work === undefined) continue
    if (work.connected && now - work.lastHeard >= options.heartbeatMs * options.silentIntervals)
      broken.push(`${peer} is silent and still a member`)
  }
  for (const round of room.rounds) {
    for (const { chunk, grants } of round.slots) {
      for (const { peer, at, deadline } of grants)
        if (peer !== self && now >= at + LATE_MULTIPLE * (deadline - at)) broken.push(`chunk ${chunk} is long overdue and still ${peer}'s`)
    }
    if (round.draw !== null && now >= room.syncUntil) checkDraw(node, room, round, round.draw, broken)
  }
}

/** A draw waits for members alone, and for their secrets no longer than they may take. */
function checkDraw({ state: { now, self } }: SimNode, room: Room, round: Round, draw: Draw, broken: string[]): void {
  const missing = draw.entropy.map(({ peer }) => peer).filter((peer) => !round.reveals.some((entry) => entry.peer === peer))
  const checker = draw.report === null ? (draw.order?.[0] ?? null) : draw.secondReport === null ? draw.second : null
  const waitsFor = round.stage === 'revealing' ? missing : round.stage === 'checking' && checker !== null ? [checker] : []
  for (const peer of waitsFor) if (!isMember(room, peer)) broken.push(`a draw waits for ${peer}, who is gone`)
  if (round.stage === 'revealing' && now >= draw.deadline && missing.some((peer) => peer !== self))
    broken.push('a secret is withheld past its deadline, and nothing happens')
}

function slotFor(room: Room, { block, microjob }: Message, chunk: number): ChunkSlot | null {
  const round = room.rounds.find(({ ref }) => ref.block === block && ref.microjob === microjob)
  return round?.slots[chunk - round.ref.firstChunk] ?? null
}

function isMember(room: Room, peer: PeerId): boolean {
  return room.members.some((member) => member.peer === peer)
}

function countResults(room: Room): number {
  let count = 0
  for (const { slots } of room.rounds) for (const { result } of slots) if (result !== null) count++
  return count
}

function countRefusals(refused: Record<string, number>): number {
  let count = 0
  for (const cause in refused) count += refused[cause]!
  return count
}
