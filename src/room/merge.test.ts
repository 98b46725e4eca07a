import { describe, expect, it, vi } from 'vitest'
import { lobbyTopic } from '../domain/job.ts'
import { makeWorld, until, untilGathered } from '../sim/fixture.ts'
import type { SimNode } from '../sim/node.ts'
import type { World } from '../sim/world.ts'
import { about } from './context.ts'

// Whole rooms run in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

function hostsOf(world: World): SimNode[] {
  return [...world.nodes.values()].filter(({ id, state }) => state.room?.host === id)
}

/** A room of six, cut into two halves that each have a host; what each half had computed when the cut was healed. */
function cutInTwo(): { world: World; kept: Set<number> } {
  const { world } = makeWorld({ nodes: 6, job: { chunks: 1_000, chunksPerMicrojob: 25 } })
  const host = untilGathered(world, 6)
  until(world, 'they are at work', () => world.computed > 30)
  const order = host.state.room!.members.map(({ peer }) => peer)
  for (const a of order.slice(0, 3)) {
    for (const b of order.slice(3)) {
      world.network.cut(a, b)
      world.network.cut(b, a)
    }
  }
  const isApart = (): boolean => {
    const hosts = hostsOf(world)
    return hosts.length === 2 && hosts.every(({ state }) => state.room!.members.length === 3)
  }
  until(world, 'each half has a host', isApart, 60_000)
  const since = world.now
  until(world, 'both have gone on', () => world.now > since + 3_000)
  const kept = new Set(
    hostsOf(world).flatMap(({ state }) =>
      state.room!.rounds.flatMap(({ slots }) => slots.flatMap(({ chunk, result, held }) => (result !== null && held ? [chunk] : []))),
    ),
  )
  world.network.heal()
  return { world, kept }
}

describe('two hosts of one microjob', () => {
  it('are told once that the other leads, however often they say otherwise at once', () => {
    const { world, log } = makeWorld({ nodes: 3, job: { chunks: 400 } })
    const host = untilGathered(world, 3)
    const room = host.state.room!
    const since = world.now
    until(world, 'a while has passed', () => world.now > since + 5_000)
    const [first] = room.rounds
    const value = { host: 'rival', members: 1, capacity: 11, settling: false, version: 1, peers: ['rival'], microjobs: [] }
    const message = { ...about(room, first, { case: 'roomAnnounce', value }), term: 0 }
    const before = log.sent.length
    for (let i = 0; i < 100; i++) world.happen(host, { type: 'gossip', topic: lobbyTopic(first!.ref.block), from: 'rival', message })
    const told = log.sent.slice(before).filter(({ effect }) => effect.type === 'publish' && effect.message.body.case === 'hostChanged')
    expect(told).toHaveLength(room.rounds.length)
  })

  it('that hear of each other become one room with the members of both, and compute nothing again that either of them has', () => {
    const { world, kept } = cutInTwo()
    const isOne = (): boolean => hostsOf(world).length === 1 && hostsOf(world)[0]!.state.room!.members.length === 6
    until(world, 'one of them leads all six', isOne, 5_000)
    expect(hostsOf(world)[0]!.state.room!.term).toBe(2)
    expect(world.refusals).toEqual([])
    const since = world.now
    until(world, 'everybody has told what it knows', () => world.now > since + 1_500)
    const again: number[] = []
    world.observers.push({
      stepped(_node, _event, effects) {
        for (const effect of effects) if (effect.type === 'compute' && kept.has(effect.chunk)) again.push(effect.chunk)
      },
    })
    until(world, 'more is complete than was begun', () => world.database.complete > 12, 60_000)
    expect(kept.size).toBeGreaterThan(60)
    expect(again).toEqual([])
  })
})
