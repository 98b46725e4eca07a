import { describe, expect, it, vi } from 'vitest'
import { holds } from '../domain/certificate-check.ts'
import type { Certificate } from '../domain/certificate.ts'
import { equalBytes } from '../domain/bytes.ts'
import { hashOfCid } from '../domain/ids.ts'
import { HONEST } from '../sim/behaviour.ts'
import { JOB, isComplete, makeWorld, nodeOf, roomOf, sentOf, until, untilGathered } from '../sim/fixture.ts'
import type { FixtureOptions, Log } from '../sim/fixture.ts'
import { rightHash, sign } from '../sim/truth.ts'
import { encodeMessage } from './message.ts'
import { CALM } from '../sim/weather.ts'
import { World } from '../sim/world.ts'

// Whole rooms run in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

const verify = async (peer: string, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> => equalBytes(sign(peer, bytes), signature)

function completed(options: FixtureOptions, ms = 200_000): { world: World; log: Log; certificates: Certificate[] } {
  const { world, log } = makeWorld(options)
  until(world, 'the job is complete', () => world.nodes.size > 1 && isComplete(world), ms)
  return { world, log, certificates: [...world.database.entries.values()].map(({ certificate }) => certificate!) }
}

function wrongChunks(certificates: Certificate[]): number[] {
  return certificates.flatMap(({ body }) =>
    body.chunks.filter(({ chunk, output }) => !equalBytes(hashOfCid(output), rightHash(chunk))).map(({ chunk }) => chunk),
  )
}

describe('the draw in a room', () => {
  it('ends in a certificate that anybody can check offline', async () => {
    const { certificates } = completed({ nodes: 4, job: { chunks: 40 } })
    expect(certificates).toHaveLength(4)
    for (const certificate of certificates) expect(await holds(certificate, verify)).toBe(true)
  })

  it("covers every stranger's chunk: the verifier's own are checked by a second", () => {
    const { certificates } = completed({ nodes: 6, job: { chunks: 30 } })
    for (const { body } of certificates) {
      const processors = new Set(body.chunks.map(({ peer }) => peer))
      expect(body.checked.map(({ chunk }) => chunk)).toEqual(body.chunks.map(({ chunk }) => chunk))
      if (processors.has(body.verifier)) expect(body.second).not.toBeNull()
      expect(body.second).not.toBe(body.verifier)
    }
  })

  it('says its part once to each where nothing is lost, and again only to whom it lacks where much is', () => {
    const partsOf = (drop: number) => {
      const { log } = completed({ nodes: 5, job: { chunks: 100 }, weather: { drop } })
      const parts = (['rootFixed', 'reveal', 'verifierReport'] as const).flatMap((kind) =>
        sentOf(log, kind).map(({ from, to, message, value }) =>
          [kind, from, to, message.block, message.microjob, 'epoch' in value ? value.epoch : value.attempt].join(),
        ),
      )
      return { all: parts.length, apart: new Set(parts).size }
    }
    const calm = partsOf(0)
    expect(calm.all).toBe(calm.apart)
    const lossy = partsOf(0.2)
    expect(lossy.all).toBeGreaterThan(lossy.apart)
    expect(lossy.all).toBeLessThan(3 * lossy.apart)
  })

  it('reveals nothing before the results are fixed, and commits before', () => {
    const { log } = completed({ nodes: 4, job: { chunks: 40 } })
    for (const { at, message } of sentOf(log, 'reveal')) {
      const root = sentOf(log, 'rootFixed').find((entry) => entry.message.microjob === message.microjob)!
      expect(root.at).toBeLessThanOrEqual(at)
    }
    expect(sentOf(log, 'reveal').length).toBeGreaterThan(10)
  })

  it('shows nobody, the host included, who will verify before the last reveal: a guess is right as often as chance', () => {
    let drawn = 0
    let host = 0
    let busiest = 0
    let first = 0
    for (let seed = 1; seed <= 60; seed++) {
      const { certificates } = completed({ seed, nodes: 4, job: { chunks: 60 } })
      for (const { body } of certificates) {
        const able = body.entropy.map(({ peer }) => peer)
        if (able.length !== 4) continue
        drawn++
        // What somebody could go by: who hosts, who computed most, who joined first.
        const counts = able.map((peer) => body.chunks.filter((entry) => entry.peer === peer).length)
        if (body.verifier === body.host) host++
        if (body.verifier === able[counts.indexOf(Math.max(...counts))]) busiest++
        if (body.verifier === able.toSorted((a, b) => a.localeCompare(b))[0]) first++
      }
    }
    expect(drawn).toBeGreaterThan(200)
    const tolerance = 4.5 * Math.sqrt((0.25 * 0.75) / drawn)
    for (const right of [host, busiest, first]) expect(Math.abs(right / drawn - 0.25)).toBeLessThan(tolerance)
  }, 60_000)

  it('is the same in state and messages for the one who will be drawn as for all others', () => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 10 } })
    until(world, 'somebody is drawn', () => log.notes.some(({ note }) => note.kind === 'drawn'))
    const { at } = log.notes.find(({ note }) => note.kind === 'drawn')!
    const before = log.sent.filter(
      (entry) => entry.at < at && ['rootFixed', 'reveal', 'verifierReport'].includes(entry.effect.message.body.case ?? ''),
    )
    const shapes = new Map<string, string[]>()
    for (const { from, effect } of before)
      shapes.set(from, [...(shapes.get(from) ?? []), `${effect.message.body.case} ${encodeMessage(effect.message).length}`])
    const members = [...shapes].filter(([, list]) => !list.some((shape) => shape.startsWith('rootFixed')))
    for (const [, list] of members) expect(list).toEqual(members[0]![1])
    expect(before.some(({ effect }) => effect.message.body.case === 'verifierReport')).toBe(false)
  })

  it.each(['goes', 'comes back'])('ends although a checker lacks the secret of a member that %s, and the checker stays', (what) => {
    let seen = 0
    for (let seed = 1; seed <= 40 && seen < 3; seed++) {
      const { world, log } = makeWorld({ seed, nodes: 4, job: { chunks: 30 } })
      const happen = world.happen.bind(world)
      let isThere = true
      world.happen = (node, event) => {
        const isLost =
          isThere && event.type === 'message' && event.from === 'n03' && event.message.body.case === 'reveal' && node.id === 'n02'
        if (!isLost) happen(node, event)
      }
      const drawn = (): boolean =>
        log.notes.some(({ node, note }) => note.kind === 'drawn' && note.verifier === 'n02' && roomOf(world, node).host === node)
      until(world, 'the job is complete, or n02 is drawn', () => drawn() || (world.nodes.size > 1 && isComplete(world)), 400_000)
      if (!drawn() || world.nodes.get('n03')?.alive !== true) continue
      seen++
      world.crash(nodeOf(world, 'n03'))
      isThere = false
      if (what === 'comes back') world.join('n03', HONEST)
      until(world, 'the job is complete', () => isComplete(world), 400_000)
      const gone = log.notes.flatMap(({ note }) => (note.kind === 'departed' ? [note] : []))
      expect(gone.filter(({ peer, reason }) => peer === 'n02' && reason.includes('drawn to verify'))).toEqual([])
    }
    expect(seen).toBe(3)
  })

  it.each([
    ['two members', (i: number) => ({ lies: i === 9 ? 1 : 0 })],
    ['two members, one of whom lies,', (i: number) => ({ lies: i === 2 ? 1 : 0 })],
    ['two members, one of whom lies as verifier,', (i: number) => ({ lies: i === 3 ? 1 : 0, liesAsVerifier: i === 3 })],
  ])('ends where %s have no wire between them: the host passes on what each has said', (_what, behaviour) => {
    for (let seed = 1; seed <= 8; seed++) {
      const { world, log, certificates } = completed(
        {
          seed,
          nodes: 5,
          job: { chunks: 60 },
          behaviour,
          unlinked: [
            ['n02', 'n03'],
            ['n02', 'n04'],
          ],
        },
        400_000,
      )
      expect(wrongChunks(certificates)).toEqual([])
      const late = world.refusals.filter(({ reason }) => /in time|withheld|missed/.test(reason))
      expect(late).toEqual([])
      expect(log.notes.filter(({ note }) => note.kind === 'hostChanged')).toEqual([])
    }
  })

  it('is repeated where a checker has no wire to one that does not answer for its results: nobody else can show its secret', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const { world } = completed(
        { seed, nodes: 4, job: { chunks: 60 }, behaviour: (i) => ({ disowns: i === 2 }), unlinked: [['n02', 'n03']] },
        400_000,
      )
      expect(world.refusals).toEqual([])
    }
  })

  it('repeats a draw only with fresh secrets', () => {
    const { world, log } = makeWorld({ nodes: 5, job: { chunks: 60 }, behaviour: (i) => ({ withholdsReport: i === 3 }) })
    until(world, 'the job is complete', () => world.nodes.size > 1 && isComplete(world), 400_000)
    const secrets = new Map<string, string>()
    for (const { from, message, value } of sentOf(log, 'reveal')) {
      const key = `${from} ${message.block} ${message.microjob} ${value.epoch}`
      const text = String(value.secret)
      expect(secrets.get(key) ?? text).toBe(text)
      secrets.set(key, text)
    }
    expect(new Set(secrets.values()).size).toBe(secrets.size)
    const roots = new Map<string, Set<number>>()
    for (const { message, value } of sentOf(log, 'rootFixed')) {
      const key = `${message.block} ${message.microjob} ${message.term} ${value.epoch}`
      roots.set(key, (roots.get(key) ?? new Set()).add(value.attempt))
    }
    for (const attempts of roots.values()) expect(attempts.size).toBe(1)
  })
})

describe('a checker that looks at more than the sample', () => {
  it('is believed: all it checked stands in a certificate that holds', async () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 40 } })
    world.observers.push({
      stepped(node, _event, effects) {
        for (const effect of effects) {
          if (effect.type !== 'verify') continue
          const round = node.state.room!.rounds.find(({ ref }) => ref.microjob === effect.ref.microjob)!
          const isVerifier = round.draw!.order![0] === node.id
          const own = round.slots.filter(({ result }) => (result!.peer === round.draw!.order![0]) !== isVerifier)
          // The world reads the effect when the check is done.
          effect.chunks = own.map(({ chunk }) => chunk)
        }
      },
    })
    until(world, 'the job is complete', () => world.nodes.size > 1 && isComplete(world), 200_000)
    const certificates = [...world.database.entries.values()].map(({ certificate }) => certificate!)
    expect(certificates).toHaveLength(4)
    for (const certificate of certificates) {
      const { checked, chunks } = certificate.body
      expect(checked.map(({ chunk }) => chunk)).toEqual(chunks.map(({ chunk }) => chunk).toSorted((a, b) => a - b))
      expect(await holds(certificate, verify)).toBe(true)
    }
  })
})

describe('members that do not keep to the protocol', () => {
  it('a lazy worker is found, expelled, and all it computed is computed again', () => {
    const { world, log, certificates } = completed({ nodes: 5, job: { chunks: 60 }, behaviour: (i) => ({ lies: i === 2 ? 1 : 0 }) })
    expect(wrongChunks(certificates)).toEqual([])
    expect(log.notes.some(({ note }) => note.kind === 'voided' && note.peer === 'n02')).toBe(true)
    expect(world.refusals.some(({ culprit, reason }) => culprit === 'n02' && reason.startsWith('proven wrong'))).toBe(true)
    expect(certificates.some(({ body }) => body.chunks.some(({ peer }) => peer === 'n02'))).toBe(false)
  })

  it('a host that computes wrongly loses its place', () => {
    const { log, certificates } = completed({ nodes: 5, job: { chunks: 60 }, behaviour: (i) => ({ lies: i === 0 ? 1 : 0 }) })
    expect(wrongChunks(certificates)).toEqual([])
    expect(log.notes.some(({ note }) => note.kind === 'hostChanged' || note.kind === 'left')).toBe(true)
  })

  it('a verifier that lies about honest work is found, and the honest processor stays', () => {
    const { world, certificates } = completed({
      nodes: 6,
      job: { chunks: 60 },
      behaviour: (i) => ({ lies: i === 4 ? 1 : 0, liesAsVerifier: i === 4 }),
    })
    expect(wrongChunks(certificates)).toEqual([])
    expect(new Set(world.refusals.filter(({ reason }) => reason.startsWith('proven wrong')).map(({ culprit }) => culprit))).toEqual(
      new Set(['n04']),
    )
  })

  it('a processor and a colluding arbiter do not convict an honest verifier', () => {
    let colluders = 0
    for (let seed = 1; seed <= 6; seed++) {
      const { world, certificates } = completed({
        seed,
        nodes: 8,
        job: { chunks: 60 },
        behaviour: (i) => (i === 3 || i === 5 ? { lies: 1, liesAsVerifier: true, accomplice: 'cabal' } : {}),
      })
      const convicted = world.refusals.filter(({ reason }) => reason.startsWith('proven wrong')).map(({ culprit }) => culprit)
      for (const culprit of convicted) expect(['n03', 'n05']).toContain(culprit)
      colluders += convicted.length
      expect(wrongChunks(certificates).length).toBeLessThan(60)
    }
    expect(colluders).toBeGreaterThan(0)
  })

  it('two of a small draw convict nobody while others have come who can be asked in another', () => {
    // Two liars who were expelled open a room of their own; of the honest who join it one comes in time for its first draw.
    const world = new World(1, CALM)
    world.database.addJob('job', { ...JOB, chunks: 400 }, 0)
    const liar = { lies: 0.1, liesAsVerifier: true, accomplice: 'cabal' }
    const liars = new Set<string>()
    while (liars.size < 2) liars.add(`n${world.rng.below(10)}`)
    for (let i = 0; i < 10; i++) world.schedule.after(i * 50, () => world.join(`n${i}`, { ...HONEST, ...(liars.has(`n${i}`) ? liar : {}) }))
    until(world, 'the job is complete', () => world.nodes.size === 10 && isComplete(world), 400_000)
    const convicted = world.refusals.filter(({ reason }) => reason.startsWith('proven wrong')).map(({ culprit }) => culprit)
    expect(new Set(convicted)).toEqual(liars)
  })

  it('whoever withholds its reveal is excluded, and its chunks are computed again', () => {
    const { world, log } = completed({ nodes: 4, job: { chunks: 30 }, behaviour: (i) => ({ withholdsReveal: i === 2 }) })
    expect(world.refusals.some(({ culprit, reason }) => culprit === 'n02' && reason === 'withheld its reveal')).toBe(true)
    expect(log.notes.some(({ note }) => note.kind === 'voided' && note.peer === 'n02')).toBe(true)
  })

  it('a host that withholds its own reveal is left', () => {
    const { world } = makeWorld({ nodes: 4, job: { chunks: 30 }, behaviour: (i) => ({ withholdsReveal: i === 0 }) })
    untilGathered(world, 4)
    until(world, 'the job is complete', () => isComplete(world), 400_000)
  })

  it('a host that grants nothing is left', () => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 400 }, behaviour: (i) => ({ withholdsGrants: i === 0, paceMs: 900 }) })
    const host = untilGathered(world, 4)
    until(world, 'another host grants', () => sentOf(log, 'chunkGrant').some(({ from }) => from !== host.id), 200_000)
    expect(nodeOf(world, host.id).behaviour.withholdsGrants).toBe(true)
  })
})
