import type { PeerId } from '../domain/ids.ts'
import { about, broadcast, note, setMembers } from './context.ts'
import type { Context } from './context.ts'
import type { Message } from './message.ts'
import type { MemberWork, Room } from './state.ts'

const MAX_DEPARTURES = 64

/** Books of a member that has just come. */
export function newWork(now: number): MemberWork {
  return {
    paceMs: 0,
    want: 0,
    since: now,
    lastHeard: now,
    connected: false,
    downSince: 0,
    done: 0,
    inHand: [],
    reportedAt: 0,
    lost: 0,
    recommits: 0,
    session: 0,
    standings: {},
  }
}

/** Host: the list changed; everybody hears it. */
export function membersChanged(ctx: Context, room: Room, departed: { peer: PeerId; reason: string }[]): void {
  room.version++
  setMembers(
    ctx,
    room.members.map(({ peer }) => peer),
  )
  broadcast(ctx, room, membersMessage(room, departed))
}

export function membersMessage(room: Room, departed: { peer: PeerId; reason: string }[]): Message {
  return about(room, undefined, {
    case: 'membersChanged',
    value: { members: room.members.map((entry) => ({ ...entry })), version: room.version, departed, expelled: room.expelled },
  })
}

/** Takes a peer out of the books: its grants are open again, and what it committed to counts no longer. */
export function forget(ctx: Context, room: Room, peer: PeerId, reason: string): void {
  room.members = room.members.filter((member) => member.peer !== peer)
  delete room.work[peer]
  for (const round of room.rounds) {
    // Once the results are fixed its commitment is part of the draw; the draw is then repeated in a new epoch.
    if (round.draw === null) round.commitments = round.commitments.filter((entry) => entry.peer !== peer)
    for (const slot of round.slots) {
      if (slot.grants.some((grant) => grant.peer === peer)) {
        slot.grants = slot.grants.filter((grant) => grant.peer !== peer)
        if (slot.grants.length === 0 && slot.result === null) note(ctx, { kind: 'regranted', chunk: slot.chunk, from: peer })
      }
    }
  }
  noteDeparture(ctx, room, peer, reason)
}

/** For people: who left, and why. */
export function noteDeparture(ctx: Context, room: Room, peer: PeerId, reason: string): void {
  room.departures.push({ peer, reason, at: ctx.s.now })
  if (room.departures.length > MAX_DEPARTURES) room.departures.shift()
  note(ctx, { kind: 'departed', peer, reason })
}
