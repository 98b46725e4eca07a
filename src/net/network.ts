import { createLibp2p } from 'libp2p'
import { parseRelay } from './addresses.ts'
import { Bans } from './bans.ts'
import { BULK_PROTOCOL, Bulk } from './bulk.ts'
import { Gossip } from './gossip.ts'
import { scoreOwnTopics } from './gossip-score.ts'
import { reopenGossipStreams } from './gossip-streams.ts'
import { Introductions } from './introductions.ts'
import { KeySigner, generateKey, keyFromBytes } from './keys.ts'
import { memberOptions } from './libp2p-options.ts'
import { Links } from './links.ts'
import { Offences } from './offences.ts'
import { Presence } from './presence.ts'
import { Registrar } from './registrar.ts'
import { isVisible } from './registry.ts'
import { RelayKeeper } from './relay-keeper.ts'
import { Reporter } from './reporter.ts'
import { resolve } from './resolver.ts'
import { Libp2pStreamPort } from './stream-port.ts'
import { createSystemClock } from './system-clock.ts'
import { validateRoomTopic } from './topic-rules.ts'
import { openLoopbackPair } from './loopback-pair.ts'
import { mendWebRTC } from './webrtc-init-channel.ts'
import { sessionName } from '../room/wire/frame.ts'
import { WORK_PROTOCOL, WorkDesk } from './work-desk.ts'
import { WireTransport } from '../room/wire/wire-transport.ts'
import type { Datastore } from 'interface-datastore'
import type { PeerId } from '../domain/ids.ts'
import type { Clock, PubSub, Signer, Unsubscribe } from '../room/ports.ts'
import type { TopicValidator } from './gossip.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { LinkChange, LinkState } from './link.ts'
import type { Route } from './resolver.ts'
import type { RelayState } from './relay-keeper.ts'

export interface NetworkInit {
  /** Multiaddrs of relays, each ending in the relay's peer id. All are used. */
  relays: readonly string[]
  /** From `generateKey`. A new identity is made without it. */
  privateKey?: Uint8Array
  datastore?: Datastore
  /** STUN and TURN servers. @default none: direct links within one network only */
  iceServers?: RTCIceServer[]
  /** `relay` forbids direct paths: everything between tabs goes through TURN servers. @default all */
  iceTransportPolicy?: RTCIceTransportPolicy
  /** @default a system clock of its own, stopped with the network */
  clock?: Clock
  /** Direct links at most: room members first, then a few for gossip. @default 24 */
  maxLinks?: number
  /** Judges messages of a topic before they are delivered or passed on. @default what the rooms' messages allow */
  validate?: TopicValidator
  /** Peers that are not members and whose messages are held back. @default 32 */
  tentativePeers?: number
  /** How long a member whose connection broke counts as connected while another path is looked for, ms. @default 2000 */
  pathGraceMs?: number
  /** False never links directly. @default whether this runtime has WebRTC */
  direct?: boolean
}

/** What the network knows about reach. */
export interface NetworkLinks {
  snapshot(): { relays: RelayState[]; peers: { peer: PeerId; link: 'direct' | 'relayed' }[] }
  /** Called when a relay's state, a link or a connection changes. */
  onChange(handler: () => void): Unsubscribe
  /** Each step in a direct link's life. */
  onLink(handler: (change: LinkChange) => void): Unsubscribe
  /** How far the direct link to a peer is; null where there never was one. */
  state(peer: PeerId): LinkState | null
  /** The way to a runtime's address, or a peer id, as it is now; with `link` a direct link is begun where there is none. */
  resolve(address: string, options?: { link?: boolean }): Route
}

export interface Network {
  readonly peerId: PeerId
  /** For what is attached beside the rooms: the block exchange and the job database. */
  readonly libp2p: RoomfulLibp2p
  readonly transport: WireTransport
  readonly pubsub: PubSub
  readonly signer: Signer
  readonly links: NetworkLinks
  /** Registers this node with the relays, says who may find it, and finds others. */
  readonly registry: Registrar
  /** Large data, with back-pressure, on streams of its own. */
  readonly bulk: Bulk
  /** Single pieces of work, asked of one peer and answered by it. */
  readonly desk: WorkDesk
  /** Reports a room's state to observers, and observes others'. */
  readonly reporter: Reporter
  /** Notes that a peer has broken a protocol that runs beside the network's own. Again and again, and it is refused. */
  offence(peer: PeerId): void
  stop(): Promise<void>
}

/**
 * A node on the network, in a tab or in Node. Resolves as soon as it is started: relays are connected, and connected
 * again, in the background.
 * @throws NetworkConfigError when a relay's address cannot be one
 */
export async function createNetwork(init: NetworkInit): Promise<Network> {
  const relays = init.relays.map(parseRelay)
  const direct = init.direct ?? hasWebRTC()
  if (direct) await mendWebRTC()
  const privateKey = keyFromBytes(init.privateKey ?? (await generateKey()))
  const ownClock = init.clock === undefined ? createSystemClock() : null
  const clock = init.clock ?? ownClock
  if (clock === null || clock === undefined) throw new TypeError('a network needs a clock')
  const bans = new Bans(clock)
  // libp2p is there before those who know: until then the answer is no.
  const rules = { introduces: (_peer: PeerId) => false, permits: (_peer: PeerId) => false, isLinked: (_peer: PeerId) => false }
  const libp2p: RoomfulLibp2p = await createLibp2p(
    memberOptions({
      privateKey,
      relays,
      rtcConfiguration: { iceServers: init.iceServers ?? [], iceTransportPolicy: init.iceTransportPolicy ?? 'all' },
      datastore: init.datastore,
      direct,
      isBanned: (peer) => bans.has(peer),
      introduces: (peer) => rules.introduces(peer),
      permits: (peer) => rules.permits(peer),
      isLinked: (peer) => rules.isLinked(peer),
    }),
  )

  scoreOwnTopics(libp2p.services.pubsub)
  const stopReopening = reopenGossipStreams(libp2p)

  const changeHandlers = new Set<() => void>()
  const changed = (): void => {
    for (const handler of [...changeHandlers]) handler()
  }
  const keeper = new RelayKeeper(libp2p, relays, clock, changed)
  const links: Links = new Links({
    libp2p,
    relays: keeper,
    clock,
    maxLinks: init.maxLinks ?? 24,
    direct,
    bans,
    // The last one is the job database's exchange, one protocol for each database.
    asking: [BULK_PROTOCOL, WORK_PROTOCOL, '/roomful/records/'],
    permits: (peer) => rules.permits(peer),
    introducers: (peer) => introductions.ways(peer),
  })
  const introductions: Introductions = new Introductions({ libp2p, relays: keeper, clock, mates: () => links.neighbours() })
  const signer = new KeySigner(privateKey)
  const registrar = new Registrar({ libp2p, relays: keeper, signer, clock, run: sessionName(crypto.getRandomValues(new Uint8Array(8))) })
  const sharesRoom = (peer: PeerId): boolean => {
    const rooms = pubsub.topics.filter((topic) => topic.startsWith('jobprocessing_'))
    return transport.isMember(peer) || rooms.some((topic) => pubsub.subscribers(topic).includes(peer))
  }
  rules.introduces = (peer) => transport.isMember(peer)
  rules.isLinked = (peer) => links.kind(peer) === 'direct'
  rules.permits = (peer) => isVisible(registrar.policy, peer, () => sharesRoom(peer))
  const offences = new Offences((peer) => links.ban(peer))
  const port = new Libp2pStreamPort(libp2p, links, offences)
  const transport = new WireTransport({
    port,
    clock,
    random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    ...(init.tentativePeers === undefined ? {} : { tentativePeers: init.tentativePeers }),
    ...(init.pathGraceMs === undefined ? {} : { pathGraceMs: init.pathGraceMs }),
  })
  const bulk = new Bulk(libp2p, links, offences)
  const desk = new WorkDesk(libp2p, links)
  const reporter = new Reporter(libp2p, links, clock, offences)
  const presence = new Presence(libp2p, keeper, clock)
  // A few links beside the room's, so that gossip has ways of its own when the relay is gone.
  presence.onChange((topic) => {
    if (topic === '') port.wantNearby(presence.peers(''))
  })
  const pubsub = new Gossip({
    libp2p,
    presence,
    clock,
    isRelay: (peer) => keeper.isRelay(peer),
    validate: init.validate ?? validateRoomTopic,
  })
  const onConnection = (): void => changed()
  libp2p.addEventListener('connection:open', onConnection)
  libp2p.addEventListener('connection:close', onConnection)

  // Without this others notice a closed tab after 6 to 13 seconds.
  const onPageHide = (): void => {
    transport.farewell()
    links.abort('the page was closed')
  }
  const inPage = typeof window !== 'undefined'
  if (inPage) window.addEventListener('pagehide', onPageHide)
  const closeLoopback = inPage && direct ? openLoopbackPair() : null

  let stopping: Promise<void> | null = null
  async function stop(): Promise<void> {
    if (inPage) window.removeEventListener('pagehide', onPageHide)
    libp2p.removeEventListener('connection:open', onConnection)
    libp2p.removeEventListener('connection:close', onConnection)
    changeHandlers.clear()
    ;(await closeLoopback)?.()
    await transport.stop()
    await Promise.all([bulk.stop(), desk.stop(), reporter.stop()])
    stopReopening()
    await pubsub.stop()
    presence.stop()
    introductions.stop()
    registrar.stop()
    links.stop()
    keeper.stop()
    await libp2p.stop()
    ownClock?.stop()
  }

  return {
    peerId: libp2p.peerId.toString(),
    libp2p,
    transport,
    pubsub,
    signer,
    bulk,
    desk,
    reporter,
    registry: registrar,
    links: {
      snapshot: () => ({ relays: keeper.states, peers: links.peers() }),
      onChange(handler) {
        changeHandlers.add(handler)
        return () => void changeHandlers.delete(handler)
      },
      onLink: (handler) => links.onChange(handler),
      state: (peer) => links.state(peer),
      resolve: (address, options) =>
        resolve(
          address,
          {
            self: links.self,
            isRelay: (peer) => keeper.isRelay(peer),
            linkState: (peer) => links.state(peer),
            link: (peer) => links.request(peer),
          },
          options,
        ),
    },
    offence: (peer) => offences.note(peer),
    stop: () => (stopping ??= stop()),
  }
}

function hasWebRTC(): boolean {
  return typeof window === 'undefined' || typeof globalThis.RTCPeerConnection === 'function'
}
