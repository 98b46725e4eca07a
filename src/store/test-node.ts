import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { createLibp2p } from 'libp2p'
import type { PrivateKey } from '@libp2p/interface'
import type { Signer } from '../room/ports.ts'
import { decodeGossip } from './exchange-message.ts'
import type { GossipLibp2p } from './replicator.ts'
import { openStore } from './store.ts'
import type { Store, StoreInit } from './store.ts'

/** Signs with a libp2p key. */
export function signerOf(key: PrivateKey): Signer {
  return {
    self: peerIdFromPrivateKey(key).toString(),
    // Node signs into a Buffer, which is equal to no plain array.
    sign: async (bytes) => Uint8Array.from(await key.sign(bytes)),
    verify: async (peer, bytes, signature) => {
      try {
        const { publicKey } = peerIdFromString(peer)
        return publicKey !== undefined && (await publicKey.verify(bytes, signature))
      } catch {
        return false
      }
    },
  }
}

export async function newSigner(): Promise<Signer> {
  return signerOf(await generateKeyPair('Ed25519'))
}

export interface TestNode {
  libp2p: GossipLibp2p
  signer: Signer
  store: Store
  stop(): Promise<void>
}

/** A libp2p node on loopback WebSockets, without a store. */
export async function startLibp2p(key: PrivateKey): Promise<GossipLibp2p> {
  return createLibp2p({
    privateKey: key,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      pubsub: gossipsub({ allowPublishToZeroTopicPeers: true, floodPublish: true, scoreParams: { IPColocationFactorWeight: 0 } }),
    },
  })
}

/** A node on loopback WebSockets with a store in memory, or on what `init` gives. */
export async function startTestNode(init: Partial<StoreInit> & { key?: PrivateKey } = {}): Promise<TestNode> {
  const key = init.key ?? (await generateKeyPair('Ed25519'))
  const signer = signerOf(key)
  const libp2p = await startLibp2p(key)
  const store = await openStore({ blockstore: new MemoryBlockstore(), datastore: new MemoryDatastore(), ...init, libp2p, signer })
  return {
    libp2p,
    signer,
    store,
    stop: async () => {
      await store.stop()
      await libp2p.stop()
    },
  }
}

/** From here on the new entries that this node tells are lost on the way, so that only exchanges bring them. */
export function loseEntries({ libp2p }: Pick<TestNode, 'libp2p'>): void {
  const { pubsub } = libp2p.services
  const publish = pubsub.publish.bind(pubsub)
  pubsub.publish = async (topic: string, data?: Uint8Array) =>
    data !== undefined && decodeGossip(data)?.kind === 'entry' ? { recipients: [] } : publish(topic, data)
}

export async function connect(a: Pick<TestNode, 'libp2p'>, b: Pick<TestNode, 'libp2p'>): Promise<void> {
  await a.libp2p.dial(b.libp2p.getMultiaddrs())
}
