import { generateKeyPair } from '@libp2p/crypto/keys'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startLibp2p } from '../store/test-node.ts'
import { scoreOwnTopics } from './gossip-score.ts'
import { reopenGossipStreams } from './gossip-streams.ts'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { GossipLibp2p } from '../store/replicator.ts'

const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 20_000, interval: 10 })
const TOPIC = '/orbitdb/twice'

interface Inside {
  streamsInbound: Map<string, { rawStream: Stream }>
  onPeerDisconnected(peer: PeerId): void
  removePeer(peer: PeerId): void
}

describe('gossip', { timeout: 30_000 }, () => {
  const nodes: GossipLibp2p[] = []
  const heard = new Map<GossipLibp2p, Set<number>>()
  const start = async (): Promise<GossipLibp2p> => {
    const node = await startLibp2p(await generateKeyPair('Ed25519'))
    const { pubsub } = node.services
    nodes.push(node)
    heard.set(node, new Set())
    scoreOwnTopics(pubsub)
    reopenGossipStreams(node)
    pubsub.addEventListener('message', ({ detail }) => heard.get(node)?.add(detail.data[0] ?? -1))
    pubsub.subscribe(TOPIC)
    return node
  }
  /** Says something on each node until each of the others has heard it. */
  const say = (what: number): Promise<void> =>
    until(() => {
      for (const node of nodes) void node.services.pubsub.publish(TOPIC, Uint8Array.of(what))
      expect(nodes.map((node) => heard.get(node)?.has(what))).toEqual(nodes.map(() => true))
    })
  const inside = (node: GossipLibp2p): Inside => node.services.pubsub as unknown as Inside
  const inbound = (node: GossipLibp2p, from: GossipLibp2p): Stream | undefined =>
    inside(node).streamsInbound.get(from.peerId.toString())?.rawStream

  /** Two nodes with two connections, of which the first carries the gossip. Both ends of the first. */
  async function linkTwice(): Promise<{ a: GossipLibp2p; b: GossipLibp2p; first: [Connection, Connection] }> {
    const [a, b] = [await start(), await start()]
    let introductions = 0
    for (const node of [a, b]) node.addEventListener('peer:identify', () => introductions++)
    const near = await a.dial(b.getMultiaddrs())
    await say(1)
    const [far] = b.getConnections(a.peerId)
    const second = await a.dial(b.getMultiaddrs(), { force: true })
    expect(second.id).not.toBe(near.id)
    await until(() => expect(introductions).toBe(4))
    if (far === undefined) throw new Error('the dialler is not connected')
    return { a, b, first: [near, far] }
  }

  afterEach(async () => {
    heard.clear()
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  it('goes on over the second connection to a peer when the first is closed', async () => {
    const { a, b, first } = await linkTwice()
    await first[0].close()
    await until(() => expect(b.getConnections(a.peerId)).toHaveLength(1))
    await say(2)
  })

  it('goes on over the second connection to a peer when the first breaks for both sides', async () => {
    const { first } = await linkTwice()
    for (const end of first) end.abort(new Error('broken'))
    await say(2)
  })

  it('goes on with a peer that was back before its leaving had been dealt with', async () => {
    const [a, b] = [await start(), await start()]
    await a.dial(b.getMultiaddrs())
    await say(1)
    inside(a).onPeerDisconnected(b.peerId)
    await say(2)
    // What the other one listens on is known again as well.
    expect(a.services.pubsub.getSubscribers(TOPIC).map(String)).toEqual([b.peerId.toString()])
  })

  it('drops no peer because of a stream that another one has replaced', async () => {
    const [a, b] = [await start(), await start()]
    const connection = await a.dial(b.getMultiaddrs())
    await say(1)
    const before = inbound(b, a)
    await connection.newStream(['/meshsub/1.2.0'])
    await until(() => expect(inbound(b, a)).not.toBe(before))
    const dropped = vi.spyOn(inside(b), 'removePeer')
    before?.abort(new Error('broken'))
    await say(2)
    expect(dropped).not.toHaveBeenCalled()
  })

  it('says of a peer that is gone without a word that it listens no more', async () => {
    const [a, gone] = [await start(), await start()]
    nodes.pop()
    await gone.dial(a.getMultiaddrs())
    const { pubsub } = a.services
    const listeners = (): string[] => pubsub.getSubscribers(TOPIC).map(String)
    await until(() => expect(listeners()).toEqual([gone.peerId.toString()]))
    const left = new Promise((resolve) => pubsub.addEventListener('subscription-change', ({ detail }) => resolve(detail.subscriptions)))
    // Its socket is closed, as the system does for a process that is killed.
    const [connection] = gone.getConnections() as unknown as [{ maConn: { websocket: WebSocket } }]
    connection.maConn.websocket.close()
    expect(await left).toEqual([{ topic: TOPIC, subscribe: false }])
    expect(listeners()).toEqual([])
    await gone.stop()
  })

  it('reaches a newcomer although another one never answers', async () => {
    const [a, mute, b] = [await start(), await start(), await start()]
    nodes.splice(1, 1)
    try {
      const connection = await a.dial(mute.getMultiaddrs())
      await until(() => expect(inbound(a, mute)).toBeDefined())
      // From here on the mute one takes streams and says nothing on them.
      connection.newStream = () => new Promise(() => undefined)
      for (const stream of connection.streams) if (stream.direction === 'outbound') stream.abort(new Error('mute'))
      let beats = 0
      a.services.pubsub.addEventListener('gossipsub:heartbeat', () => beats++)
      await until(() => expect(beats).toBeGreaterThan(1))
      await a.dial(b.getMultiaddrs())
      await say(3)
    } finally {
      await mute.stop()
    }
  })
})
