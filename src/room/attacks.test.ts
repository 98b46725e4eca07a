import { describe, expect, it, vi } from 'vitest'
import { equalBytes } from '../domain/bytes.ts'
import type { Certificate } from '../domain/certificate.ts'
import { encodeCanonical, hashOfCid } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import { deliver, isComplete, makeWorld, nodeOf, roomOf, sentOf, until, untilGathered } from '../sim/fixture.ts'
import type { FixtureOptions, Log } from '../sim/fixture.ts'
import { startRogue } from '../sim/rogue.ts'
import { rightHash, wrongHash } from '../sim/truth.ts'
import type { World } from '../sim/world.ts'
import { MAX_MEMBERS } from './limits.ts'
import { about } from './context.ts'
import type { Reveal } from './draw-state.ts'
import type { Message } from './message.ts'
import { slotOf } from './round.ts'
import type { Round } from './state.ts'

// Whole rooms run in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

function played(options: FixtureOptions): { world: World; log: Log } {
  const { world, log } = makeWorld(options)
  until(world, 'the job is complete', () => world.nodes.size === (options.nodes ?? 3) && isComplete(world), 400_000)
  return { world, log }
}

function certified(world: World): Certificate['body']['chunks'] {
  return [...world.database.entries.values()].flatMap(({ certificate }) => certificate?.body.chunks ?? [])
}

/** Every chunk is certified once, and right. */
function expectRight(world: World): void {
  for (const { chunk, output } of certified(world)) expect(equalBytes(hashOfCid(output), rightHash(chunk)), `chunk ${chunk}`).toBe(true)
}

/** Of whom the ledger has proof that they were wrong. */
function proven(world: World): string[] {
  return [...world.database.liars].sort()
}

describe('an attack on a room', () => {
  it('by a worker that lies one time in fifty passes nowhere when everything is checked, and the worker is named', () => {
    const { world } = played({
      nodes: 5,
      job: { chunks: 400, credibleAfter: 1_000 },
      behaviour: (i) => ({ lies: i === 2 ? 0.02 : 0 }),
    })
    expectRight(world)
    expect(proven(world)).toEqual(['n02'])
  })

  it('by a liar that earns its standing first costs it all of that, and it is named', () => {
    const { world } = makeWorld({ nodes: 5, job: { chunks: 400 } })
    until(world, 'all are believed', () => world.nodes.size === 5 && (nodeOf(world, 'n02').state.standings['n02'] ?? 0) >= 10, 200_000)
    nodeOf(world, 'n02').behaviour = { ...nodeOf(world, 'n02').behaviour, lies: 1 }
    until(world, 'the job is complete', () => isComplete(world), 400_000)
    expect(proven(world)).toEqual(['n02'])
    expect(world.database.standings().get('n02')).toBe(0)
    // What was certified before it was found out has been computed again.
    expect(world.database.voided).toBeGreaterThan(0)
    expectRight(world)
  })

  it('by a pair that backs each other convicts no honest member, and both are named', () => {
    const { world } = played({
      nodes: 8,
      job: { chunks: 80 },
      behaviour: (i) => (i === 3 || i === 5 ? { lies: 1, liesAsVerifier: true, accomplice: 'cabal' } : {}),
    })
    expect(proven(world)).toEqual(['n03', 'n05'])
    expectRight(world)
  })

  it('by a liar that does not sign for its results gains nothing: all it computed is checked, and it is sent away', () => {
    const { world } = makeWorld({ nodes: 5, job: { chunks: 200 } })
    until(world, 'all are believed', () => world.nodes.size === 5 && (nodeOf(world, 'n02').state.standings['n02'] ?? 0) >= 10, 200_000)
    const node = nodeOf(world, 'n02')
    node.behaviour = { ...node.behaviour, lies: 1, disowns: true }
    // What it said before stands in its name, and it could still sign for it.
    node.state.said.clear()
    until(world, 'the job is complete', () => isComplete(world), 400_000)
    expectRight(world)
    expect(proven(world)).toEqual([])
    expect(world.refusals.some(({ culprit, reason }) => culprit === 'n02' && reason.startsWith('does not answer'))).toBe(true)
  })

  it('by somebody proven wrong elsewhere goes no further: no room admits it, and it is sent away where it already is', () => {
    const { world } = makeWorld({ nodes: 5, job: { chunks: 200 } })
    const host = untilGathered(world, 5)
    world.database.liars.add('n03')
    world.happen(host, { type: 'standings', passed: new Map(), convicted: ['n03'] })
    expect(host.state.room!.members.map(({ peer }) => peer)).not.toContain('n03')
    expect(host.state.room!.rounds.flatMap(({ slots }) => slots).some(({ result }) => result?.peer === 'n03')).toBe(false)
    until(world, 'the job is complete', () => isComplete(world), 400_000)
    expect(certified(world).some(({ peer }) => peer === 'n03')).toBe(false)
    expect(host.state.room?.members.map(({ peer }) => peer) ?? []).not.toContain('n03')
  })

  it('by one that passes off a copied result as its own changes nothing: nobody granted it the chunk', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 80 } })
    const host = untilGathered(world, 4)
    const thief = host.state.room!.members.find(({ peer }) => peer !== host.id)!.peer
    const open = (): { chunk: number; peer: string } | undefined =>
      host.state
        .room!.rounds[0]!.slots.flatMap(({ chunk, grants }) => grants.map(({ peer }) => ({ chunk, peer })))
        .find(({ peer }) => peer !== thief && peer !== host.id)
    until(world, 'somebody else works', () => open() !== undefined)
    const { chunk, peer: victim } = open()!
    const room = roomOf(world, thief)
    const info = { chunk, peer: thief, hash: rightHash(chunk), fuel: 1, engine: 'cpu', bytes: 1 }
    const copy = (name: string) =>
      about(room, room.rounds[0], { case: 'result', value: { info: { ...info, peer: name }, attempt: 1, ms: 1, data: undefined } })
    deliver(world, host.id, thief, copy(thief))
    deliver(world, host.id, thief, copy(victim))
    expect(host.state.refused['result that nobody asked for']).toBe(1)
    expect(host.state.refused["result in a member's name"]).toBe(1)
    until(world, 'the job is complete', () => isComplete(world))
    expectRight(world)
    expect(certified(world).find((entry) => entry.chunk === chunk)!.peer).not.toBe(thief)
  })

  it('by a result replayed from another job, room or term changes nothing', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 80 } })
    const host = untilGathered(world, 4)
    const other = host.state.room!.members.find(({ peer }) => peer !== host.id)!.peer
    const room = roomOf(world, other)
    const round = room.rounds[0]!
    const info = { chunk: round.ref.firstChunk, peer: other, hash: wrongHash(0, 'old'), fuel: 1, engine: 'cpu', bytes: 1 }
    const replay = about(room, round, { case: 'result', value: { info, attempt: 1, ms: 1, data: undefined } })
    const before = JSON.stringify(host.state.room!.rounds)
    deliver(world, host.id, other, { ...replay, term: room.term - 1 })
    deliver(world, host.id, other, { ...replay, block: 'another' })
    deliver(world, host.id, other, { ...replay, microjob: 999 })
    expect(JSON.stringify(host.state.room!.rounds)).toBe(before)
    expect(host.state.refused['message of an old term']).toBeGreaterThan(0)
    expect(host.state.refused['message about no round here']).toBeGreaterThan(1)
  })

  it('by a certificate of other results completes nothing', () => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 80 } })
    const host = untilGathered(world, 4)
    until(world, 'a certificate is sent', () => sentOf(log, 'completed').length > 0)
    const seen = sentOf(log, 'completed')[0]!
    const forger = host.state.room!.members.find(({ peer }) => peer !== host.id)!.peer
    const room = roomOf(world, forger)
    const round = room.rounds.find(({ ref }) => roomTopic(ref) !== roomTopic(seen.message))!
    const victim = nodeOf(world, host.id)
    const count = victim.state.certificates
    const [real] = [...world.database.entries.values()].flatMap(({ certificate }) => certificate ?? [])
    const made = real ?? ({ body: {} } as Certificate)
    const forged = encodeCanonical({ ...made, body: { ...made.body, block: round.ref.block, microjob: round.ref.microjob } })
    deliver(world, host.id, forger, about(room, round, { case: 'completed', value: { certificate: forged } }))
    deliver(world, host.id, forger, about(room, round, { case: 'completed', value: { certificate: Uint8Array.of(1, 2, 3) } }))
    expect(victim.state.certificates).toBe(count)
    expect(victim.state.room!.rounds.some(({ ref }) => roomTopic(ref) === roomTopic(round.ref))).toBe(true)
  })

  it('by one that says it is host of rooms it never joined stops nobody', () => {
    const { world } = makeWorld({ nodes: 5, job: { chunks: 80 }, behaviour: (i) => ({ forgesHost: i === 4 }) })
    until(world, 'all are there', () => world.nodes.size === 5)
    startRogue(world, nodeOf(world, 'n04'))
    until(world, 'the job is complete', () => isComplete(world), 600_000)
    expectRight(world)
    expect(proven(world)).toEqual([])
  })

  it('by a flood of join requests fills no more places than there are, and displaces nobody', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 120, capacity: 6 } })
    const host = untilGathered(world, 4)
    const { ref } = host.state.room!.rounds[0]!
    const members = host.state.room!.members.map(({ peer }) => peer)
    for (let i = 0; i < 500; i++) {
      const value = {
        peer: `x${i}`,
        capabilities: undefined,
        load: 0,
        commitment: new Uint8Array(32),
        observer: i % 2 === 0,
        session: i,
      }
      const message = { block: ref.block, microjob: ref.microjob, term: 1, body: { case: 'joinRequest' as const, value } }
      world.happen(host, { type: 'gossip', topic: roomTopic(ref), from: `x${i}`, message })
    }
    const now = host.state.room!.members
    expect(now.filter(({ observer }) => !observer)).toHaveLength(6)
    expect(now.length).toBeLessThanOrEqual(MAX_MEMBERS)
    expect(now.slice(0, 4).map(({ peer }) => peer)).toEqual(members)
    until(world, 'the job is complete', () => isComplete(world), 400_000)
    expectRight(world)
  })

  it('by one that asks for chunks and never answers loses it its place, and the chunks go to others', () => {
    const { world } = played({
      nodes: 4,
      job: { chunks: 300, deadlineMs: 5_000 },
      options: { deadlineFloorMs: 3_000 },
      behaviour: (i) => ({ hoards: i === 2 }),
    })
    expectRight(world)
    expect(certified(world).some(({ peer }) => peer === 'n02')).toBe(false)
    const named = world.refusals.filter(({ culprit }) => culprit === 'n02')
    expect(named.some(({ reason }) => reason.includes('missed its deadline') || reason.includes('does not keep them'))).toBe(true)
    expect(proven(world)).toEqual([])
  })

  it('by a host that complains falsely about a deadline costs the member neither its standing nor the job its result', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 200 } })
    const host = untilGathered(world, 4)
    const victim = host.state.room!.members.find(({ peer }) => peer !== host.id)!.peer
    until(world, 'the victim has earned something', () => (world.database.standings().get(victim) ?? 0) > 0, 200_000)
    const earned = world.database.standings().get(victim)!
    deliver(world, victim, host.id, about(host.state.room!, undefined, { case: 'expelled', value: { peer: victim, reason: 'late' } }))
    expect(nodeOf(world, victim).state.room).toBeNull()
    until(world, 'the job is complete', () => isComplete(world), 400_000)
    expectRight(world)
    expect(world.database.standings().get(victim)).toBeGreaterThanOrEqual(earned)
    expect(certified(world).some(({ peer }) => peer === victim)).toBe(true)
  })

  it('by a host that passes on a secret without its signature, or by one that is no host, changes nothing', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 80 }, unlinked: [['n02', 'n03']] })
    const host = untilGathered(world, 4)
    const victim = nodeOf(world, 'n03')
    const rounds = (): Round[] =>
      roomOf(world, host.id).rounds.filter(({ reveals }) => reveals.some(({ signature }) => signature.length > 0))
    const found = (): { round: Round; reveal: Reveal } | undefined =>
      rounds().flatMap((round) => {
        const reveal = round.reveals.find(({ peer, signature }) => peer === 'n02' && signature.length > 0)
        const own = victim.state.room?.rounds.find(({ ref }) => ref.microjob === round.ref.microjob)
        return reveal !== undefined && own?.draw != null && !own.reveals.some(({ peer }) => peer === 'n02') ? [{ round, reveal }] : []
      })[0]
    until(world, 'n03 lacks what n02 has shown to the host', () => found() !== undefined)
    const { round, reveal } = found()!
    const { secret, statement, signature } = reveal
    const passOn = (parts: { statement: Uint8Array; signature: Uint8Array }): Message =>
      about(roomOf(world, host.id), round, { case: 'reveal', value: { secret, epoch: round.epoch, ...parts, peer: 'n02' } })
    const known = (): string[] =>
      victim.state.room!.rounds.find(({ ref }) => ref.microjob === round.ref.microjob)!.reveals.map(({ peer }) => peer)
    const before = known()
    deliver(world, 'n03', host.id, passOn({ statement: new Uint8Array(0), signature: new Uint8Array(0) }))
    deliver(world, 'n03', 'n01', passOn({ statement, signature }))
    expect(known()).toEqual(before)
    expect(victim.state.refused).toMatchObject({
      'reveal whose signature may have been taken away': 1,
      'message passed on by no host': 1,
    })
    deliver(world, 'n03', host.id, passOn({ statement, signature }))
    expect(known()).toContain('n02')
    until(world, 'the job is complete', () => isComplete(world))
    expectRight(world)
  })

  it('by one that comes in anew whenever a draw waits for its secret has few draws repeated, and then no place', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 80 }, behaviour: (i) => ({ withholdsReveal: i === 3 }) })
    const host = untilGathered(world, 4)
    let session = 1
    const again = (): void => {
      const round = host.state.room?.rounds.find(({ draw }) => draw?.order === null)
      if (round !== undefined) {
        const { block, microjob } = round.ref
        const value = { peer: 'n03', capabilities: undefined, load: 0, commitment: new Uint8Array(32), observer: false, session: session++ }
        const message = { block, microjob, term: 1, body: { case: 'joinRequest' as const, value } }
        world.happen(host, { type: 'gossip', topic: roomTopic(round.ref), from: 'n03', message })
      }
      world.schedule.after(1_500, again)
    }
    again()
    until(world, 'the job is complete', () => isComplete(world), 200_000)
    expect(world.refusals.some(({ culprit, reason }) => culprit === 'n03' && reason.startsWith('goes again and again'))).toBe(true)
    expectRight(world)
  })

  it("by a result of nobody's chunk, or of a stranger, is counted and changes nothing", () => {
    const { world } = makeWorld({ nodes: 3, job: { chunks: 60 } })
    const host = untilGathered(world, 3)
    const other = host.state.room!.members.find(({ peer }) => peer !== host.id)!.peer
    const room = roomOf(world, other)
    const [round] = room.rounds
    const message = (chunk: number, peer: string) =>
      about(room, round, {
        case: 'result',
        value: { info: { chunk, peer, hash: rightHash(chunk), fuel: 1, engine: 'cpu', bytes: 1 }, attempt: 1, ms: 1, data: undefined },
      })
    deliver(world, host.id, other, message(9_999, other))
    deliver(world, host.id, 'nobody', message(round!.ref.firstChunk, 'nobody'))
    expect(host.state.refused['result of no chunk here']).toBe(1)
    expect(host.state.refused['message of a non-member']).toBe(1)
    expect(slotOf(host.state.room!.rounds[0]!, round!.ref.firstChunk)!.result?.peer).not.toBe('nobody')
  })
})
