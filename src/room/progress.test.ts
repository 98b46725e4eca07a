import { describe, expect, it, vi } from 'vitest'
import { HONEST } from '../sim/behaviour.ts'
import { deliver, isComplete, makeWorld, nodeOf, roomOf, until, untilGathered } from '../sim/fixture.ts'
import { ARCHIVE } from '../sim/outputs.ts'
import { FUEL, wrongHash } from '../sim/truth.ts'
import type { World } from '../sim/world.ts'
import { about } from './context.ts'
import type { Body } from './message.ts'
import type { Room } from './state.ts'

// Whole rooms run in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

/** Somebody who is gone left wrong results of everything in the database. */
function leaveLies(world: World): void {
  for (const { ref } of world.database.entries.values()) {
    const chunks = Array.from({ length: ref.chunkCount }, (_, i) => ref.firstChunk + i)
    for (const chunk of chunks) world.outputs.keep(ARCHIVE, wrongHash(chunk, 'liar'))
    world.database.recordPartial(
      'liar',
      ref,
      chunks.map((chunk) => ({ chunk, result: { peer: 'liar', hash: wrongHash(chunk, 'liar'), fuel: FUEL, engine: 'cpu', bytes: 4_096 } })),
    )
  }
}

function heartbeatOf(room: Room, host: string, epoch: number): Body {
  const have = room.rounds.map(({ ref }) => ({
    block: ref.block,
    microjob: ref.microjob,
    bitmap: new Uint8Array(2),
    epoch,
    commitment: new Uint8Array(32),
    checked: 0,
    attempt: 0,
    reveals: 0,
    reports: 0,
    replies: 0,
  }))
  return { case: 'heartbeat', value: { host, version: room.version, have, inHand: [], standings: [] } }
}

describe('what one alone cannot decide', () => {
  it('is not taken up again and again by a node that nobody helps', () => {
    const { world, log } = makeWorld({ nodes: 0, job: { chunks: 30, chunksPerMicrojob: 1 } })
    leaveLies(world)
    const a = world.join('a', HONEST)
    until(world, 'it has tried for a while', () => world.now > 25_000)
    expect(a.verified).toBeGreaterThan(0)
    expect(a.verified).toBeLessThanOrEqual(30)
    expect(log.sent.length).toBeLessThan(1_500)
  })

  it('is decided by two who gave it up one after the other', () => {
    const { world } = makeWorld({ nodes: 0, job: { chunks: 4, chunksPerMicrojob: 1 } })
    leaveLies(world)
    const a = world.join('a', HONEST)
    until(world, 'the first gives it up', () => a.state.room !== null)
    until(world, 'and is free', () => a.state.room === null)
    const b = world.join('b', HONEST)
    until(world, 'the second hosts it', () => b.state.room !== null)
    until(world, 'both have decided all of it', () => isComplete(world), 60_000)
  })

  it('what a node has put into the database itself it does not compute again', () => {
    const { world } = makeWorld({ nodes: 0, job: { chunks: 60, chunksPerMicrojob: 1 }, weather: { databaseMs: 4_000 } })
    world.join('a', { ...HONEST, paceMs: 20, slots: 4 })
    until(world, 'it has computed all there is', () => world.now > 30_000)
    expect(world.computed).toBe(60)
  })
})

describe('a host', () => {
  it('that speaks only of an old term is not there', () => {
    const { world } = makeWorld({ nodes: 3, job: { chunks: 400 } })
    const host = untilGathered(world, 3)
    const member = nodeOf(
      world,
      [...world.nodes.keys()].find((id) => id !== host.id)!,
    )
    const message = { ...about(host.state.room!, undefined, heartbeatOf(host.state.room!, host.id, 0)), term: 0 }
    const again = (): void => {
      deliver(world, member.id, host.id, message)
      world.schedule.after(500, again)
    }
    world.network.weather = { ...world.network.weather, detectMs: 1e9 }
    world.crash(host)
    again()
    until(world, 'its members have another host', () => roomOf(world, member.id).host !== host.id, 20_000)
  })

  it('goes beyond the epochs that its members have seen, and puts out who tells of impossible ones', () => {
    const { world } = makeWorld({ nodes: 3, job: { chunks: 400 } })
    const host = untilGathered(world, 3)
    const room = host.state.room!
    const [one, other] = room.members.map(({ peer }) => peer).filter((peer) => peer !== host.id)
    deliver(world, host.id, one!, about(room, undefined, heartbeatOf(room, host.id, 5)))
    expect(room.rounds.map(({ epoch }) => epoch)).toEqual(room.rounds.map(() => 6))
    deliver(world, host.id, other!, about(room, undefined, heartbeatOf(room, host.id, 5_000)))
    expect(room.members.map(({ peer }) => peer)).toEqual([host.id, one])
  })

  it('is believed no longer by who was put out by it twice while it had nobody else', () => {
    const { world } = makeWorld({ nodes: 2, job: { chunks: 10 }, behaviour: () => ({ paceMs: 12_000 }) })
    const host = untilGathered(world, 2)
    const member = nodeOf(
      world,
      [...world.nodes.keys()].find((id) => id !== host.id)!,
    )
    for (const _ of [1, 2]) {
      until(
        world,
        'it is in',
        () => member.state.room?.host === host.id && member.state.announcements.some(({ host: at }) => at === host.id),
      )
      deliver(
        world,
        member.id,
        host.id,
        about(host.state.room!, undefined, { case: 'expelled', value: { peer: member.id, reason: 'because' } }),
      )
      expect(member.state.room).toBe(null)
    }
    until(world, 'it opens a room for the one microjob there is', () => member.state.room?.host === member.id, 5_000)
    until(world, 'and the first host, alone, comes to it', () => host.state.room?.host === member.id, 10_000)
  })
})
