import { describe, expect, it, vi } from 'vitest'
import { HONEST } from '../sim/behaviour.ts'
import { isComplete, makeWorld, nodeOf, sentOf, until, untilGathered } from '../sim/fixture.ts'
import type { FixtureOptions, Log } from '../sim/fixture.ts'
import type { World } from '../sim/world.ts'

// Whole rooms run in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

function completed(options: FixtureOptions): { world: World; log: Log } {
  const { world, log } = makeWorld(options)
  until(world, 'the job is complete', () => world.nodes.size > 1 && isComplete(world), 400_000)
  return { world, log }
}

/** Chunks of each peer that were checked, in all certificates. */
function checksOf(world: World): Map<string, number> {
  const certificates = [...world.database.entries.values()].map(({ certificate }) => certificate!)
  const counts = new Map<string, number>()
  for (const { body } of certificates) for (const { peer } of body.checked) counts.set(peer, (counts.get(peer) ?? 0) + 1)
  return counts
}

describe('the standing of a member', () => {
  it('is earned: the first ten chunks of a stranger are all checked, and from then on about one in ten', () => {
    const { world } = completed({ nodes: 4, job: { chunks: 400 } })
    const checks = checksOf(world)
    for (const { id, computed } of world.nodes.values()) {
      expect(checks.get(id)).toBeGreaterThanOrEqual(10)
      expect(checks.get(id)).toBeLessThan(10 + computed / 4)
    }
    const total = [...checks.values()].reduce((sum, count) => sum + count, 0)
    expect(total).toBeLessThan(4 * 10 + 1.3 * 40)
  })

  it('is stated by the host no higher than every member knows it: one that knows nothing has all of it checked', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 60 } })
    const everybody = new Map(['n00', 'n01', 'n02', 'n03'].map((peer) => [peer, 10]))
    const knowing = world.database.standings.bind(world.database)
    world.database.standings = () => new Map([...everybody, ...knowing()])
    until(world, 'all are there', () => world.nodes.size === 4)
    const { happen } = world
    // One of them never hears of the ledger.
    world.happen = (node, what) => {
      if (node.id !== 'n02' || what.type !== 'standings') happen.call(world, node, what)
    }
    nodeOf(world, 'n02').state.standings = {}
    until(world, 'the first microjob is complete', () => world.database.complete > 0)
    const [first] = [...world.database.entries.values()].flatMap(({ certificate }) => certificate ?? [])
    expect(first!.body.checked).toHaveLength(10)
    until(world, 'the job is complete', () => isComplete(world))
    expect([...checksOf(world).values()].reduce((sum, count) => sum + count, 0)).toBeLessThan(60)
  })

  it('counts no check under way that a member who has just come does not know of', () => {
    let late = 0
    for (let seed = 1; seed <= 8; seed++) {
      const { world } = makeWorld({ seed, nodes: 3, job: { chunks: 60 }, behaviour: (i) => ({ paceMs: i === 0 ? 200 : 1_500 }) })
      until(world, 'one of two checkers has reported', () =>
        [...world.nodes.values()].some(({ state }) =>
          state.room?.rounds.some(
            ({ draw }) => state.room!.host === state.self && draw?.report != null && draw.second !== null && draw.secondReport === null,
          ),
        ),
      )
      const node = world.join('n99', { ...HONEST, paceMs: 200 })
      until(world, 'the job is complete', () => isComplete(world), 400_000)
      expect(Object.keys(node.state.refused)).not.toContain('root with standings that nobody earned')
      expect(world.refusals).toEqual([])
      late += node.computed
    }
    expect(late).toBeGreaterThan(20)
  })

  it('is the same for everybody, in whatever order they heard of the rounds', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 120 } })
    world.observers.push({
      before: ({ id, state: { room } }) => {
        if (id === 'n03') room?.rounds.sort((a, b) => b.ref.firstChunk - a.ref.firstChunk)
      },
    })
    until(world, 'the job is complete', () => world.nodes.size === 4 && isComplete(world), 200_000)
    expect(Object.keys(nodeOf(world, 'n03').state.refused)).not.toContain('root with standings that nobody earned')
    expect(world.refusals).toEqual([])
  })

  it('is not believed of a host that makes it up: no member reveals, and the host is left', () => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 30 } })
    const host = untilGathered(world, 4)
    const forge = world.network.send.bind(world.network)
    world.network.send = (node, to, message) => {
      const { body } = message
      if (node.id !== host.id || body.case !== 'rootFixed') return forge(node, to, message)
      const peers = [...new Set(body.value.results.map(({ peer }) => peer))].sort()
      return forge(node, to, {
        ...message,
        body: { case: 'rootFixed', value: { ...body.value, standings: peers.map((peer) => ({ peer, passed: 10 })) } },
      })
    }
    until(world, 'the job is complete', () => isComplete(world), 400_000)
    expect(Object.keys(nodeOf(world, 'n03').state.refused)).toContain('root with standings that nobody earned')
    for (const { certificate } of world.database.entries.values())
      expect(certificate!.body.standings.every(({ passed }) => passed < 10)).toBe(true)
    expect(sentOf(log, 'reveal').some(({ from, at }) => from !== host.id && at > 0)).toBe(true)
  })

  it('is lost by a lie that is proven, and two hand in the proof', () => {
    const { world } = completed({ nodes: 5, job: { chunks: 60 }, behaviour: (i) => ({ lies: i === 2 ? 1 : 0 }) })
    expect([...world.database.liars]).toEqual(['n02'])
    expect(world.database.standings().get('n02')).toBe(0)
    expect(new Set(world.convictions.map(({ culprit }) => culprit))).toEqual(new Set(['n02']))
    expect(new Set(world.convictions.map(({ by }) => by)).size).toBeGreaterThan(1)
  })
})
