import { roomTopic } from '../domain/job.ts'
import type { PeerId } from '../domain/ids.ts'
import { about, broadcast, memberOf, processors } from './context.ts'
import type { Context } from './context.ts'
import { proclaim, releaseClaims } from './host.ts'
import type { BodyOf, Message } from './message.ts'
import { betterHost, distrust, isCooling, isDistrusted, join } from './seek.ts'
import type { Room } from './state.ts'
import { MAX_TERM_LEAP, dropRoom, leaveFor, yieldTo } from './takeover.ts'

/** Member or host: somebody announces a room in a lobby. */
export function onAnnounceInRoom(ctx: Context, room: Room, from: PeerId, message: Message, body: BodyOf<'roomAnnounce'>): void {
  const { s } = ctx
  if (from === s.self || isDistrusted(s, from) || isCooling(s, from)) return
  if (room.host !== s.self) {
    // Our own host no longer counts us: go back and ask again.
    const mine = from === room.host && message.term >= room.term && body.version > room.version
    if (mine && body.peers.length > 0 && !body.peers.includes(s.self)) leaveFor(ctx)
    return
  }
  const contested = room.rounds.some(({ ref }) => roomTopic(ref) === roomTopic(message))
  if (contested) onRival(ctx, room, from, message, body.settling)
  else if (!body.settling) considerMerging(ctx, room, from, message, body)
}

/** Host: somebody else hosts one of its microjobs. */
function onRival(ctx: Context, room: Room, from: PeerId, message: Message, settling: boolean): void {
  const better = betterHost({ term: message.term, host: from }, { term: room.term, host: room.host })
  if (settling || !better) {
    // Once for all that it has said: what waited for a suspended tab comes all at once.
    if (ctx.s.now - room.proclaimedAt >= ctx.s.options.announceMs) proclaim(ctx, room)
    return
  }
  if (message.term > room.term + MAX_TERM_LEAP) return distrust(ctx.s, from)
  for (const { peer } of room.members) {
    if (peer !== ctx.s.self && peer !== from) {
      ctx.effects.push({
        type: 'send',
        to: peer,
        message: about(room, undefined, { case: 'leave', value: { reason: `merged into the room of ${from}`, successor: from } }),
      })
    }
  }
  yieldTo(ctx, room, from, message)
}

/** Host and alone: a room of one can check nothing. It joins another one, of two lone hosts the higher peer id does. */
function considerMerging(ctx: Context, room: Room, from: PeerId, message: Message, body: BodyOf<'roomAnnounce'>): void {
  const { s } = ctx
  if (processors(room).length > 1 || memberOf(room, from) !== undefined || body.members >= body.capacity) return
  if (body.members === 1 && from > s.self) return
  const topic = roomTopic(message)
  const item = s.work.find(({ ref }) => roomTopic(ref) === topic)
  if (item === undefined || s.finished.includes(topic) || isCooling(s, topic)) return
  broadcast(ctx, room, about(room, undefined, { case: 'leave', value: { reason: `merged into the room of ${from}`, successor: '' } }))
  releaseClaims(ctx, room)
  s.keepsake = []
  dropRoom(ctx)
  join(ctx, item, from)
}
