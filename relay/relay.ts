import { networkInterfaces } from 'node:os'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import { safeYamux } from '../src/net/yamux-late-open.ts'
import { createLibp2p } from 'libp2p'
import { Registry } from 'prom-client'
import { GOSSIP_OPTIONS, MAX_EARLY_STREAMS } from '../src/net/libp2p-options.ts'
import { Bans } from '../src/net/bans.ts'
import { Offences } from '../src/net/offences.ts'
import { scoreOwnTopics } from '../src/net/gossip-score.ts'
import { reopenGossipStreams } from '../src/net/gossip-streams.ts'
import { KeySigner } from '../src/net/keys.ts'
import { RelayConfigError } from './errors.ts'
import { createFront } from './front.ts'
import { Gatekeeper } from './gatekeeper.ts'
import { hostMultiaddr } from './host-address.ts'
import { loadKey } from './key-file.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { registerGauges, relayGauges } from './metrics.ts'
import { PresenceService } from './presence.ts'
import { RegistryService } from './registry.ts'
import { dropStaleConnections } from './stale-connections.ts'
import { TopicForwarder } from './topics.ts'
import { UpgradeListener } from './upgrade-listener.ts'
import type { PeerId } from '@libp2p/interface'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { IceServer } from './ice.ts'
import type { RelayLimits } from './limits.ts'
import type { RelayLibp2p, RelayService, RelayServices } from './types.ts'

export type { RelayLibp2p, RelayService } from './types.ts'

export interface RelayInit {
  /** 0 takes a free one. */
  port: number
  /** Address to listen on. @default 127.0.0.1; 0.0.0.0 for the whole network */
  host?: string
  /** Where the key and the archive are kept. */
  dataDir: string
  /** The built app, or null to serve none. */
  staticDir?: string | null
  /** PEM texts. With them the relay speaks HTTPS and WSS, and only those. */
  tls?: { cert: string; key: string } | null
  /** A reverse proxy of one's own stands before it: its `X-Forwarded-…` headers are believed. @default false */
  behindProxy?: boolean
  /** STUN and TURN servers that tabs are told of in `/relay.json`. */
  iceServers?: readonly IceServer[]
  limits?: Partial<RelayLimits>
  services?: readonly RelayService[]
  version?: string
}

export interface Relay {
  /** Where to open the app on this machine. */
  readonly url: string
  /** Where to open it from other devices of the network; empty when it listens on loopback alone. */
  readonly networkUrls: readonly string[]
  readonly multiaddr: string
  readonly peerId: string
  readonly port: number
  readonly libp2p: RelayLibp2p
  readonly limits: RelayLimits
  stop(): Promise<void>
}

/**
 * The relay: gives tabs an address, introduces them, forwards their gossip and serves the app, on one port.
 * @throws RelayConfigError when the port is taken or the data directory cannot be used
 */
export async function createRelay(init: RelayInit): Promise<Relay> {
  const limits = { ...DEFAULT_LIMITS, ...init.limits }
  const host = init.host ?? '127.0.0.1'
  const tls = init.tls ?? null
  const privateKey = await loadKey(init.dataDir)
  const registry = new Registry()
  const gatekeeper = new Gatekeeper(limits, () => Date.now())
  const upgrades = new UpgradeListener(limits.webSocketMessageBytes)
  const services: Awaited<ReturnType<RelayService>>[] = []
  let stopping: Promise<void> | null = null
  let libp2p: RelayLibp2p | null = null
  let presence: PresenceService | null = null
  let registered: RegistryService | null = null
  const signer = new KeySigner(privateKey)
  const bans = new Bans({ now: () => Date.now() })
  const offences = new Offences((peer) => {
    bans.add(peer)
    for (const connection of libp2p?.getConnections() ?? []) {
      if (connection.remotePeer.toString() === peer) connection.abort(new Error('you broke the protocol'))
    }
  })

  const front = createFront({
    staticDir: init.staticDir ?? null,
    tls,
    behindProxy: init.behindProxy ?? false,
    gatekeeper,
    upgrade: (request, socket, head) => upgrades.upgrade(request, socket, head),
    describe: () => ({
      peer: libp2p?.peerId.toString() ?? '',
      version: init.version ?? 'development',
      reservations: { used: libp2p?.services.relay.reservations.size ?? 0, limit: limits.reservations },
      iceServers: init.iceServers ?? [],
      limits,
      ...Object.assign({}, ...services.map((service) => service.describe?.())),
    }),
    healthy: () => libp2p !== null && stopping === null,
    metrics: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  })
  const port = await listen(front.server, init.port, host)
  const scheme = tls === null ? 'http' : 'https'
  const names = host === '0.0.0.0' || host === '::' ? ['localhost', ...networkAddresses()] : [host]

  const node: RelayLibp2p = await createLibp2p<RelayServices>({
    privateKey,
    addresses: {
      listen: ['/ip4/127.0.0.1/tcp/0/ws'],
      // Without its peer id: libp2p appends that itself.
      announce: names.map((name) => hostMultiaddr(`${bracket(name)}:${port}`, tls !== null, port, '').replace('/p2p/', '')),
    },
    transports: [upgrades.transport()],
    connectionEncrypters: [noise()],
    streamMuxers: [safeYamux({ maxEarlyStreams: MAX_EARLY_STREAMS })],
    connectionManager: {
      maxConnections: limits.connections,
      // The gatekeeper limits addresses; libp2p's own limit would count a class room as one client.
      inboundConnectionThreshold: limits.connections,
      maxIncomingPendingConnections: 200,
    },
    connectionGater: {
      denyInboundRelayReservation: (peer) => {
        const held = libp2p?.services.relay.reservations
        if (held === undefined || held.has(peer) || held.size < limits.reservations) return false
        presence?.refuse(peer.toString(), `the relay is full: all of its ${limits.reservations} reservations are taken`)
        return true
      },
      denyInboundUpgradedConnection: (peer) => bans.has(peer.toString()),
      denyOutboundRelayedConnection: (source, destination) => registered?.permits(source.toString(), destination.toString()) === false,
    },
    connectionMonitor: { pingInterval: 20_000 },
    metrics: prometheusMetrics({ registry }),
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(),
      pubsub: gossipsub({ ...GOSSIP_OPTIONS, doPX: false }),
      relay: circuitRelayServer({
        hopTimeout: 15_000,
        maxInboundHopStreams: limits.circuitsPerPeer,
        maxOutboundStopStreams: limits.circuitsPerPeer,
        reservations: {
          maxReservations: limits.reservations,
          reservationTtl: limits.reservationTtlMs,
          // Limits on circuits keep gossip off relayed connections as well.
          applyDefaultLimit: true,
          defaultDurationLimit: limits.circuitDurationMs,
          defaultDataLimit: BigInt(limits.circuitBytes),
        },
      }),
    },
  })
  libp2p = node
  scoreOwnTopics(node.services.pubsub)
  const stopReopening = reopenGossipStreams(node)
  const stopDropping = dropStaleConnections(node)
  const topics = new TopicForwarder(node, limits.topics)
  const here = new PresenceService(node, offences)
  presence = here
  const registryService = new RegistryService(node, signer, offences)
  registered = registryService
  await Promise.all([here.start(), registryService.start()])
  // A tab that is gone does not come back under its reservation; without this closed tabs would fill the relay.
  const onDisconnect = (event: CustomEvent<PeerId>): void => void node.services.relay.reservations.delete(event.detail)
  node.addEventListener('peer:disconnect', onDisconnect)
  registerGauges(registry, relayGauges({ gatekeeper, topics, libp2p: node }))

  async function stop(): Promise<void> {
    for (const service of services) await service.stop()
    node.removeEventListener('peer:disconnect', onDisconnect)
    stopReopening()
    stopDropping()
    topics.stop()
    here.stop()
    registryService.stop()
    for (const connection of node.getConnections()) connection.abort(new Error('the relay is stopping'))
    front.dropSockets()
    await node.stop()
    await new Promise<void>((resolve) => {
      front.server.close(() => resolve())
      front.server.closeAllConnections()
    })
    registry.clear()
  }
  try {
    for (const start of init.services ?? []) {
      const service = await start({ libp2p: node, signer, directory: init.dataDir, offence: (peer) => offences.note(peer) })
      services.push(service)
      registerGauges(registry, service.gauges ?? [])
    }
  } catch (error) {
    await stop()
    throw error
  }

  const peerId = node.peerId.toString()
  return {
    url: `${scheme}://${bracket(names[0] ?? host)}:${port}/`,
    networkUrls: names.slice(1).map((name) => `${scheme}://${bracket(name)}:${port}/`),
    multiaddr: hostMultiaddr(`${bracket(names[0] ?? host)}:${port}`, tls !== null, port, peerId),
    peerId,
    port,
    libp2p: node,
    limits,
    stop: () => (stopping ??= stop()),
  }
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'it is in use, take another with --port' : cause.message
      reject(new RelayConfigError(`cannot listen on ${host} port ${port}: ${reason}`, { cause }))
    })
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}

/** IPv4 addresses under which other devices reach this machine. */
export function networkAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address)
}

function bracket(name: string): string {
  return name.includes(':') ? `[${name}]` : name
}
