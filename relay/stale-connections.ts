import type { Connection } from '@libp2p/interface'
import type { RelayLibp2p } from './types.ts'

const PING_PROTOCOL = '/ipfs/ping/1.0.0'
const PATIENCE_MS = 2_000

/**
 * Ends the connections of a peer that has lost them and is back on a new one. Until the relay's pings fail, half a minute
 * later, gossip would go to the old connection, and so would whoever looks for the peer. Those that still answer stay.
 */
export function dropStaleConnections(libp2p: RelayLibp2p): () => void {
  const onOpen = ({ detail: { id, remotePeer } }: CustomEvent<Connection>): void => {
    for (const connection of libp2p.getConnections(remotePeer)) {
      if (connection.id === id || connection.status !== 'open') continue
      connection.newStream(PING_PROTOCOL, { signal: AbortSignal.timeout(PATIENCE_MS) }).then(
        (stream) => stream.abort(new Error('it answers')),
        (error: Error) => {
          if (error.name !== 'UnsupportedProtocolError') connection.abort(error)
        },
      )
    }
  }
  libp2p.addEventListener('connection:open', onOpen)
  return () => libp2p.removeEventListener('connection:open', onOpen)
}
