import { lpStream } from '@libp2p/utils'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { MemoryDatastore } from 'datastore-core'
import type { Key } from 'interface-datastore'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { DatabaseRecord } from '../domain/record.ts'
import { claim, jobRecord, partial, result, sign } from '../room/store-fixtures.ts'
import { decodeExchange, encodeMessage, MAX_NAMED } from './exchange-message.ts'
import type { GossipLibp2p } from './replicator.ts'
import { connect, loseEntries, startLibp2p, startTestNode } from './test-node.ts'
import type { TestNode } from './test-node.ts'
import { openReplica } from './test-replica.ts'

const until = (condition: () => unknown): Promise<unknown> => vi.waitFor(condition, { timeout: 20_000, interval: 10 })

describe('replication', { timeout: 40_000 }, () => {
  const ends: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  }, 20_000)

  async function node(init: Parameters<typeof startTestNode>[0] = {}): Promise<TestNode> {
    const started = await startTestNode(init)
    ends.push(() => started.stop())
    return started
  }

  async function attacker(): Promise<GossipLibp2p> {
    const libp2p = await startLibp2p(await generateKeyPair('Ed25519'))
    ends.push(async () => libp2p.stop())
    return libp2p
  }

  const put = async ({ store, signer }: TestNode, record: DatabaseRecord): Promise<void> => store.jobs.put(await sign(signer, record))
  const topicOf = ({ libp2p }: TestNode): string => libp2p.services.pubsub.getTopics().find((topic) => topic.startsWith('/orbitdb/'))!
  const protocolOf = (victim: TestNode): string => `/roomful/records/1.0.0${topicOf(victim)}`

  it('passes on to one side of a star what the hub learnt from the other by an exchange', async () => {
    const [hub, left, right] = [await node(), await node(), await node()]
    await connect(left, hub)
    for (let i = 0; i < 5; i++) await put(right, jobRecord(right.signer, `offline ${i}`))
    await connect(right, hub)
    await until(() => expect(left.store.jobs.records()).toHaveLength(5))
  })

  it('brings many large records in one exchange', async () => {
    const [full, empty] = [await node(), await node()]
    const chunks = Array.from({ length: 50 }, (_, i) => i)
    for (let i = 0; i < 60; i++) {
      const job = jobRecord(full.signer, `job ${i}`)
      await put(full, job)
      await put(full, partial(full.signer, job.job, 2_000, chunks))
    }
    await connect(empty, full)
    await until(() => expect(empty.store.jobs.records()).toHaveLength(120))
    expect(empty.store.stats().jobs.refused + full.store.stats().jobs.refused).toBe(0)
  })

  it('tells a peer that believes a job open how it ended, although newcomers are not told of it', async () => {
    const [ann, ben] = [await node(), await node()]
    const job = jobRecord(ann.signer, 'ends alone')
    await put(ann, job)
    await connect(ben, ann)
    await until(() => expect(ben.store.jobs.records()).toHaveLength(1))
    for (const connection of ben.libp2p.getConnections()) await connection.close()
    await put(ann, await result([ann.signer, ben.signer], job.job, 2_000))
    await connect(ben, ann)
    await until(() => expect(ben.store.jobs.records()).toHaveLength(2))
  })

  it('brings an archive a job that began and ended at once although gossip lost all of it', async () => {
    const [tab, relay] = [await node(), await node({ archive: true })]
    loseEntries(tab)
    await connect(tab, relay)
    const first = jobRecord(tab.signer, 'tells who the archive is')
    await put(tab, first)
    await until(() => expect(relay.store.jobs.records()).toHaveLength(1))
    const job = jobRecord(tab.signer, 'at once')
    await put(tab, job)
    await put(tab, await result([tab.signer, relay.signer], job.job, 2_000))
    await until(() => expect(relay.store.jobs.records()).toHaveLength(3))
  })

  it('does not bring claims that have lapsed to a newcomer', async () => {
    const [ann, late] = [await node(), await node()]
    const job = jobRecord(ann.signer, 'claimed long ago')
    await put(ann, job)
    await put(ann, claim(ann.signer, job.job, 1_000, 2_000))
    await connect(late, ann)
    await until(() => expect(late.store.jobs.records()).toHaveLength(1))
    await late.store.exchangeWith(ann.signer.self)
    expect(late.store.jobs.records()).toEqual([job])
  })

  it('stops nonsense on the topic at the first node that hears it', async () => {
    const [victim, enemy] = [await node(), await attacker()]
    enemy.services.pubsub.subscribe(topicOf(victim))
    await connect({ libp2p: enemy }, victim)
    const nonsense = [
      new Uint8Array(0),
      new Uint8Array(9).fill(0xff),
      encodeMessage({ kind: 'entry', entry: new Uint8Array(100) }),
      new Uint8Array(200_000),
    ]
    await until(async () => {
      for (const message of nonsense) await enemy.services.pubsub.publish(topicOf(victim), message).catch(() => {})
      expect(victim.store.stats().jobs.rejected).toBeGreaterThan(nonsense.length - 1)
    })
    expect(victim.store.jobs.records()).toEqual([])
    await put(victim, jobRecord(victim.signer, 'still here'))
    expect(victim.store.jobs.records()).toHaveLength(1)
  })

  it.each([
    ['bytes that are no message', [new Uint8Array([1, 2, 3])]],
    ['pages before an offer', [encodeMessage({ kind: 'page', entries: [] })]],
    [
      'an offer of more than may be named',
      [encodeMessage({ kind: 'offer', live: new Uint8Array((MAX_NAMED + 1) * 32), rest: new Uint8Array(0), archive: false })],
    ],
    ['a message larger than any may be', [new Uint8Array(8 * 1024 * 1024)]],
    [
      'two offers',
      Array.from({ length: 2 }, () => encodeMessage({ kind: 'offer', live: new Uint8Array(0), rest: new Uint8Array(0), archive: false })),
    ],
  ])('ends an exchange in which a peer sends %s, and answers the next one', async (_what, messages) => {
    const [victim, enemy, friend] = [await node(), await attacker(), await node()]
    await put(victim, jobRecord(victim.signer, 'x'))
    const connection = await enemy.dial(victim.libp2p.getMultiaddrs())
    const stream = await connection.newStream(protocolOf(victim))
    const frames = lpStream(stream, { maxDataLength: 2 ** 24 })
    for (const message of messages) await frames.write(message).catch(() => {})
    await until(() => expect(victim.store.stats().jobs.failures).toBe(1))
    await connect(friend, victim)
    await until(() => expect(friend.store.jobs.records()).toHaveLength(1))
  })

  it('believes nothing of a peer that answers with forged records', async () => {
    const [victim, enemy] = [await node(), await attacker()]
    const honest = await openReplica(victim.signer)
    const genuine = (await honest.put(await sign(victim.signer, jobRecord(victim.signer, 'genuine'))))!.bytes
    const forged = genuine.slice()
    forged[forged.length - 20]! ^= 1
    await enemy.handle(protocolOf(victim), (stream) => {
      const frames = lpStream(stream)
      void frames
        .read()
        .then(() => frames.write(encodeMessage({ kind: 'page', entries: [forged] })))
        .catch(() => {})
    })
    await connect({ libp2p: enemy }, victim)
    await until(async () => {
      await victim.store.exchangeWith(enemy.peerId.toString())
      expect(victim.store.stats().jobs.failures).toBeGreaterThan(0)
    })
    expect(victim.store.jobs.records()).toEqual([])
  })

  it('ends the exchange on the other side, too, when what came was refused', async () => {
    const [ahead, behind] = [await node(), await node({ now: () => Date.now() - 3_600_000 })]
    await put(ahead, jobRecord(ahead.signer, 'of the future', Date.now()))
    await connect(behind, ahead)
    await until(() => expect(behind.store.stats().jobs.failures).toBeGreaterThan(0))
    await until(() => expect(ahead.store.stats().jobs.failures).toBeGreaterThan(0))
  })

  it('answers others while one peer begins exchanges without end and finishes none', async () => {
    const [victim, enemy, friend] = [await node(), await attacker(), await attacker()]
    await put(victim, jobRecord(victim.signer, 'x'))
    const begin = async (peer: GossipLibp2p) => {
      const connection = await peer.dial(victim.libp2p.getMultiaddrs())
      return lpStream(await connection.newStream(protocolOf(victim)))
    }
    for (let i = 0; i < 20; i++) await begin(enemy)
    const frames = await begin(friend)
    await frames.write(encodeMessage({ kind: 'offer', live: new Uint8Array(0), rest: new Uint8Array(0), archive: false }))
    expect(decodeExchange((await frames.read()).subarray())?.kind).toBe('page')
  })

  it('counts a new entry that the disk cannot be asked about as a failure, and stays', async () => {
    class Damaged extends MemoryDatastore {
      override get(key: Key): Uint8Array {
        if (key.toString().includes('/k/')) throw new Error('corrupt')
        return super.get(key) as Uint8Array
      }
      override has(key: Key): boolean {
        return key.toString().includes('/k/') || (super.has(key) as boolean)
      }
    }
    const [archive, tab] = [await node({ archive: true, datastore: new Damaged() }), await node()]
    await connect(tab, archive)
    await until(() => expect(tab.libp2p.services.pubsub.getSubscribers(topicOf(archive))).toHaveLength(1))
    await put(tab, jobRecord(tab.signer, 'x'))
    await until(() => expect(archive.store.stats().jobs.failures).toBeGreaterThan(0))
  })
})
