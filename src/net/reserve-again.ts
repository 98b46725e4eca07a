import { peerIdFromString } from '@libp2p/peer-id'
import type { PeerId as Libp2pPeerId } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'

interface ReservingTransport {
  reservationStore?: { addRelay(peer: Libp2pPeerId, type: 'discovered'): Promise<unknown> }
}

interface Inside {
  components: { transportManager: { getTransports(): ReservingTransport[] } }
}

/**
 * Mends @libp2p/circuit-relay-v2 4.2.13, which asks a relay for a reservation once on each connection: whoever is refused
 * because the relay is full, or gets no answer because it is busy, has none for as long as it is connected. Here it is
 * asked once more; whether it says yes, its addresses tell.
 */
export function reserveAgain(libp2p: RoomfulLibp2p, relay: PeerId): void {
  const transports = (libp2p as unknown as Inside).components.transportManager.getTransports()
  const store = transports.find(({ reservationStore }) => reservationStore !== undefined)?.reservationStore
  store?.addRelay(peerIdFromString(relay), 'discovered').catch(() => undefined)
}
