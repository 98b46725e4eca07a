import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import type { Effect, Note, RoomEvent } from '../room/event.ts'
import type { BodyCase, BodyOf, Message } from '../room/message.ts'
import type { RoomOptions } from '../room/options.ts'
import type { Room } from '../room/state.ts'
import { HONEST } from './behaviour.ts'
import type { Behaviour } from './behaviour.ts'
import type { JobShape } from './database.ts'
import type { SimNode } from './node.ts'
import { CALM } from './weather.ts'
import type { Weather } from './weather.ts'
import { World } from './world.ts'

/** What happened in a world, for tests to look at. */
export interface Log {
  notes: { at: number; node: PeerId; note: Note }[]
  sent: { at: number; from: PeerId; effect: Extract<Effect, { type: 'send' | 'publish' }> }[]
  steps: { at: number; node: PeerId; event: RoomEvent; effects: readonly Effect[] }[]
}

export interface FixtureOptions {
  seed?: number
  nodes?: number
  job?: Partial<JobShape>
  weather?: Partial<Weather>
  behaviour?: (i: number) => Partial<Behaviour>
  /** ms between one node's start and the next one's. */
  apartMs?: number
  /** Pairs that never have a wire between them. */
  unlinked?: [PeerId, PeerId][]
  options?: Partial<RoomOptions>
}

export const JOB: JobShape = {
  chunks: 40,
  chunksPerMicrojob: 10,
  microjobsPerBlock: 10,
  capacity: 11,
  deadlineMs: 20_000,
  credibleAfter: 10,
}

/** A world with one job and a few nodes named n00, n01, …, started one after the other. */
export function makeWorld(options: FixtureOptions = {}): { world: World; log: Log } {
  const world = new World(options.seed ?? 1, { ...CALM, ...options.weather }, options.options)
  world.database.addJob('job', { ...JOB, ...options.job }, 0)
  for (const [a, b] of options.unlinked ?? []) world.network.unlink(a, b)
  const log: Log = { notes: [], sent: [], steps: [] }
  world.observers.push({
    stepped(node, event, effects) {
      log.steps.push({ at: world.now, node: node.id, event, effects: [...effects] })
      for (const effect of effects)
        if (effect.type === 'send' || effect.type === 'publish') log.sent.push({ at: world.now, from: node.id, effect })
    },
    noted: (node, note) => log.notes.push({ at: world.now, node: node.id, note }),
  })
  for (let i = 0; i < (options.nodes ?? 3); i++) {
    world.schedule.after(i * (options.apartMs ?? 50), () => world.join(name(i), { ...HONEST, ...options.behaviour?.(i) }))
  }
  return { world, log }
}

export function name(i: number): PeerId {
  return `n${String(i).padStart(2, '0')}`
}

export function nodeOf(world: World, id: PeerId): SimNode {
  const node = world.nodes.get(id)
  if (node === undefined) throw new RangeError(`there is no node ${id}`)
  return node
}

/** The room a node is in. */
export function roomOf(world: World, id: PeerId): Room {
  const { room, activity } = nodeOf(world, id).state
  if (room === null) throw new RangeError(`${id} is in no room: it is ${activity.kind}`)
  return room
}

/** Runs until something holds; throws when it does not within `ms`. */
export function until(world: World, what: string, holds: () => boolean, ms = 60_000): void {
  const end = world.now + ms
  while (!holds()) {
    if (world.now > end || !world.schedule.step()) throw new RangeError(`${what}: not within ${ms} ms`)
  }
}

/** Runs until all nodes are members of one room, and returns its host. */
export function untilGathered(world: World, count: number): SimNode {
  const gathered = (): SimNode | undefined =>
    [...world.nodes.values()].find(({ state }) => state.room?.host === state.self && state.room.members.length === count)
  until(world, `${count} nodes in one room`, () => {
    const host = gathered()
    return host !== undefined && host.state.room!.members.every(({ peer }) => nodeOf(world, peer).state.room?.host === host.id)
  })
  return gathered()!
}

export function isComplete(world: World): boolean {
  return world.database.complete === world.database.entries.size
}

/** Messages of one kind that were sent or published, oldest first. */
export function sentOf<C extends BodyCase>(
  log: Log,
  kind: C,
): { at: number; from: PeerId; to: PeerId | null; message: Message; value: BodyOf<C> }[] {
  return log.sent.flatMap(({ at, from, effect }) =>
    effect.message.body.case === kind
      ? [
          {
            at,
            from,
            to: effect.type === 'send' ? effect.to : null,
            message: effect.message,
            value: effect.message.body.value as BodyOf<C>,
          },
        ]
      : [],
  )
}

/** Hands a node a message, as if it had just come over a wire. */
export function deliver(world: World, to: PeerId, from: PeerId, message: Message): void {
  world.happen(nodeOf(world, to), { type: 'message', from, message })
}

/** Topic of the first round in a room. */
export function topicOf(room: Room): string {
  return roomTopic(room.rounds[0]!.ref)
}
