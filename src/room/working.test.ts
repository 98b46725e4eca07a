import { describe, expect, it, vi } from 'vitest'
import { lobbyTopic, roomTopic } from '../domain/job.ts'
import { deliver, isComplete, makeWorld, nodeOf, roomOf, sentOf, until, untilGathered } from '../sim/fixture.ts'
import { rightHash, wrongHash } from '../sim/truth.ts'
import type { Message } from './message.ts'

// Whole rooms run in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

describe('work in a room', () => {
  it('is pulled: nobody is granted more than it has asked for', () => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 120 } })
    until(world, 'the job is complete', () => isComplete(world), 120_000)
    const asked = new Map<string, number>()
    for (const { at, from, effect } of log.sent) {
      const { body } = effect.message
      if (body.case === 'chunkRequest') asked.set(from, at)
      if (body.case === 'chunkGrant' && effect.type === 'send') expect(asked.get(effect.to)).toBeLessThanOrEqual(at)
    }
    const grants = sentOf(log, 'chunkGrant')
    const requests = sentOf(log, 'chunkRequest')
    for (const to of new Set(grants.map((entry) => entry.to))) {
      const granted = grants.filter((entry) => entry.to === to).reduce((sum, { value }) => sum + value.chunks.length, 0)
      const wanted = requests.filter(({ from }) => from === to).reduce((sum, { value }) => sum + value.want, 0)
      expect(granted).toBeLessThanOrEqual(wanted)
    }
    expect(grants.length).toBeGreaterThan(20)
  })

  it('is not granted to a member that never asks', () => {
    const { world, log } = makeWorld({ nodes: 3, job: { chunks: 60 } })
    const host = untilGathered(world, 3)
    const idle = host.state.room!.members.find(({ peer }) => peer !== host.id)!.peer
    world.happen(nodeOf(world, idle), { type: 'pause' })
    const from = world.now + 3_000
    until(world, 'others go on', () => world.now > from + 3_000)
    expect(sentOf(log, 'chunkGrant').filter(({ at, to }) => to === idle && at > from)).toEqual([])
  })

  it('records each grant with time and peer, and tells it to the deputies', () => {
    const { world, log } = makeWorld({ nodes: 5, job: { chunks: 200 }, behaviour: () => ({ paceMs: 1_000 }) })
    const host = untilGathered(world, 5)
    until(world, 'everybody works', () => host.state.room!.members.every(({ peer }) => nodeOf(world, peer).state.inHand.length > 0))
    const grant = sentOf(log, 'chunkGrant').at(-1)!
    const told = log.sent.flatMap(({ effect }) =>
      effect.type === 'send' &&
      effect.message.body.case === 'grantNotice' &&
      effect.message.body.value.peer === grant.to &&
      effect.message.body.value.chunks.includes(grant.value.chunks[0]!)
        ? [effect.to]
        : [],
    )
    const deputies = host.state
      .room!.members.map(({ peer }) => peer)
      .filter((peer) => peer !== host.id)
      .slice(0, 2)
    expect(new Set(told)).toEqual(new Set(deputies.filter((peer) => peer !== grant.to)))
    const slot = host.state.room!.rounds.flatMap(({ slots }) => slots).find(({ chunk }) => chunk === grant.value.chunks[0])!
    expect(slot.grants).toContainEqual(expect.objectContaining({ peer: grant.to, attempt: 1 }))
    expect(slot.grants[0]!.deadline - slot.grants[0]!.at).toBe(grant.value.deadlineMs)
  })

  it('excludes a member past its deadline, tells everybody, and gives its chunk to another', () => {
    const { world, log } = makeWorld({
      nodes: 4,
      job: { chunks: 200, deadlineMs: 2_000 },
      options: { deadlineFloorMs: 2_000 },
      behaviour: (i) => ({ hoards: i === 2 }),
    })
    untilGathered(world, 4)
    until(world, 'n02 is excluded', () => log.notes.some(({ note }) => note.kind === 'departed' && note.peer === 'n02'), 120_000)
    const departures = log.notes.filter(({ note }) => note.kind === 'departed' && note.peer === 'n02')
    expect(departures[0]!.note).toMatchObject({ reason: expect.stringMatching(/^chunk \d+ missed its deadline$/) })
    expect(sentOf(log, 'membersChanged').some(({ value }) => value.departed.some(({ peer }) => peer === 'n02'))).toBe(true)
    until(world, 'the job is complete', () => isComplete(world), 120_000)
    expect(nodeOf(world, 'n02').computed).toBe(0)
  })

  it('waits no longer than the job says for who never finished a chunk, although it says that it is still at it', () => {
    const { world, log } = makeWorld({
      nodes: 4,
      job: { chunks: 200, deadlineMs: 3_000 },
      behaviour: (i) => ({ hoards: i === 2 }),
    })
    const host = untilGathered(world, 4)
    until(world, 'n02 is out', () => log.notes.some(({ note }) => note.kind === 'departed' && note.peer === 'n02'), 120_000)
    const granted = sentOf(log, 'chunkGrant').find(({ to }) => to === 'n02')!
    expect(granted.value.deadlineMs).toBe(3_000)
    const reported = sentOf(log, 'heartbeat').filter(({ from, to, at }) => from === 'n02' && to === host.id && at > granted.at)
    expect(reported.at(-1)!.value.inHand).toContain(granted.value.chunks[0])
    const out = log.notes.find(({ node, note }) => node === host.id && note.kind === 'departed' && note.peer === 'n02')!
    expect(out.at - granted.at).toBeLessThan(3_500)
  })

  it('duplicates the tail of a slow member that reports progress, before it is excluded', () => {
    const { world, log } = makeWorld({ nodes: 3, job: { chunks: 10 }, behaviour: (i) => ({ paceMs: i === 2 ? 9_000 : 200 }) })
    until(world, 'all is computed', () => world.computed >= 10)
    until(world, 'the job is complete', () => isComplete(world), 60_000)
    expect(log.notes.some(({ note }) => note.kind === 'departed')).toBe(false)
    const twice = new Map<number, Set<string | null>>()
    for (const { to, value } of sentOf(log, 'chunkGrant'))
      for (const chunk of value.chunks) twice.set(chunk, (twice.get(chunk) ?? new Set()).add(to))
    const own = log.steps.flatMap(({ node, effects }) =>
      effects.flatMap((effect) => (effect.type === 'compute' ? [{ node, chunk: effect.chunk }] : [])),
    )
    const slow = own.filter(({ node }) => node === 'n02').map(({ chunk }) => chunk)
    expect(slow.length).toBeGreaterThan(0)
    for (const chunk of slow) expect(own.filter((entry) => entry.chunk === chunk && entry.node !== 'n02').length).toBeGreaterThan(0)
    expect(log.notes.some(({ note }) => note.kind === 'relieved' && note.peer === 'n02')).toBe(true)
    expect(world.now).toBeLessThan(9_000)
  })

  it('removes a member whose connection breaks, tells everybody, and grants its chunks again', () => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 100 } })
    const host = untilGathered(world, 4)
    const lost = host.state.room!.members.at(-1)!.peer
    until(world, 'it works', () => nodeOf(world, lost).state.inHand.length > 0)
    const held = nodeOf(world, lost).state.inHand.map(({ chunk }) => chunk)
    world.close(nodeOf(world, lost))
    until(
      world,
      'everybody knows',
      () => host.state.room!.members.every(({ peer }) => !roomOf(world, peer).members.some((member) => member.peer === lost)),
      2_000,
    )
    until(world, 'the job is complete', () => isComplete(world), 120_000)
    const regranted = log.notes.flatMap(({ node, note }) => (node === host.id && note.kind === 'regranted' ? [note.chunk] : []))
    for (const chunk of held) expect(regranted).toContain(chunk)
  })

  it('removes a member that is connected and silent', () => {
    const { world, log } = makeWorld({ nodes: 3, job: { chunks: 200 } })
    const host = untilGathered(world, 3)
    const silent = host.state.room!.members.at(-1)!.peer
    world.suspend(nodeOf(world, silent), 40_000)
    until(world, 'it is removed', () => !host.state.room!.members.some(({ peer }) => peer === silent), 8_000)
    expect(log.notes.find(({ note }) => note.kind === 'departed')?.note).toMatchObject({ peer: silent, reason: 'silent' })
  })

  it('blames no member that the host hears but cannot reach', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { world } = makeWorld({ seed, nodes: 4, job: { chunks: 200 }, weather: { detectMs: 50 } })
      const host = untilGathered(world, 4)
      until(world, 'it works', () => world.now > 3_000 + seed * 100)
      world.network.cut(host.id, host.state.room!.members.at(-1)!.peer)
      until(world, 'the job is complete', () => isComplete(world), 400_000)
      expect(world.refusals).toEqual([])
    }
  })

  it('brings each result to every member present', () => {
    const { world } = makeWorld({ nodes: 5, job: { chunks: 50 }, weather: { drop: 0.1, jitterMs: 80 } })
    const host = untilGathered(world, 5)
    until(world, 'results are in', () => world.computed > 15)
    const round = host.state.room!.rounds[0]!
    const known = round.slots.filter(({ result }) => result !== null).map(({ chunk }) => chunk)
    const members = host.state.room!.members.map(({ peer }) => peer)
    until(
      world,
      'all have them',
      () =>
        members.every((peer) => {
          const { room, finished } = nodeOf(world, peer).state
          if (finished.includes(roomTopic(round.ref))) return true
          const own = room?.rounds.find(({ ref }) => roomTopic(ref) === roomTopic(round.ref))
          return known.every((chunk) => own?.slots.some((slot) => slot.chunk === chunk && slot.held))
        }),
      20_000,
    )
    expect(known.length).toBeGreaterThan(0)
  })

  it('changes nothing for late, doubled, foreign and unasked results', () => {
    const { world } = makeWorld({ nodes: 3, job: { chunks: 100 }, behaviour: () => ({ paceMs: 2_000 }) })
    const host = untilGathered(world, 3)
    until(world, 'one result is in', () => host.state.room!.rounds[0]!.slots.some(({ result }) => result !== null))
    const room = host.state.room!
    const round = room.rounds[0]!
    const [member, other] = room.members.filter(({ peer }) => peer !== host.id).map(({ peer }) => peer) as [string, string]
    const open = round.slots.find(({ result, grants }) => result === null && grants.length === 0)!
    const done = round.slots.find(({ result }) => result !== null)!
    const result = (chunk: number, peer: string, extra: Partial<Message> = {}): Message => ({
      block: round.ref.block,
      microjob: round.ref.microjob,
      term: room.term,
      body: {
        case: 'result',
        value: {
          info: { chunk, peer, hash: wrongHash(chunk, peer), fuel: 1, engine: 'cpu', bytes: 1 },
          attempt: 1,
          ms: 1,
          data: undefined,
        },
      },
      ...extra,
    })
    const before = JSON.stringify(round.slots)
    deliver(world, host.id, member, result(open.chunk, member))
    deliver(world, host.id, member, result(open.chunk, other))
    deliver(world, host.id, 'stranger', result(open.chunk, 'stranger'))
    deliver(world, host.id, member, result(done.chunk, member))
    deliver(world, host.id, member, result(99_999, member))
    deliver(world, host.id, member, result(open.chunk, member, { term: 0 }))
    deliver(world, host.id, member, result(open.chunk, member, { block: 'another' }))
    expect(JSON.stringify(round.slots)).toBe(before)
    expect(done.result!.hash).toEqual(rightHash(done.chunk))
    const { refused } = host.state
    for (const cause of [
      'result that nobody asked for',
      "result in a member's name",
      'message of a non-member',
      'message of an old term',
      'message about no round here',
    ]) {
      expect(refused[cause], cause).toBe(1)
    }
  })
})

describe('a job of 1,000 sub-blocks at ten a microjob', () => {
  it('gives 100 rooms with their topics, through which one host leads its members without idling', () => {
    const { world, log } = makeWorld({ nodes: 11, job: { chunks: 1_000 }, behaviour: () => ({ paceMs: 400 }) })
    const topics = [...world.database.entries.keys()]
    expect(new Set(topics).size).toBe(100)
    const { ref } = world.database.entries.get(topics[57]!)!
    expect(topics[57]).toBe(`jobprocessing_${ref.block}_7`)
    expect(lobbyTopic(ref.block)).toBe(`jobprocessing_${ref.block}`)
    const host = untilGathered(world, 11)
    const from = world.now
    until(world, 'most is computed', () => world.computed >= 900, 120_000)
    expect(host.state.room!.members).toHaveLength(11)
    expect(sentOf(log, 'joinRequest').filter(({ at }) => at > from + 1_000)).toEqual([])
    // A processor that idles is one that finished a chunk and had none queued to begin in the same step.
    const finished = log.steps.filter(({ at, event }) => at > from + 2_000 && event.type === 'computed')
    const idle = finished.filter(({ effects }) => !effects.some(({ type }) => type === 'compute'))
    expect(idle.length / finished.length).toBeLessThan(0.03)
    until(world, 'the job is complete', () => isComplete(world), 60_000)
    expect(world.database.repeated).toBe(0)
    expect(world.computed).toBeLessThan(1_100)
  }, 60_000)
})
