import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { circuitOverRelays, introducer } from './circuits.ts'
import { abortableWebSockets } from './websocket-abort.ts'
import { provenWebRTC } from './webrtc-proven.ts'
import { safeYamux } from './yamux-late-open.ts'
import { MAX_GOSSIP_BYTES, MAX_TOPIC_BYTES_PER_PEER } from './gossip-limits.ts'
import type { GossipsubOpts, GossipSub } from '@libp2p/gossipsub'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Datastore } from 'interface-datastore'
import type { Libp2pOptions } from 'libp2p'
import type { RelayAddress } from './addresses.ts'

/** What every node of ours runs; Helia and OrbitDB need exactly these. */
export interface NodeServices extends Record<string, unknown> {
  identify: Identify
  ping: Ping
  pubsub: GossipSub
}

export type RoomfulLibp2p = Libp2p<NodeServices>

export interface LibP2POptionsInit {
  privateKey: PrivateKey
  relays: readonly RelayAddress[]
  /** STUN and TURN servers, and whether paths without them are allowed. */
  rtcConfiguration: RTCConfiguration
  datastore?: Datastore | undefined
  /** Whether this runtime speaks WebRTC. */
  direct: boolean
  isBanned(peer: string): boolean
  /** Whether this node introduces a peer to others of whom it says the same. */
  introduces(peer: string): boolean
  /** Whether this node may be reached by a peer that another one introduces. */
  permits(peer: string): boolean
  /** Whether there is a direct link to a peer. */
  isLinked(peer: string): boolean
}

/** Gossip settings that relay and tabs share. */
export const GOSSIP_OPTIONS: Partial<GossipsubOpts> = {
  allowPublishToZeroTopicPeers: true,
  globalSignaturePolicy: 'StrictSign',
  // A message is passed on only after the topic's validator has accepted it.
  asyncValidation: false,
  floodPublish: true,
  // Above ten peers behind one address the default weight graylists all of them: a class room, a reverse proxy, and
  // everybody who comes through a relay. A node that is started again has forgotten that it is to wait before it joins
  // its topics' meshes, and would be punished for each: what it announces while it is would never be heard.
  scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyThreshold: 64 },
  // Gossip on a relayed connection would stick to it and die with the relay although direct links are up.
  runOnLimitedConnection: false,
  maxInboundDataLength: MAX_GOSSIP_BYTES,
  maxOutboundBufferSize: 4 * 1024 * 1024,
  maxTopicBytesPerPeer: MAX_TOPIC_BYTES_PER_PEER,
  decodeRpcLimits: {
    maxSubscriptions: 512,
    maxMessages: 512,
    maxIhaveMessageIDs: 2_000,
    maxIwantMessageIDs: 2_000,
    maxIdontwantMessageIDs: 512,
    maxControlMessages: 512,
    maxPeerInfos: 16,
  },
}

/**
 * Streams that may arrive before a connection is ready for them. The default of 10 ends the connection of a tab that
 * has a room of more than ten members to call on when it meets its relay.
 */
export const MAX_EARLY_STREAMS = 128

/** More in a channel's own buffer only makes a control message wait longer. */
const DATA_CHANNEL = { maxBufferedAmount: 64 * 1024 }

/** libp2p options of a tab, or of a node outside the browser that behaves like one. */
export function memberOptions(init: LibP2POptionsInit): Libp2pOptions<NodeServices> {
  return {
    privateKey: init.privateKey,
    ...(init.datastore === undefined ? {} : { datastore: init.datastore }),
    addresses: {
      // One search for a reservation per relay.
      listen: [...init.relays.map(() => '/p2p-circuit'), ...(init.direct ? ['/webrtc'] : [])],
    },
    transports: [
      abortableWebSockets(),
      circuitOverRelays((peer) => init.relays.some((relay) => relay.peer === peer)),
      ...(init.direct
        ? [provenWebRTC({ rtcConfiguration: init.rtcConfiguration, dataChannel: DATA_CHANNEL, maxEarlyStreams: MAX_EARLY_STREAMS })]
        : []),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [safeYamux({ maxEarlyStreams: MAX_EARLY_STREAMS })],
    connectionManager: {
      // Everybody who comes through a relay counts as one host: the default of five a second is soon used up.
      inboundConnectionThreshold: 200,
      maxIncomingPendingConnections: 100,
      addressDialTimeout: 10_000,
      maxConnections: 200,
      // Our own loop dials relays again.
      reconnectRetries: 0,
    },
    connectionGater: {
      // The browser's default refuses ws: and private addresses, and a relay may have both. Whatever a peer claims to
      // listen on, nothing is dialled but the relays, and what lies behind them or behind a peer with a direct link.
      denyDialMultiaddr: (address: Multiaddr) =>
        !leadsOverRelay(address, init.relays) && !leadsOverMate(address, (peer) => init.isLinked(peer)),
      denyInboundUpgradedConnection: (peer) => init.isBanned(peer.toString()),
      denyOutboundRelayedConnection: (_source, destination) => !init.introduces(destination.toString()),
      // A relay has asked the registry; a mate knows nothing of who wants to be seen by whom.
      denyInboundRelayedConnection: (via, peer) =>
        !init.relays.some((relay) => relay.peer === via.toString()) && !init.permits(peer.toString()),
    },
    // The store's protocols come after the first connections: without the push nobody there would learn of them.
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(),
      pubsub: gossipsub(GOSSIP_OPTIONS),
      introductions: introducer(init.introduces),
    },
  }
}

function leadsOverRelay(address: Multiaddr, relays: readonly RelayAddress[]): boolean {
  const text = address.toString()
  return relays.some((relay) => {
    const base = relay.multiaddr.toString()
    return text === base || text.startsWith(`${base}/`) || `${text}/p2p/${relay.peer}` === base
  })
}

/** Over a link that there is: the address names a peer and nowhere to find it. */
function leadsOverMate(address: Multiaddr, isLinked: (peer: string) => boolean): boolean {
  const mate = /^\/p2p\/([^/]+)\/p2p-circuit\//.exec(address.toString())?.[1]
  return mate !== undefined && isLinked(mate)
}
