import { describe, expect, it, vi } from 'vitest'
import { lobbyTopic, roomTopic } from '../domain/job.ts'
import { HONEST } from '../sim/behaviour.ts'
import { deliver, isComplete, makeWorld, name, nodeOf, roomOf, sentOf, until, untilGathered } from '../sim/fixture.ts'
import type { Message } from './message.ts'

// Whole rooms run in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

describe('finding a room', () => {
  it('tries rooms in list order, one at a time, and the first acceptance wins', () => {
    const { world, log } = makeWorld({ nodes: 2, job: { chunks: 200, capacity: 2 } })
    untilGathered(world, 2)
    world.join('late', HONEST)
    until(world, 'late works somewhere', () => nodeOf(world, 'late').state.room !== null)
    world.join('later', HONEST)
    until(world, 'later joined', () => nodeOf(world, 'later').state.room !== null)
    expect(roomOf(world, 'later').host).toBe('late')
    const order = [...world.database.entries.keys()]
    const asked = sentOf(log, 'joinRequest')
      .filter(({ from }) => from === 'later')
      .map(({ message }) => order.indexOf(roomTopic(message)))
    expect(asked).toEqual(asked.toSorted((a, b) => a - b))
    expect(roomOf(world, 'later').rounds.map(({ ref }) => order.indexOf(roomTopic(ref)))).toContain(asked.at(-1))
  })

  it('moves on after a refusal', () => {
    const { world, log } = makeWorld({ nodes: 2, job: { chunks: 200, capacity: 2 } })
    const host = untilGathered(world, 2)
    const late = world.join('late', HONEST)
    until(world, 'late asks the full room', () => late.state.activity.kind === 'seeking')
    const item = late.state.work.find(({ ref }) => roomTopic(ref) === roomTopic(host.state.room!.rounds[0]!.ref))!
    late.state.activity = {
      kind: 'joining',
      item,
      host: host.id,
      since: late.state.now,
      asked: late.state.now,
      session: 9,
      admitted: false,
    }
    deliver(world, 'late', host.id, { block: item.ref.block, microjob: item.ref.microjob, term: 1, body: { case: undefined } })
    world.happen(late, {
      type: 'gossip',
      topic: roomTopic(item.ref),
      from: host.id,
      message: {
        block: item.ref.block,
        microjob: item.ref.microjob,
        term: 1,
        body: { case: 'joinRefused', value: { peer: 'late', reason: 'the room is full', retryAfterMs: 100 } },
      },
    })
    expect(late.state.activity.kind).toBe('seeking')
    expect(log.notes.some(({ node, note }) => node === 'late' && note.kind === 'refusedBy' && note.reason === 'the room is full')).toBe(
      true,
    )
    until(world, 'late works elsewhere', () => late.state.room !== null)
    expect(late.state.room!.host).toBe('late')
  })

  it.each([
    ['waits longer for the welcome of a host that says that it is in', ['ghost', 'n00'], true],
    ['and no longer for one that only goes on announcing its room', ['ghost'], false],
  ])('%s', (_, peers, waits) => {
    const { world } = makeWorld({ nodes: 0, job: { chunks: 20 } })
    const [first] = world.database.entries.values()
    world.database.claim('ghost', first!.ref, 1, 60_000)
    const node = world.join('n00', HONEST)
    until(world, 'it asks whoever claims the first microjob', () => node.state.activity.kind === 'joining')
    const { block, microjob } = first!.ref
    const value = { host: 'ghost', members: 2, capacity: 11, settling: false, version: 2, peers, microjobs: [microjob] }
    const message: Message = { block, microjob, term: 1, body: { case: 'roomAnnounce', value } }
    world.happen(node, { type: 'gossip', topic: lobbyTopic(block), from: 'ghost', message })
    const asked = world.now
    until(world, 'some seconds have gone', () => world.now > asked + 6_000)
    expect(node.state.activity.kind === 'joining' && node.state.activity.host === 'ghost').toBe(waits)
    until(world, 'it opens another one', () => node.state.room !== null)
    expect(world.now - asked).toBeLessThan(16_000)
  })

  it('moves on after silence', () => {
    const { world } = makeWorld({ nodes: 0, job: { chunks: 20 } })
    const [first] = world.database.entries.values()
    world.database.claim('ghost', first!.ref, 1, 60_000)
    const node = world.join('n00', HONEST)
    until(world, 'it asks whoever claims the first microjob', () => node.state.activity.kind === 'joining')
    until(world, 'it opens another one', () => node.state.room !== null)
    expect(node.state.room!.rounds[0]!.ref.microjob).not.toBe(first!.ref.microjob)
  })

  it('asks for the room that is there, not for the one that the database still lists', () => {
    const { world, log } = makeWorld({ nodes: 2, job: { chunks: 200 } })
    const host = untilGathered(world, 2)
    until(world, 'the first microjob is over', () => host.state.finished.length > 0)
    // What a newcomer's database does not know yet: the first microjob looks claimed by a host that has left it behind.
    const stale = [...world.database.entries.values()].find(({ ref }) => host.state.finished.includes(roomTopic(ref)))!
    const late = world.join('late', HONEST)
    const items = () => [
      { ...late.state.work[0]!, ref: stale.ref, results: [], claim: { peer: host.id, term: 1, lapsesAt: world.now + 30_000 } },
    ]
    until(world, 'late knows what is open', () => late.state.work.length > 0)
    late.state.work = [...items(), ...late.state.work]
    const began = world.now
    until(world, 'late is in', () => late.state.room !== null)
    expect(roomOf(world, 'late').host).toBe(host.id)
    expect(world.now - began).toBeLessThan(2_000)
    expect(sentOf(log, 'joinRequest').some(({ from, message }) => from === 'late' && roomTopic(message) === roomTopic(stale.ref))).toBe(
      false,
    )
  })

  it('follows the host that it asked to the room that this host has now', () => {
    const { world } = makeWorld({ nodes: 2, job: { chunks: 200 } })
    const host = untilGathered(world, 2)
    until(world, 'the first microjob is over', () => host.state.finished.length > 0)
    const late = world.join('late', HONEST)
    until(world, 'late knows what is open', () => late.state.work.length > 0)
    const over = [...world.database.entries.values()].find(({ ref }) => host.state.finished.includes(roomTopic(ref)))!
    const item = { ...late.state.work[0]!, ref: over.ref }
    // Its database will not tell it either.
    late.state.work = late.state.work.filter(({ ref }) => roomTopic(ref) !== roomTopic(over.ref))
    late.state.activity = {
      kind: 'joining',
      item,
      host: host.id,
      since: late.state.now,
      asked: late.state.now,
      session: 9,
      admitted: false,
    }
    const began = world.now
    until(world, 'late is in', () => late.state.room !== null)
    expect(roomOf(world, 'late').host).toBe(host.id)
    expect(world.now - began).toBeLessThan(2_000)
  })

  it('is a member of one room at a time, whatever arrives', () => {
    const { world } = makeWorld({ nodes: 3 })
    const host = untilGathered(world, 3)
    const member = [...world.nodes.keys()].find((id) => id !== host.id)!
    const before = roomOf(world, member)
    const welcome: Message = {
      block: before.rounds[0]!.ref.block,
      microjob: 7,
      term: 9,
      body: {
        case: 'welcome',
        value: { job: before.job, members: before.members, rounds: [], expelled: [], version: 9, capacity: 11, deadlineMs: 1 },
      },
    }
    deliver(world, member, 'stranger', welcome)
    deliver(world, member, host.id, welcome)
    expect(roomOf(world, member)).toBe(before)
    expect(before.term).toBe(1)
  })

  it('opens a room when nobody accepts, claims it, and tells its topic and its lobby', () => {
    const { world, log } = makeWorld({ nodes: 1 })
    until(world, 'it opened', () => world.nodes.get(name(0))?.state.room != null)
    const { ref } = roomOf(world, name(0)).rounds[0]!
    const claimed = log.steps.flatMap(({ effects }) => effects).find((effect) => effect.type === 'claim')
    expect(claimed?.ref).toEqual(ref)
    const topics = log.sent.flatMap(({ effect }) => (effect.type === 'publish' ? [`${effect.topic} ${effect.message.body.case}`] : []))
    expect(topics).toContain(`${roomTopic(ref)} hostChanged`)
    expect(topics).toContain(`${lobbyTopic(ref.block)} roomAnnounce`)
  })

  it('gives a newcomer the bytes of earlier results little by little, and those of later ones at once', () => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 400, chunksPerMicrojob: 200, microjobsPerBlock: 2 } })
    untilGathered(world, 4)
    until(world, 'much is computed and nothing certified', () => world.computed >= 60)
    const late = world.join('late', HONEST)
    until(world, 'it is in', () => late.state.room !== null)
    const { rounds } = late.state.room!
    const known = new Set(
      rounds.flatMap(({ ref, slots }) => slots.filter(({ result }) => result !== null).map(({ chunk }) => `${ref.microjob}/${chunk}`)),
    )
    expect(known.size).toBeGreaterThan(40)
    const since = world.now
    until(world, 'some seconds have gone', () => world.now > since + 5_000)
    const sent = sentOf(log, 'result').filter(({ to, at }) => to === 'late' && at > since)
    const older = sent.filter(({ message, value }) => known.has(`${message.microjob}/${value.info!.chunk}`))
    expect(older.length).toBeGreaterThan(0)
    expect(older.length).toBeLessThanOrEqual(4 * 6)
    expect(sent.length - older.length).toBeGreaterThan(older.length)
  })

  it('announces all its microjobs of a block in one message, by each of which it is found', () => {
    const { world, log } = makeWorld({ nodes: 3, job: { chunks: 200, chunksPerMicrojob: 2, microjobsPerBlock: 50 } })
    const host = untilGathered(world, 3)
    until(world, 'it has several in hand', () => host.state.room!.rounds.length > 3)
    const since = world.now
    until(world, 'it announces them', () => sentOf(log, 'roomAnnounce').some(({ at, value }) => at > since && value.microjobs.length > 3))
    const told = sentOf(log, 'roomAnnounce').filter(({ at, value }) => at > since && value.microjobs.length > 1)
    expect(told).toHaveLength(1)
    expect(new Set(told[0]!.value.microjobs).size).toBe(told[0]!.value.microjobs.length)
    const late = world.join('late', HONEST)
    until(world, 'a newcomer knows of each', () => new Set(late.state.announcements.map(({ topic }) => topic)).size > 3)
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'leaves exactly one of six simultaneous openers host, and the others its members (history %i)',
    (seed) => {
      const { world } = makeWorld({ seed, nodes: 6, apartMs: 0, job: { chunks: 60 }, weather: { delayMs: 20, jitterMs: 200 } })
      untilGathered(world, 6)
      until(world, 'everything is complete', () => isComplete(world), 120_000)
      expect(world.database.repeated).toBe(0)
    },
  )

  it('is no room while it has one subscriber: a lone host joins another lone host', () => {
    const { world } = makeWorld({ nodes: 0, job: { chunks: 400 } })
    const a = world.join('a', HONEST)
    until(world, 'a opened', () => a.state.room !== null)
    world.network.cut('a', 'b')
    world.network.cut('b', 'a')
    const b = world.join('b', HONEST)
    until(world, 'b opened its own', () => b.state.room !== null)
    expect(world.database.complete).toBe(0)
    world.network.heal()
    until(world, 'they are together', () => b.state.room?.host === 'a')
    until(world, 'and what both computed is checked', () => isComplete(world), 300_000)
    expect(world.computed).toBeLessThanOrEqual(420)
  })
})

describe('joining', () => {
  it('is asked on the topic, and answered over a wire with the list of peers, and told to everybody', () => {
    const { world, log } = makeWorld({ nodes: 3, job: { chunks: 100 } })
    const host = untilGathered(world, 3)
    const request = sentOf(log, 'joinRequest').at(-1)!
    expect(request.to).toBeNull()
    const welcome = sentOf(log, 'welcome').find(({ to }) => to === request.from)!
    expect(welcome.from).toBe(host.id)
    expect(welcome.value.members.map(({ peer }) => peer)).toEqual(host.state.room!.members.map(({ peer }) => peer))
    const told = sentOf(log, 'membersChanged')
      .filter(({ value }) => value.members.some(({ peer }) => peer === request.from))
      .map(({ to }) => to)
    expect(new Set(told)).toEqual(new Set(host.state.room!.members.map(({ peer }) => peer).filter((peer) => peer !== host.id)))
  })

  it('refuses the twelfth of twelve, which never becomes a processor of that room', () => {
    const { world, log } = makeWorld({ nodes: 11, job: { chunks: 400 } })
    const host = untilGathered(world, 11)
    const { ref } = host.state.room!.rounds[0]!
    const twelfth = world.join('n11', HONEST)
    until(world, 'it seeks', () => twelfth.state.activity.kind === 'seeking')
    world.happen(host, {
      type: 'gossip',
      topic: roomTopic(ref),
      from: 'n11',
      message: {
        block: ref.block,
        microjob: ref.microjob,
        term: 0,
        body: {
          case: 'joinRequest',
          value: { peer: 'n11', capabilities: undefined, load: 0, commitment: new Uint8Array(32), observer: false, session: 1 },
        },
      },
    })
    const refusal = sentOf(log, 'joinRefused').at(-1)!
    expect(refusal.value).toMatchObject({ peer: 'n11', reason: 'the room is full: 11 of 11 members' })
    until(world, 'it works elsewhere', () => twelfth.state.room !== null)
    expect(twelfth.state.room!.host).toBe('n11')
    expect(sentOf(log, 'chunkGrant').some(({ from, to }) => from === host.id && to === 'n11')).toBe(false)
  })

  it.each([1, 2, 3, 4, 5])('gives the last place to exactly one of two who race for it (history %i)', (seed) => {
    const { world } = makeWorld({ seed, nodes: 2, job: { chunks: 400, capacity: 3 }, weather: { jitterMs: 60 } })
    const host = untilGathered(world, 2)
    world.join('x', HONEST)
    world.join('y', HONEST)
    until(world, 'both work', () => ['x', 'y'].every((id) => nodeOf(world, id).state.room !== null))
    const inside = ['x', 'y'].filter((id) => roomOf(world, id).host === host.id)
    expect(inside).toHaveLength(1)
    expect(host.state.room!.members).toHaveLength(3)
  })

  it('gives an observer results and no place', () => {
    const { world, log } = makeWorld({ nodes: 2, job: { chunks: 100, capacity: 2 }, behaviour: () => ({ paceMs: 600 }) })
    const host = untilGathered(world, 2)
    const observer = world.join('watcher', HONEST, { observer: true })
    until(world, 'it is in', () => observer.state.room?.host === host.id)
    const computed = world.computed
    until(world, 'more is computed', () => world.computed > computed + 6)
    expect(sentOf(log, 'result').filter(({ to }) => to === 'watcher').length).toBeGreaterThan(3)
    expect(sentOf(log, 'chunkRequest').some(({ from }) => from === 'watcher')).toBe(false)
    expect(host.state.room!.members.filter((member) => !member.observer)).toHaveLength(2)
    until(world, 'it sees the job complete', () => isComplete(world), 120_000)
    expect(observer.computed).toBe(0)
    expect(observer.state.certificates).toBeGreaterThan(3)
  })
})
