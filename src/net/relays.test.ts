import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { safeYamux } from './yamux-late-open.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRelay } from '../../relay/relay.ts'
import { multiaddr } from '@multiformats/multiaddr'
import { NetworkConfigError } from './errors.ts'
import { createNetwork } from './network.ts'
import type { Relay, RelayInit } from '../../relay/relay.ts'
import type { Clock } from '../room/ports.ts'
import type { Network, NetworkInit } from './network.ts'

const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 50_000, interval: 10 })
const reserved = (network: Network): boolean[] => network.links.snapshot().relays.map(({ state }) => state === 'reserved')

describe('relays', { timeout: 60_000 }, () => {
  let directory: string
  const relays: Relay[] = []
  const networks: Network[] = []
  const startRelay = async (init: Partial<RelayInit> = {}): Promise<Relay> => {
    const relay = await createRelay({ port: 0, dataDir: join(directory, `${relays.length}`), ...init })
    relays.push(relay)
    return relay
  }
  const join_ = async (init: NetworkInit): Promise<Network> => {
    const network = await createNetwork(init)
    networks.push(network)
    return network
  }
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'roomful-relays-'))
  })
  afterEach(async () => {
    await Promise.all(networks.splice(0).map((network) => network.stop()))
    await Promise.all(relays.splice(0).map((relay) => relay.stop()))
    await rm(directory, { recursive: true })
  })

  it('give more than the fifteen reservations of the library’s default, and carry our protocol', async () => {
    const relay = await startRelay()
    const all = await Promise.all(Array.from({ length: 17 }, () => join_({ relays: [relay.multiaddr], direct: false })))
    await until(() => expect(all.flatMap(reserved)).toEqual(all.map(() => true)))
    const [first, last] = [all[0], all.at(-1)]
    if (first === undefined || last === undefined) throw new Error('no nodes')
    const heard = vi.fn()
    last.transport.onMessage(heard)
    for (const node of [first, last]) node.transport.setMembers([first.peerId, last.peerId])
    first.transport.send(last.peerId, new Uint8Array(256 * 1024))
    await until(() => expect(heard).toHaveBeenCalledOnce())
    const [connection] = first.libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === last.peerId)
    expect(connection?.limits, 'circuits have limits').toBeDefined()
    // With limits on, gossip keeps off the circuit.
    expect(connection?.streams.map(({ protocol }) => protocol).filter((protocol) => protocol.includes('meshsub'))).toEqual([])
  })

  it('carry no circuit that passes for a direct link, even if they set no limits', async () => {
    const boundless = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
      transports: [webSockets()],
      connectionEncrypters: [noise()],
      streamMuxers: [safeYamux()],
      services: { identify: identify(), relay: circuitRelayServer({ reservations: { applyDefaultLimit: false } }) },
    })
    try {
      const address = boundless.getMultiaddrs()[0]!.toString()
      const [a, b] = [await join_({ relays: [address], direct: false }), await join_({ relays: [address], direct: false })]
      await until(() => expect([a, b].flatMap(reserved)).toEqual([true, true]))
      const heard = vi.fn()
      b.transport.onMessage(heard)
      for (const node of [a, b]) node.transport.setMembers([a.peerId, b.peerId])
      a.transport.send(b.peerId, Uint8Array.of(1))
      await until(() => expect(heard).toHaveBeenCalledOnce())
      for (const node of [a, b]) expect(node.links.snapshot().peers.map(({ link }) => link)).toEqual(['relayed'])
    } finally {
      await boundless.stop()
    }
  })

  it('pass gossip to more than ten peers behind one address', async () => {
    const relay = await startRelay()
    const all = await Promise.all(
      Array.from({ length: 14 }, () => join_({ relays: [relay.multiaddr], direct: false, validate: () => 'accept' })),
    )
    const heard = new Set<string>()
    for (const node of all) {
      node.pubsub.onMessage((_topic, from) => heard.add(`${from} ${node.peerId}`))
      node.pubsub.subscribe('roomful/crowd')
    }
    let looks = 0
    await until(() => {
      // What is said before the mesh has formed may be lost; whoever is not heard by all says it again.
      if (looks++ % 10 === 0) {
        for (const [i, node] of all.entries()) {
          const listeners = all.filter((other) => heard.has(`${node.peerId} ${other.peerId}`)).length
          if (listeners < 13) node.pubsub.publish('roomful/crowd', Uint8Array.of(i, looks))
        }
      }
      expect(heard.size).toBe(14 * 13)
    })
  })

  it('are reserved on again after a restart, under the same address, and gossip flows again', async () => {
    const relay = await startRelay()
    const [a, b] = [
      await join_({ relays: [relay.multiaddr], direct: false, validate: () => 'accept' }),
      await join_({ relays: [relay.multiaddr], direct: false, validate: () => 'accept' }),
    ]
    for (const node of [a, b]) node.pubsub.subscribe('roomful/again')
    await until(() => expect([a, b].flatMap(reserved)).toEqual([true, true]))
    await relay.stop()
    await until(() => expect([a, b].flatMap(reserved)).toEqual([false, false]))
    const again = await createRelay({ port: relay.port, dataDir: join(directory, '0') })
    relays.push(again)
    expect(again.multiaddr).toBe(relay.multiaddr)
    await until(() => expect([a, b].flatMap(reserved)).toEqual([true, true]))
    const heard = vi.fn()
    b.pubsub.onMessage(heard)
    await until(() => expect(a.pubsub.subscribers('roomful/again')).toEqual([b.peerId]))
    a.pubsub.publish('roomful/again', Uint8Array.of(1))
    await until(() => expect(heard).toHaveBeenCalled())
  })

  it('hear what a node listens on that was started again and again', async () => {
    const relay = await startRelay()
    const { pubsub } = relay.libp2p.services
    const node = await join_({ relays: [relay.multiaddr], direct: false })
    const listeners = (topic: string): string[] => pubsub.getSubscribers(topic).map(String)
    node.pubsub.subscribe('roomful/early')
    await until(() => expect(listeners('roomful/early')).toEqual([node.peerId]))
    // So much is held against one that was started again twice, and joined the meshes of eight topics each time.
    const { score, acceptFromWhitelist } = pubsub as unknown as {
      score: { addPenalty(peer: string, penalty: number, label: string): void; scoreCache: Map<string, unknown> }
      acceptFromWhitelist: Map<string, unknown>
    }
    score.addPenalty(node.peerId, 24, 'graft_backoff')
    // What was found of it a moment ago counts for a second otherwise.
    for (const found of [score.scoreCache, acceptFromWhitelist]) found.clear()
    node.pubsub.subscribe('roomful/late')
    await until(() => expect(listeners('roomful/late')).toEqual([node.peerId]))
  })

  it('are all used: when one dies the room goes on over the other, and it is used again when it returns', async () => {
    const [one, two] = [await startRelay(), await startRelay()]
    const init = { relays: [one.multiaddr, two.multiaddr], direct: false }
    const [a, b] = [await join_(init), await join_(init)]
    await until(() => expect([a, b].flatMap(reserved)).toEqual([true, true, true, true]))
    const heard: number[] = []
    b.transport.onMessage((_from, message) => heard.push(message[0] ?? -1))
    for (const node of [a, b]) node.transport.setMembers([a.peerId, b.peerId])
    a.transport.send(b.peerId, Uint8Array.of(0))
    await until(() => expect(heard).toEqual([0]))
    await one.stop()
    for (let i = 1; i < 20; i++) a.transport.send(b.peerId, Uint8Array.of(i))
    await until(() => expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => i)))
    await until(() =>
      expect([a, b].map((node) => node.links.snapshot().relays.map(({ state }) => state === 'reserved'))).toEqual([
        [false, true],
        [false, true],
      ]),
    )
    relays.push(await createRelay({ port: one.port, dataDir: join(directory, '0') }))
    await until(() => expect([a, b].flatMap(reserved)).toEqual([true, true, true, true]))
  })

  it('that are dead do not stop a room with direct links, nor its gossip', async () => {
    const relay = await startRelay()
    const init: NetworkInit = { relays: [relay.multiaddr], validate: () => 'accept' }
    const [a, b] = [await join_(init), await join_(init)]
    for (const node of [a, b]) {
      node.transport.setMembers([a.peerId, b.peerId])
      node.pubsub.subscribe('roomful/alive')
    }
    await until(() => expect([a, b].map((node) => node.transport.stats()[0]?.link)).toEqual(['direct', 'direct']))
    await relay.stop()
    await until(() => expect([a, b].flatMap(reserved)).toEqual([false, false]))
    const heard: string[] = []
    b.transport.onMessage((_from, message) => heard.push(`wire ${message[0]}`))
    b.pubsub.onMessage((_topic, _from, message) => heard.push(`gossip ${message[0]}`))
    a.transport.send(b.peerId, Uint8Array.of(1))
    await until(() => {
      a.pubsub.publish('roomful/alive', Uint8Array.of(2))
      expect(new Set(heard)).toEqual(new Set(['wire 1', 'gossip 2']))
    })
  })

  it('that are full say so, and the node says it in words', async () => {
    const relay = await startRelay({ limits: { reservations: 1 } })
    const first = await join_({ relays: [relay.multiaddr], direct: false })
    await until(() => expect(reserved(first)).toEqual([true]))
    const second = await join_({ relays: [relay.multiaddr], direct: false })
    await until(() => {
      expect(second.links.snapshot().relays[0]).toMatchObject({ state: 'unreachable', detail: expect.stringContaining('relay is full') })
    })
    // The first one's place is free as soon as it is gone, not when its reservation expires.
    await first.stop()
    await until(() => expect(relay.libp2p.services.relay.reservations.size).toBeLessThan(2))
    const third = await join_({ relays: [relay.multiaddr], direct: false })
    await until(() => expect([second, third].flatMap(reserved)).toContain(true))
  })

  it('that were full are reserved on when somebody else’s place is free, without a new connection', async () => {
    const relay = await startRelay({ limits: { reservations: 1 } })
    const first = await join_({ relays: [relay.multiaddr], direct: false })
    await until(() => expect(reserved(first)).toEqual([true]))
    // Its pauses are a twentieth of what they are otherwise.
    const clock: Clock = {
      now: () => Date.now(),
      after: (ms, callback) => {
        const timer = setTimeout(callback, ms / 20)
        return () => clearTimeout(timer)
      },
    }
    const second = await join_({ relays: [relay.multiaddr], direct: false, clock })
    await until(() => expect(second.links.snapshot().relays[0]?.state).toBe('unreachable'))
    const [connection] = second.libp2p.getConnections()
    await first.stop()
    await until(() => expect(reserved(second)).toEqual([true]))
    expect(second.libp2p.getConnections()).toEqual([connection])
  })

  it('that cannot be reached are said to be so, and the node is usable', async () => {
    const node = await join_({
      relays: ['/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWBem4nSa7BYDiifCffHXK9UV8fVXEgrd1PMiKasgEWxES'],
      direct: false,
    })
    await until(() =>
      expect(node.links.snapshot().relays[0]).toMatchObject({
        state: 'unreachable',
        place: '127.0.0.1:1',
        detail: expect.stringMatching(/^nothing answers there,/),
      }),
    )
    node.transport.setMembers([node.peerId])
    node.transport.send(node.peerId, Uint8Array.of(1))
    node.pubsub.publish('roomful/alone', Uint8Array.of(1))
  })

  it('are told apart from addresses that cannot be a relay’s', async () => {
    await expect(createNetwork({ relays: ['not an address'] })).rejects.toThrow(NetworkConfigError)
    await expect(createNetwork({ relays: ['/ip4/127.0.0.1/tcp/80'] })).rejects.toThrow(/peer|relay/)
  })

  it('on private addresses may be dialled, and nothing else may', async () => {
    const relay = await startRelay()
    const node = await join_({ relays: [relay.multiaddr], direct: false })
    await until(() => expect(reserved(node)).toEqual([true]))
    await expect(node.libp2p.dial(multiaddr('/ip4/192.168.1.1/tcp/80/ws'))).rejects.toThrow()
    const other = await startRelay()
    await expect(node.libp2p.dial(multiaddr(other.multiaddr))).rejects.toThrow(/gater|denied|valid addresses/i)
  })

  it('let two nodes that share no room link directly, so that gossip has ways of its own', async () => {
    const relay = await startRelay()
    const [a, b] = [await join_({ relays: [relay.multiaddr] }), await join_({ relays: [relay.multiaddr] })]
    await until(() => expect(a.links.snapshot().peers).toEqual([{ peer: b.peerId, link: 'direct' }]))
    expect(b.links.snapshot().peers.map(({ peer }) => peer)).toEqual([a.peerId])
  })
})
