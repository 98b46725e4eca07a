import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { UnreachableError } from './errors.ts'
import type { Connection, PeerId as Libp2pPeerId, Stream, Transport, Upgrader } from '@libp2p/interface'
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
    // Defined, not assigned: libp2p's components would hand an assignment on to every transport.
    const limiting = { upgrader: { value: limited(components.upgrader) } }
    const transport = create(Object.create(components, limiting) as CircuitComponents) as ReservingTransport
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

/** A circuit counts as limited, whatever its carrier says: without limits it would pass for a direct link. */
function limited(upgrader: Upgrader): Upgrader {
  return Object.assign(Object.create(upgrader) as Upgrader, {
    upgradeInbound: ((connection, options) =>
      upgrader.upgradeInbound(connection, { ...options, limits: options?.limits ?? {} })) as Upgrader['upgradeInbound'],
    upgradeOutbound: ((connection, options) =>
      upgrader.upgradeOutbound(connection, { ...options, limits: options?.limits ?? {} })) as Upgrader['upgradeOutbound'],
  })
}

type IntroducerComponents = Parameters<ReturnType<typeof circuitRelayServer>>[0]

interface HoppingServer {
  onHop(stream: Stream, connection: Connection): Promise<void>
}

/** What a node carries for its room mates while they have no relay: it is somebody's uplink. */
const INTRODUCTIONS: Parameters<typeof circuitRelayServer>[0] = {
  hopTimeout: 10_000,
  maxInboundHopStreams: 16,
  maxOutboundStopStreams: 16,
  reservations: {
    maxReservations: 64,
    reservationTtl: 30 * 60_000,
    applyDefaultLimit: true,
    defaultDurationLimit: 2 * 60_000,
    defaultDataLimit: 4n * 1024n * 1024n,
  },
}

/** libp2p's relay, within tight limits and for those that this node introduces: to all others it does not even listen. */
export function introducer(introduces: (peer: PeerId) => boolean): (components: IntroducerComponents) => unknown {
  const create = circuitRelayServer(INTRODUCTIONS)
  return (components) => {
    const server = create(components)
    const inside = server as unknown as HoppingServer
    const { onHop } = inside
    inside.onHop = async (stream, connection) => {
      const peer = connection.remotePeer.toString()
      if (!introduces(peer)) return stream.abort(new UnreachableError(`${peer} shares no room with this node`))
      return onHop(stream, connection)
    }
    return server
  }
}
