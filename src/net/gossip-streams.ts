import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Unsubscribe } from '../room/ports.ts'

interface StreamingPubSub extends GossipSub {
  peers: Map<string, PeerId>
  topics: Map<string, Set<string>>
  streamsInbound: Map<string, { rawStream: Stream }>
  streamsOutbound: Map<string, { rawStream: Stream }>
  onPeerConnected(peer: PeerId, connection: Connection): void
  removePeer(peer: PeerId): void
  createOutboundStream(peer: PeerId, connection: Connection): Promise<void>
  handlePeerReadStreamError(error: Error, peer: PeerId): void
}

interface Node {
  getConnections(peer: PeerId): Connection[]
  services: { pubsub: GossipSub }
}

/**
 * Keeps gossip going over whatever connection to a peer is left. Of two direct links the second is closed after a while,
 * and either may break. Mends @libp2p/gossipsub 17.1.1:
 * - It opens one stream to a peer, on its first connection, and never another while any connection to that peer is left.
 *   Here the stream is opened again, with gossipsub's next heartbeat (1 s).
 * - It drops a peer whose stream breaks, and a peer that is back before its leaving has been dealt with. Both sides may
 *   do so at once, and then neither opens another stream. Here a peer that is connected still is taken up again.
 * - It closes the streams of a peer that it drops for writing alone. The peer goes on writing to its own, and never says
 *   again what it listens on, which has been forgotten here. Here they end.
 * - It tells nobody that a peer which it drops listens on nothing any more. Here it does.
 * - It drops a peer because of a stream that another one has replaced. Here it does not.
 * - It opens streams one after the other, so that who never answers delays all others by 10 s. Here nobody waits.
 */
export function reopenGossipStreams(node: Node): Unsubscribe {
  const pubsub = node.services.pubsub as StreamingPubSub
  const opening = new Set<string>()
  const dropped = new Map<string, PeerId>()

  const create = pubsub.createOutboundStream.bind(pubsub)
  pubsub.createOutboundStream = async (peer, connection) => {
    const id = peer.toString()
    if (opening.has(id)) return
    opening.add(id)
    void create(peer, connection).finally(() => opening.delete(id))
  }

  const remove = pubsub.removePeer.bind(pubsub)
  pubsub.removePeer = (peer) => {
    const id = peer.toString()
    if (!pubsub.peers.has(id)) return
    const streams = [pubsub.streamsInbound.get(id), pubsub.streamsOutbound.get(id)]
    const subscriptions = [...pubsub.topics].flatMap(([topic, peers]) => (peers.has(id) ? { topic, subscribe: false } : []))
    remove(peer)
    for (const stream of streams) stream?.rawStream.abort(new Error('the peer is dropped'))
    dropped.set(id, peer)
    pubsub.dispatchEvent(new CustomEvent('subscription-change', { detail: { peerId: peer, subscriptions } }))
  }

  const onReadError = pubsub.handlePeerReadStreamError.bind(pubsub)
  pubsub.handlePeerReadStreamError = (error, peer) => {
    const present = pubsub.streamsInbound.get(peer.toString())?.rawStream
    // What cannot be read is found on a stream that is open.
    const replaced = present?.status === 'open' && present.remoteWriteStatus === 'writable' && !error.name.startsWith('Invalid')
    if (!replaced) onReadError(error, peer)
  }

  const connectionTo = (peer: PeerId): Connection | undefined =>
    node.getConnections(peer).find(({ status, limits }) => status === 'open' && limits === undefined)
  const onHeartbeat = (): void => {
    for (const [id, peer] of dropped) {
      dropped.delete(id)
      const connection = connectionTo(peer)
      if (connection !== undefined) pubsub.onPeerConnected(peer, connection)
    }
    for (const [id, peer] of pubsub.peers) {
      const connection = pubsub.streamsOutbound.has(id) ? undefined : connectionTo(peer)
      if (connection !== undefined) void pubsub.createOutboundStream(peer, connection)
    }
  }
  pubsub.addEventListener('gossipsub:heartbeat', onHeartbeat)
  return () => pubsub.removeEventListener('gossipsub:heartbeat', onHeartbeat)
}
