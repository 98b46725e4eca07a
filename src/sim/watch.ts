import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import type { Room } from '../room/state.ts'
import { isHonest } from './behaviour.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

const LOOK_MS = 1_000
/** Two hosts of one microjob that hear each other for this long are one too many. */
const RIVALS_MS = 30_000
/** A room that is left without a host for this long does not find a new one. */
const HOSTLESS_MS = 60_000
/** A chunk that is granted to members none of whom has it, for this long, is forgotten. */
const FORGOTTEN_MS = 30_000
/** A result that a member has and its host lacks for this long does not arrive any more. */
const MISSING_MS = 30_000

/** Once a second: what no single node can see. Whatever is wrong for longer than it may be is a violation. */
export function watch(world: World, violate: (what: string) => void): void {
  const since = new Map<string, number>()
  const look = (): void => {
    const seen = new Map<string, number>()
    const awake = [...world.nodes.values()].filter(isAwake)
    rivals(world, awake, seen)
    for (const node of awake) {
      const { room } = node.state
      if (room === null) continue
      if (room.host !== node.id) hostless(world, node, room, seen)
      else {
        forgotten(world, room, seen)
        missing(world, node, room, seen)
      }
    }
    for (const what of since.keys()) if (!seen.has(what)) since.delete(what)
    for (const [what, ms] of seen) {
      const at = since.get(what)
      if (at === undefined) since.set(what, world.now)
      else if (world.now - at > ms) violate(what)
    }
    world.schedule.after(LOOK_MS, look)
  }
  world.schedule.after(LOOK_MS, look)
}

function isAwake(node: SimNode): boolean {
  return node.alive && node.backlog === null
}

/** At most one live host a microjob. Beside one that does not keep to the protocol its members open a room of their own. */
function rivals(world: World, awake: readonly SimNode[], seen: Map<string, number>): void {
  const hosts = new Map<string, SimNode[]>()
  for (const node of awake) {
    const { room } = node.state
    if (room === null || room.host !== node.id || !isHonest(node.behaviour)) continue
    for (const { ref } of room.rounds) {
      const topic = roomTopic(ref)
      const others = hosts.get(topic) ?? []
      for (const other of others) {
        if (!linked(world, other.id, node.id)) continue
        const isOneTerm = other.state.room?.term === room.term
        seen.set(`two live hosts of one microjob${isOneTerm ? ' in one term' : ''}: ${[other.id, node.id].sort().join(' ')}`, RIVALS_MS)
      }
      hosts.set(topic, [...others, node])
    }
  }
}

function hostless(world: World, node: SimNode, room: Room, seen: Map<string, number>): void {
  if (world.nodes.get(room.host)?.alive !== true) seen.set(`${node.id} is in a room whose host ${room.host} is gone`, HOSTLESS_MS)
}

/** No granted chunk is forgotten: somebody has it, or it is granted again. */
function forgotten(world: World, room: Room, seen: Map<string, number>): void {
  for (const { ref, slots } of room.rounds) {
    for (const { chunk, grants } of slots) {
      if (grants.length === 0) continue
      const isHeld = grants.some(({ peer }) => {
        const holder = world.nodes.get(peer)
        return (
          holder !== undefined && (!isAwake(holder) || holder.state.inHand.some((hand) => hand.chunk === chunk && hand.block === ref.block))
        )
      })
      if (!isHeld) seen.set(`chunk ${chunk} is granted to ${grants.map(({ peer }) => peer).join()} and in nobody's hands`, FORGOTTEN_MS)
    }
  }
}

/** What a member has computed reaches its host, whatever is lost on the way. */
function missing(world: World, host: SimNode, room: Room, seen: Map<string, number>): void {
  for (const { peer } of room.members) {
    const node = world.nodes.get(peer)
    const theirs = node?.state.room
    if (node === undefined || node === host || !isAwake(node) || theirs == null || theirs.host !== host.id || theirs.term !== room.term)
      continue
    if (!linked(world, host.id, peer)) continue
    for (const round of room.rounds) {
      const other = theirs.rounds.find(({ ref }) => ref.block === round.ref.block && ref.microjob === round.ref.microjob)
      if (other === undefined || other.epoch !== round.epoch) continue
      for (const [i, { result, held, chunk }] of other.slots.entries()) {
        if (result?.peer === peer && held && round.slots[i]?.result === null)
          seen.set(`chunk ${chunk} is computed by ${peer} and does not reach ${host.id}`, MISSING_MS)
      }
    }
  }
}

function linked(world: World, a: PeerId, b: PeerId): boolean {
  return world.network.reachable(a, b) && world.network.reachable(b, a)
}
