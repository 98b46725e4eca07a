import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { UnreachableError } from './errors.ts'
import type { PeerId as Libp2pPeerId, Transport } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'

/** What libp2p's circuit transport has inside. */
export interface ReservingTransport extends Transport {
  reservationStore?: { addRelay(peer: Libp2pPeerId, type: 'discovered' | 'configured'): Promise<unknown> }
}

type CircuitComponents = Parameters<ReturnType<typeof circuitRelayTransport>>[0]

/**
 * libp2p's circuit transport. That of @libp2p/circuit-relay-v2 4.2.13 reserves by itself on whoever offers to relay, as
 * soon as a relay is gone; here only on relays: room mates offer it as well, and would take the place of the one that
 * returns.
 */
export function circuitOverRelays(isRelay: (peer: PeerId) => boolean): (components: CircuitComponents) => Transport {
  const create = circuitRelayTransport()
  return (components) => {
    const transport = create(components) as ReservingTransport
    const store = transport.reservationStore
    if (store === undefined) return transport
    const addRelay = store.addRelay.bind(store)
    store.addRelay = async (peer, type) => {
      if (type === 'discovered' && !isRelay(peer.toString())) throw new UnreachableError(`${peer.toString()} is no relay`)
      return addRelay(peer, type)
    }
    return transport
  }
}
