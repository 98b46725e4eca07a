import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, vi } from 'vitest'
import { createRelay } from '../../relay/relay.ts'
import { describePubSub } from '../room/pubsub-contract.ts'
import { describeTransport } from '../room/transport-contract.ts'
import { ROOM_PROTOCOL } from '../room/wire/constants.ts'
import type { WireTransport } from '../room/wire/wire-transport.ts'
import { createNetwork } from './network.ts'
import { frameStream } from './stream-frames.ts'
import type { Relay } from '../../relay/relay.ts'
import type { Network } from './network.ts'

let relay: Relay
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'roomful-'))
  relay = await createRelay({ port: 0, dataDir: directory })
})
afterAll(async () => {
  await relay.stop()
  await rm(directory, { recursive: true })
})

describeTransport('libp2p streams', async () => {
  const networks = new Map<string, Network>()
  const of = (transport: WireTransport): Network => {
    const network = networks.get(transport.self)
    if (network === undefined) throw new Error(`${transport.self} is not on this network`)
    return network
  }
  return {
    async join(limits = {}) {
      // Over the relay alone: WebRTC among fifteen nodes in one process would test the machine.
      const network = await createNetwork({ relays: [relay.multiaddr], direct: false, ...limits })
      networks.set(network.peerId, network)
      return network.transport
    },
    breakStreams(a, b) {
      for (const connection of of(a).libp2p.getConnections()) {
        if (connection.remotePeer.toString() !== b.self) continue
        for (const stream of connection.streams) {
          if (stream.protocol === ROOM_PROTOCOL) stream.abort(new Error('broken'))
        }
      }
    },
    async openRaw(from, to) {
      const connection = await vi.waitUntil(() =>
        of(from)
          .libp2p.getConnections()
          .find(({ remotePeer }) => remotePeer.toString() === to),
      )
      const stream = await connection.newStream(ROOM_PROTOCOL, { runOnLimitedConnection: true })
      return frameStream(stream, () => null)
    },
    outgoing(from, to) {
      const streams = of(from)
        .libp2p.getConnections()
        .filter(({ remotePeer }) => remotePeer.toString() === to.self)
      return streams
        .flatMap((connection) => connection.streams)
        .filter((stream) => stream.protocol === ROOM_PROTOCOL && stream.direction === 'outbound' && stream.writeStatus === 'writable')
        .length
    },
    async stop() {
      await Promise.all([...networks.values()].map((network) => network.stop()))
    },
  }
})

describePubSub('gossipsub', async () => {
  const networks: Network[] = []
  return {
    async join() {
      const network = await createNetwork({ relays: [relay.multiaddr], direct: false, validate: () => 'accept' })
      networks.push(network)
      return network.pubsub
    },
    async stop() {
      await Promise.all(networks.map((network) => network.stop()))
    },
  }
})
