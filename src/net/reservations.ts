import { peerIdFromString } from '@libp2p/peer-id'
import type { PeerId } from '../domain/ids.ts'
import type { ReservingTransport } from './circuits.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'

interface Inside {
  components: { transportManager: { getTransports(): ReservingTransport[] } }
}

/**
 * Mends @libp2p/circuit-relay-v2 4.2.13, which asks a relay for a reservation once on each connection: whoever is refused
 * because the relay is full, or gets no answer because it is busy, has none for as long as it is connected. Here it is
 * asked once more; whether it says yes, its addresses tell.
 */
export function reserveAgain(libp2p: RoomfulLibp2p, relay: PeerId): void {
  reserve(libp2p, relay, 'discovered')
}

/** Asks a directly linked peer to pass on what others send to reach this node. It says no to those it shares no room with. */
export function reserveOn(libp2p: RoomfulLibp2p, mate: PeerId): void {
  reserve(libp2p, mate, 'configured')
}

function reserve(libp2p: RoomfulLibp2p, peer: PeerId, type: 'discovered' | 'configured'): void {
  const transports = (libp2p as unknown as Inside).components.transportManager.getTransports()
  const store = transports.find(({ reservationStore }) => reservationStore !== undefined)?.reservationStore
  store?.addRelay(peerIdFromString(peer), type).catch(() => undefined)
}
