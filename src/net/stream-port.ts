import { openStream } from './open-stream.ts'
import { frameStream } from './stream-frames.ts'
import { ROOM_PROTOCOL } from '../room/wire/constants.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { Unsubscribe, WireStats } from '../room/ports.ts'
import type { FrameStream, FrameStreamEvents, StreamPort } from '../room/wire/stream-port.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { Links } from './links.ts'
import type { Offences } from './offences.ts'

/** One stream is used; a second one overlaps while a path changes. */
const STREAMS_PER_CONNECTION = 4
/** Streams of {@link ROOM_PROTOCOL} over libp2p, on the best connection that there is. */
export class Libp2pStreamPort implements StreamPort {
  readonly self: PeerId
  readonly #libp2p: RoomfulLibp2p
  readonly #links: Links
  readonly #offences: Offences
  #members: readonly PeerId[] = []
  #nearby: readonly PeerId[] = []

  constructor(libp2p: RoomfulLibp2p, links: Links, offences: Offences) {
    this.self = libp2p.peerId.toString()
    this.#libp2p = libp2p
    this.#links = links
    this.#offences = offences
  }

  async open(peer: PeerId, events: FrameStreamEvents, signal: AbortSignal): Promise<FrameStream> {
    const stream = await openStream(this.#links, peer, ROOM_PROTOCOL, { signal, maxOutboundStreams: STREAMS_PER_CONNECTION })
    return frameStream(stream, () => events)
  }

  accept(handler: (peer: PeerId, stream: FrameStream) => FrameStreamEvents): void {
    const onStream = (stream: Stream, connection: Connection): void => {
      let events: FrameStreamEvents | null = null
      const peer = connection.remotePeer.toString()
      const frames = frameStream(
        stream,
        () => events,
        () => this.#offences.note(peer),
      )
      events = handler(peer, frames)
    }
    void this.#libp2p.handle(ROOM_PROTOCOL, onStream, {
      runOnLimitedConnection: true,
      maxInboundStreams: STREAMS_PER_CONNECTION,
      force: true,
    })
  }

  want(peers: readonly PeerId[]): void {
    this.#members = peers
    this.#links.want([...peers, ...this.#nearby])
  }

  /** Peers to be linked after the members, for gossip. */
  wantNearby(peers: readonly PeerId[]): void {
    this.#nearby = peers
    this.want(this.#members)
  }

  link(peer: PeerId): WireStats['link'] {
    return this.#links.kind(peer)
  }

  onBetterPath(handler: (peer: PeerId) => void): Unsubscribe {
    return this.#links.onBetterPath(handler)
  }

  defer(callback: () => void): void {
    queueMicrotask(callback)
  }

  report(error: unknown): void {
    reportError(error)
  }

  punish(peer: PeerId): void {
    this.#links.ban(peer)
  }

  async stop(): Promise<void> {
    await this.#libp2p.unhandle(ROOM_PROTOCOL)
  }
}

/** Makes a foreign handler's error visible as an uncaught one, without harming whoever called the handler. */
function reportError(error: unknown): void {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error)
  else queueMicrotask(() => Promise.reject(error))
}
