import type { Connection, PeerId } from '@libp2p/interface'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Unsubscribe } from '../room/ports.ts'

interface StreamingPubSub extends GossipSub {
  peers: Map<string, PeerId>
  streamsOutbound: Map<string, unknown>
  outboundInflightQueue: { push(wanted: { peerId: PeerId; connection: Connection }): void }
}

interface Node {
  getConnections(peer: PeerId): Connection[]
  services: { pubsub: GossipSub }
}

/**
 * Mends @libp2p/gossipsub 17.1.1, which opens one stream to a peer, on its first connection, and never another while any
 * connection to that peer is left. Of two direct links the second is closed after a while, and that may be the one with
 * the stream: from then on nothing that this node says reaches that peer but by way of others. Here the stream is opened
 * again, with gossipsub's next heartbeat (1 s).
 */
export function reopenGossipStreams(node: Node): Unsubscribe {
  const pubsub = node.services.pubsub as StreamingPubSub
  const onHeartbeat = (): void => {
    for (const [id, peerId] of pubsub.peers) {
      if (pubsub.streamsOutbound.has(id)) continue
      const connection = node.getConnections(peerId).find(({ status, limits }) => status === 'open' && limits === undefined)
      // The library opens them one after the other, and passes over whom it has one to by then.
      if (connection !== undefined) pubsub.outboundInflightQueue.push({ peerId, connection })
    }
  }
  pubsub.addEventListener('gossipsub:heartbeat', onHeartbeat)
  return () => pubsub.removeEventListener('gossipsub:heartbeat', onHeartbeat)
}
