import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createNetwork } from '../src/net/network.ts'
import { PRESENCE_PROTOCOL, decodeNotice } from '../src/net/presence.ts'
import { frameStream } from '../src/net/stream-frames.ts'
import { createRelay } from './relay.ts'
import type { AddressInfo, Socket } from 'node:net'
import type { TopicValidatorResult } from '@libp2p/gossipsub'
import type { Network, NetworkInit } from '../src/net/network.ts'
import type { Relay, RelayInit } from './relay.ts'

const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 15_000, interval: 10 })
const TOPIC = 'roomful/here'
/** Never rings: who has it never dials its relay again. */
const STOPPED_CLOCK = { now: () => Date.now(), after: () => () => undefined }

describe('a relay', { timeout: 30_000 }, () => {
  let directory: string
  let relay: Relay
  const networks: Network[] = []
  const startRelay = async (init: Partial<RelayInit> = {}): Promise<void> => {
    relay = await createRelay({ port: 0, dataDir: directory, ...init })
  }
  const start = async (init: Partial<NetworkInit> = {}): Promise<Network> => {
    const network = await createNetwork({ relays: [relay.multiaddr], direct: false, validate: () => 'accept', ...init })
    networks.push(network)
    await until(() => expect(network.libp2p.getConnections()).toHaveLength(1))
    return network
  }
  /** What the relay names to this node as nearby, once it names somebody else. */
  async function nearby(network: Network): Promise<string[][]> {
    const named: string[][] = []
    const [connection] = network.libp2p.getConnections()
    const stream = await connection?.newStream(PRESENCE_PROTOCOL)
    if (stream === undefined) throw new Error('the relay is not connected')
    frameStream(stream, () => ({
      onFrame: (frame) => {
        const notice = decodeNotice(frame)
        if (notice?.topic === '') named.push(notice.peers)
      },
      onReady: () => undefined,
      onBroken: () => undefined,
    }))
    await until(() => expect(named).toHaveLength(1))
    return named
  }
  /** Closes the node's socket, as the system does for a process that is killed. Nothing of it dials again. */
  const vanish = (network: Network): void => {
    const { components } = network.libp2p as unknown as { components: { connectionManager: { openConnection: unknown } } }
    components.connectionManager.openConnection = () => Promise.reject(new Error('it is gone'))
    for (const connection of network.libp2p.getConnections()) {
      const { maConn } = connection as unknown as { maConn: { websocket: WebSocket } }
      maConn.websocket.close()
    }
  }
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'roomful-presence-'))
  })
  afterEach(async () => {
    await Promise.all(networks.splice(0).map((network) => network.stop()))
    await relay.stop()
    await rm(directory, { recursive: true })
  })

  it('says who is left when one who listened goes without a word', async () => {
    await startRelay()
    const [a, b] = [await start(), await start({ clock: STOPPED_CLOCK })]
    for (const node of [a, b]) node.pubsub.subscribe(TOPIC)
    await until(() => expect(a.pubsub.subscribers(TOPIC)).toEqual([b.peerId]))
    vanish(b)
    await until(() => expect(a.pubsub.subscribers(TOPIC)).toEqual([]))
  })

  it('leaves a topic when the last one who listened goes without a word', async () => {
    await startRelay()
    const a = await start({ clock: STOPPED_CLOCK })
    a.pubsub.subscribe(TOPIC)
    const topics = (): string[] => relay.libp2p.services.pubsub.getTopics()
    await until(() => expect(topics()).toEqual([TOPIC]))
    vanish(a)
    await until(() => expect(topics()).toEqual([]))
  })

  it('takes a topic that it had no room for when another one ends', async () => {
    await startRelay({ limits: { topics: 1 } })
    const [a, b] = [await start(), await start()]
    const { pubsub } = relay.libp2p.services
    a.pubsub.subscribe('roomful/first')
    await until(() => expect(pubsub.getTopics()).toEqual(['roomful/first']))
    b.pubsub.subscribe('roomful/second')
    await until(() => expect(pubsub.getSubscribers('roomful/second')).toHaveLength(1))
    a.pubsub.unsubscribe('roomful/first')
    await until(() => expect(pubsub.getTopics()).toEqual(['roomful/second']))
  })

  it('keeps a topic that its archive has come to listen on, when the last node leaves it', async () => {
    await startRelay()
    const a = await start()
    const { pubsub } = relay.libp2p.services
    const topic = '/orbitdb/jobs'
    a.pubsub.subscribe(topic)
    await until(() => expect(pubsub.getTopics()).toEqual([topic]))
    // The archive opens while nodes are back already after a restart.
    const ofArchive = (): TopicValidatorResult => 'accept' as TopicValidatorResult
    pubsub.topicValidators.set(topic, ofArchive)
    pubsub.subscribe(topic)
    const left = new Promise((resolve) => pubsub.addEventListener('subscription-change', resolve))
    a.pubsub.unsubscribe(topic)
    await left
    expect(pubsub.getTopics()).toEqual([topic])
    expect(pubsub.topicValidators.get(topic)).toBe(ofArchive)
  })

  it('names whoever is nearby also to one that it has named others to a moment ago', async () => {
    await startRelay()
    // It does not open its own stream again in place of this test's.
    const a = await start({ clock: STOPPED_CLOCK })
    const named = await nearby(a)
    const b = await start()
    await until(() => expect(named.at(-1)).toEqual([b.peerId]))
    await b.stop()
    await until(() => expect(named.at(-1)).toEqual([]))
  })

  it('is listened to again by a node whose stream has ended, while its connection goes on', async () => {
    await startRelay()
    const [a, b] = [await start(), await start()]
    for (const node of [a, b]) node.pubsub.subscribe(TOPIC)
    await until(() => expect(a.pubsub.subscribers(TOPIC)).toEqual([b.peerId]))
    // The relay keeps one stream a node: a second one ends the first.
    const [connection] = a.libp2p.getConnections()
    const second = await connection?.newStream(PRESENCE_PROTOCOL)
    await until(() => expect(a.pubsub.subscribers(TOPIC)).toEqual([]))
    second?.abort(new Error('over'))
    await until(() => expect(a.pubsub.subscribers(TOPIC)).toEqual([b.peerId]))
    expect(a.libp2p.getConnections()).toEqual([connection])
  })

  it('lets go of a node’s old connection when the node is back on a new one', async () => {
    await startRelay()
    const way = await openWay(relay.port)
    try {
      const [a, b] = [await start({ relays: [relay.multiaddr.replace(`/tcp/${relay.port}/`, `/tcp/${way.port}/`)] }), await start()]
      const isReserved = (): boolean[] => [a, b].map((node) => node.links.snapshot().relays[0]?.state === 'reserved')
      await until(() => expect(isReserved()).toEqual([true, true]))
      // Something between the two has lost the connection: the node knows, the relay does not.
      way.breakNear()
      await until(() => expect(isReserved()).toEqual([false, true]))
      await until(() => expect(isReserved()).toEqual([true, true]))
      await until(() => expect(relay.libp2p.getConnections(a.libp2p.peerId)).toHaveLength(1))
      await b.desk.dial(a.peerId, AbortSignal.timeout(10_000))
    } finally {
      way.close()
    }
  })
})

/** A way to a port that can be lost at its near end while its far end goes on. */
async function openWay(port: number): Promise<{ port: number; breakNear(): void; close(): void }> {
  const near = new Set<Socket>()
  const far = new Set<Socket>()
  const server = createServer((socket) => {
    const beyond = createConnection({ port, host: '127.0.0.1' })
    near.add(socket)
    far.add(beyond)
    for (const end of [socket, beyond]) end.on('error', () => undefined)
    socket.on('data', (data) => beyond.write(data))
    beyond.on('data', (data) => socket.writable && socket.write(data))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    breakNear() {
      for (const socket of near) socket.destroy()
      near.clear()
    },
    close() {
      for (const socket of [...near, ...far]) socket.destroy()
      server.close()
    },
  }
}
