import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import type { Effect } from '../room/event.ts'
import { MAX_MEMBERS, MAX_ROUNDS } from '../room/limits.ts'
import type { RoomState } from '../room/state.ts'

/** What must hold of one node's state after every step, and how many effects a step may have. Empty when all does. */
export function brokenInvariants(s: RoomState, effects: readonly Effect[]): string[] {
  const broken: string[] = []
  const must = (holds: boolean, what: string): void => {
    if (!holds) broken.push(what)
  }
  must(effects.length <= MAX_EFFECTS, `a step had ${effects.length} effects`)
  must(
    s.announcements.length <= 256 && s.cooldowns.length <= 512 && s.finished.length <= 1_024 && s.unlisted.length <= 1_024,
    'a list of what was heard grew without bound',
  )
  must(
    s.recent.length <= 64 && s.unconfirmed.length <= 64 && s.distrusted.length <= 64 && s.keepsake.length <= MAX_ROUNDS,
    'memory grew without bound',
  )
  must(Object.keys(s.refused).length <= 100, 'causes of refusal grew without bound')
  must((s.room !== null) === (s.activity.kind === 'member'), `activity ${s.activity.kind} ${s.room === null ? 'without' : 'with'} a room`)
  must(s.inHand.length <= s.capabilities.slots + s.options.queue, `${s.inHand.length} chunks in hand`)
  must(s.inHand.filter(({ running }) => running).length <= s.capabilities.slots, 'more chunks run than there are slots')
  const { room } = s
  if (room === null) {
    must(s.inHand.length === 0, 'chunks in hand without a room')
    return broken
  }
  const peers = new Set<PeerId>(room.members.map(({ peer }) => peer))
  const isHost = room.host === s.self
  must(peers.size === room.members.length, 'a member is listed twice')
  must(peers.has(s.self), 'not a member of its own room')
  must(room.members.length <= MAX_MEMBERS && room.departures.length <= 64, 'member lists grew without bound')
  must(room.rounds.length <= MAX_ROUNDS, `${room.rounds.length} rounds at once`)
  must(new Set(room.rounds.map(({ ref }) => roomTopic(ref))).size === room.rounds.length, 'a microjob is worked on twice in one room')
  if (isHost) must(room.members.filter(({ observer }) => !observer).length <= room.capacity, 'more members than the room admits')
  if (isHost) must(!room.expelled.some((peer) => peers.has(peer)), 'an expelled peer is a member')
  for (const round of room.rounds) {
    must(round.stage !== 'complete', 'a complete round is still in hand')
    must(round.draw === null || round.slots.every(({ result }) => result !== null), 'a draw over results that are missing')
    must((round.draw === null) === (round.stage === 'working' || round.stage === 'unverified'), `stage ${round.stage} and draw disagree`)
    must(new Set(round.commitments.map(({ peer }) => peer)).size === round.commitments.length, 'a member committed twice')
    for (const slot of round.slots) {
      must(slot.result === null || slot.grants.length === 0, `chunk ${slot.chunk} has a result and is granted`)
      must(new Set(slot.grants.map(({ peer }) => peer)).size === slot.grants.length, `chunk ${slot.chunk} is granted twice to one member`)
      if (isHost)
        must(
          slot.grants.every(({ peer }) => peers.has(peer)),
          `chunk ${slot.chunk} is granted to somebody who left`,
        )
    }
  }
  return broken
}

/** Members, rounds and resent results all multiply within one heartbeat. */
const MAX_EFFECTS = 4_000
