import { describe, expect, it, vi } from 'vitest'
import { HONEST } from '../sim/behaviour.ts'
import { JOB, deliver, isComplete, makeWorld, nodeOf, roomOf, sentOf, until, untilGathered } from '../sim/fixture.ts'
import type { Log } from '../sim/fixture.ts'
import { ARCHIVE } from '../sim/outputs.ts'
import { rightHash } from '../sim/truth.ts'
import type { World } from '../sim/world.ts'
import type { SimNode } from '../sim/node.ts'
import { about } from './context.ts'

// Whole rooms run in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

function successorOf(world: World, gone: SimNode): () => SimNode | undefined {
  return () =>
    [...world.nodes.values()].find(({ id, alive, state }) => alive && id !== gone.id && state.room?.host === id && state.room.term > 1)
}

/** Chunks that were finished and heard of, and were begun again all the same. */
function computedAgain(log: Log, since: number, known: ReadonlySet<number>): number[] {
  return log.steps.flatMap(({ at, effects }) =>
    at < since ? [] : effects.flatMap((effect) => (effect.type === 'compute' && known.has(effect.chunk) ? [effect.chunk] : [])),
  )
}

function knownToAll(host: SimNode): Set<number> {
  const old = host.state.now - 2_000
  return new Set(
    host.state.room!.rounds.flatMap(({ slots }) =>
      slots.filter(({ result, resultAt }) => result !== null && resultAt < old).map(({ chunk }) => chunk),
    ),
  )
}

const MOMENTS: [string, (world: World, host: SimNode, log: Log) => boolean][] = [
  ['while granting', (_world, _host, log) => sentOf(log, 'chunkGrant').length === 12],
  ['while a result is in flight', (world, _host, log) => log.steps.at(-1)?.event.type === 'computed' && world.computed > 14],
  ['while the draw is on', (_world, host) => host.state.room?.rounds.some(({ stage }) => stage === 'revealing') === true],
  ['while the check is on', (_world, host) => host.state.room?.rounds.some(({ stage }) => stage === 'checking') === true],
]

describe('a message from a room that a node was in before', () => {
  it('changes nothing in the next one, although its sender is a member there as well', () => {
    const { world, log } = makeWorld({ nodes: 3, job: { chunks: 10 } })
    world.database.addJob('another job', { ...JOB, chunks: 400 }, 100)
    untilGathered(world, 3)
    const [first] = world.database.entries.values()
    const { block } = first!.ref
    until(world, 'the first job is complete', () => world.database.complete === 1)
    until(world, 'all are in a room of the next one', () =>
      [...world.nodes.values()].every(({ state }) => state.room?.members.length === 3 && state.room.rounds[0]!.ref.block !== block),
    )
    const member = [...world.nodes.values()].find(({ id, state }) => state.room!.host !== id)!
    const { host, term, members } = structuredClone(member.state.room!)
    const former = log.sent.find(({ effect }) => effect.message.body.case === 'heartbeat' && effect.message.block === block)!.effect.message
    const from = [...world.nodes.keys()].find((id) => id !== member.id && id !== host)!
    deliver(world, member.id, from, {
      ...former,
      term: term + 1,
      body: { case: 'hostChanged', value: { host: from, joinOrder: [from, member.id] } },
    })
    deliver(world, member.id, host, {
      ...former,
      term,
      body: { case: 'leave', value: { reason: 'nothing left to do here', successor: '' } },
    })
    expect(member.state.room).toMatchObject({ host, term, members })
    expect(member.state.refused['message about another room']).toBe(2)
    until(world, 'the next job is complete', () => isComplete(world), 200_000)
  })
})

describe('a member that says it is host now', () => {
  it('in a term that no room can have reached, is neither believed nor believed again', () => {
    const { world } = makeWorld({ nodes: 3, job: { chunks: 400 } })
    const host = untilGathered(world, 3)
    const [member, forger] = [...world.nodes.values()].filter(({ id }) => id !== host.id)
    const { term } = member!.state.room!
    for (const leap of [4_000_000_000, 1])
      deliver(world, member!.id, forger!.id, {
        ...about(member!.state.room!, undefined, { case: 'hostChanged', value: { host: forger!.id, joinOrder: [forger!.id, member!.id] } }),
        term: term + leap,
      })
    expect(member!.state.room).toMatchObject({ host: host.id, term })
    expect(member!.state.refused['host of a term that nobody can have reached']).toBe(1)
  })
})

describe('when the host goes', () => {
  it.each(MOMENTS)('%s there is one takeover, nothing is lost and nothing finished is computed again', (_when, moment) => {
    const { world, log } = makeWorld({ seed: 5, nodes: 5, job: { chunks: 100 } })
    const host = untilGathered(world, 5)
    until(world, 'the moment comes', () => moment(world, host, log))
    const known = knownToAll(host)
    const closedAt = world.now
    world.close(host)
    until(world, 'a successor', () => successorOf(world, host)() !== undefined, 2_000)
    until(world, 'it grants', () => sentOf(log, 'chunkGrant').some(({ at, from }) => at > closedAt && from !== host.id), 3_000)
    until(world, 'the job is complete', () => isComplete(world), 120_000)
    const changes = log.notes.filter(({ node, note }) => note.kind === 'hostChanged' && note.host === node)
    expect(changes).toHaveLength(1)
    expect(computedAgain(log, closedAt, known)).toEqual([])
    expect(world.computed).toBeLessThanOrEqual(100 + 12)
  })

  it('grants as soon as every member has told what it knows, however long it would wait for them', () => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 200 }, options: { syncMs: 30_000 } })
    const host = untilGathered(world, 4)
    const closedAt = world.now
    world.close(host)
    until(world, 'its successor grants', () => sentOf(log, 'chunkGrant').some(({ at, from }) => at > closedAt && from !== host.id), 3_000)
  })

  it('grants again within 1.5 s of a closed tab', () => {
    const times = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((seed) => {
      const { world, log } = makeWorld({ seed, nodes: 4, job: { chunks: 200 } })
      const host = untilGathered(world, 4)
      const closedAt = world.now
      world.close(host)
      until(world, 'the successor grants', () => sentOf(log, 'chunkGrant').some(({ at, from }) => at > closedAt && from !== host.id), 5_000)
      return world.now - closedAt
    })
    expect(times.toSorted((a, b) => a - b)[5]).toBeLessThan(1_500)
  })

  it('twice in a row, the room goes on', () => {
    const { world } = makeWorld({ nodes: 5, job: { chunks: 100 } })
    const first = untilGathered(world, 5)
    world.crash(first)
    until(world, 'a successor', () => successorOf(world, first)() !== undefined, 20_000)
    const second = successorOf(world, first)()!
    expect(second.state.room!.term).toBe(2)
    world.crash(second)
    until(world, 'another successor', () => [...world.nodes.values()].some(({ alive, state }) => alive && state.room?.term === 3), 20_000)
    until(world, 'the job is complete', () => isComplete(world), 120_000)
  })

  it('a room that is down to one member goes on alone, and is verified once somebody comes', () => {
    const { world } = makeWorld({ nodes: 3, job: { chunks: 30 } })
    const host = untilGathered(world, 3)
    const last = host.state.room!.members[2]!.peer
    for (const { peer } of host.state.room!.members) if (peer !== last) world.crash(nodeOf(world, peer))
    until(
      world,
      'everything is computed by the one who stayed',
      () => roomOf(world, last).rounds.every(({ slots }) => slots.every(({ result }) => result !== null)),
      90_000,
    )
    expect(isComplete(world)).toBe(false)
    world.join('late', HONEST)
    until(world, 'it is verified', () => isComplete(world), 60_000)
  })

  it('everybody gone, what reached the database is not computed again', () => {
    const { world } = makeWorld({ nodes: 2, job: { chunks: 60 } })
    untilGathered(world, 2)
    until(world, 'half is computed', () => world.computed > 30)
    until(world, 'it is recorded', () =>
      [...world.database.entries.values()].some(
        ({ partials, certificate }) => certificate === null && [...partials.values()].some((results) => results.length > 3),
      ),
    )
    const kept = [...world.database.entries.values()].flatMap(({ certificate, partials }) =>
      certificate === null ? [...partials.values()].flat().map(({ chunk }) => chunk) : certificate.body.chunks.map(({ chunk }) => chunk),
    )
    until(world, 'it is archived', () => kept.every((chunk) => world.outputs.has(ARCHIVE, rightHash(chunk))))
    for (const node of world.nodes.values()) world.crash(node)
    const before = world.computed
    world.join('x', HONEST)
    world.join('y', HONEST)
    until(world, 'the job is complete', () => isComplete(world), 200_000)
    expect(world.computed - before).toBeLessThanOrEqual(60 - new Set(kept).size + 2)
  })

  it('begins where a data request to it failed', () => {
    const { world, log } = makeWorld({ nodes: 3, job: { chunks: 200 } })
    const host = untilGathered(world, 3)
    const member = nodeOf(world, host.state.room!.members[1]!.peer)
    until(world, 'they are at work', () => world.computed > 6)
    world.suspend(host, 60_000)
    const asleepAt = world.now
    until(world, 'what it sent has arrived', () => world.now > asleepAt + 20)
    world.happen(member, { type: 'requestFailed', peer: host.id })
    until(world, 'it has taken over', () => member.state.room?.host === member.id, 1_000)
    expect(log.notes.some(({ node, note }) => node === member.id && note.kind === 'hostChanged')).toBe(true)
  })

  it('of two hosts in one term the earlier in join order wins, and the other yields at once', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 200 } })
    const host = untilGathered(world, 4)
    const order = host.state.room!.members.map(({ peer }) => peer)
    const [, second, third, fourth] = order as [string, string, string, string]
    const says = (from: string): void =>
      deliver(world, fourth, from, {
        ...roomOf(world, fourth).rounds[0]!.ref,
        term: 2,
        body: { case: 'hostChanged', value: { host: from, joinOrder: order.slice(1) } },
      })
    says(third)
    expect(roomOf(world, fourth).host).toBe(third)
    says(second)
    expect(roomOf(world, fourth).host).toBe(second)
    says(third)
    expect(roomOf(world, fourth).host).toBe(second)
  })

  it('a host from an old term that comes back yields, and hands over what it knows', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 200 } })
    const host = untilGathered(world, 4)
    world.suspend(host, 30_000)
    until(world, 'a successor', () => successorOf(world, host)() !== undefined, 20_000)
    until(
      world,
      'the old host is a member',
      () => host.backlog === null && host.state.room !== null && host.state.room.host !== host.id,
      60_000,
    )
    until(world, 'the job is complete', () => isComplete(world), 200_000)
    expect(world.database.repeated).toBe(0)
  })
})

describe('comings and goings', () => {
  it('a clean leave is announced, and nothing of the leaver is lost', () => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 100 } })
    const host = untilGathered(world, 4)
    const leaver = nodeOf(world, host.state.room!.members[2]!.peer)
    world.happen(leaver, { type: 'stop', finish: true })
    until(world, 'it has left', () => leaver.state.activity.kind === 'off', 5_000)
    expect(leaver.state.inHand).toEqual([])
    until(world, 'the host knows', () => !host.state.room!.members.some(({ peer }) => peer === leaver.id), 500)
    expect(log.notes.some(({ note }) => note.kind === 'regranted' && note.from === leaver.id)).toBe(false)
    until(world, 'the job is complete', () => isComplete(world), 120_000)
  })

  it.each([6_500, 30_000, 180_000])('a tab suspended for %i ms blames nobody when everything comes at once', (ms) => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 600 } })
    const host = untilGathered(world, 4)
    const sleeper = nodeOf(world, host.state.room!.members[2]!.peer)
    world.suspend(sleeper, ms)
    until(world, 'it wakes', () => sleeper.backlog === null, ms + 1_000)
    until(world, 'the job is complete', () => isComplete(world), 400_000)
    const blamed = log.notes.filter(({ node, note }) => node === sleeper.id && note.kind === 'hostChanged' && note.host === sleeper.id)
    expect(blamed).toEqual([])
  })

  it('clocks a minute apart change nothing', () => {
    const { world } = makeWorld({ nodes: 0, job: { chunks: 100 } })
    world.join('a', HONEST, { skewMs: -60_000 })
    world.join('b', HONEST, { skewMs: 60_000 })
    world.join('c', HONEST)
    until(world, 'the job is complete', () => isComplete(world), 60_000)
    expect(world.computed).toBeLessThanOrEqual(102)
    expect(world.refusals).toEqual([])
  })
})
