import { decodeCanonical, encodeCanonical } from '../domain/ids.ts'
import { frameStream } from './stream-frames.ts'
import type { Connection } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { Clock, Unsubscribe } from '../room/ports.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { RelayKeeper } from './relay-keeper.ts'

/** A relay tells its peers who else listens on their topics, and of a few peers nearby. Frames of DAG-CBOR. */
export const PRESENCE_PROTOCOL = '/roomful/presence/1.0.0'

/** Peers named for one topic. A topic with more is too large to be a room, and its peers are not told. */
export const MAX_PRESENT = 64

/** Peers named as nearby. */
export const MAX_NEARBY = 4

const MAX_TOPICS = 1_024
const OPEN_TIMEOUT_MS = 10_000
/** Pause before a stream that has ended is opened again, ms. */
const REOPEN_MS = 1_000

/** What the relay says. `topic` is empty when the peers are the nearby ones, or when there is something to say in words. */
export interface PresenceNotice {
  topic: string
  peers: PeerId[]
  /** Why the relay refuses something, in words. */
  refusal?: string
}

export function encodeNotice(notice: PresenceNotice): Uint8Array {
  return encodeCanonical(notice)
}

/** The notice in the bytes, or null when they hold none. */
export function decodeNotice(bytes: Uint8Array): PresenceNotice | null {
  try {
    const value = decodeCanonical(bytes) as Partial<PresenceNotice> | null
    if (typeof value?.topic !== 'string' || !Array.isArray(value.peers) || value.peers.length > MAX_PRESENT) return null
    if (value.refusal !== undefined && (typeof value.refusal !== 'string' || value.refusal.length > 512)) return null
    if (!value.peers.every((peer) => typeof peer === 'string' && peer.length <= 128)) return null
    return { topic: value.topic, peers: value.peers, ...(value.refusal === undefined ? {} : { refusal: value.refusal }) }
  } catch {
    return null
  }
}

/** Listens to what the relays say about who is there. */
export class Presence {
  readonly #libp2p: RoomfulLibp2p
  readonly #relays: RelayKeeper
  readonly #clock: Clock
  /** By relay, then by topic. */
  readonly #told = new Map<PeerId, Map<string, PeerId[]>>()
  readonly #handlers = new Set<(topic: string) => void>()
  readonly #stop = new AbortController()

  constructor(libp2p: RoomfulLibp2p, relays: RelayKeeper, clock: Clock) {
    this.#libp2p = libp2p
    this.#relays = relays
    this.#clock = clock
    const onOpen = (event: CustomEvent<Connection>): void => this.#onOpen(event.detail)
    libp2p.addEventListener('connection:open', onOpen)
    this.#stop.signal.addEventListener('abort', () => libp2p.removeEventListener('connection:open', onOpen))
    for (const connection of libp2p.getConnections()) this.#onOpen(connection)
  }

  /** Peers that a relay has named for the topic; for the empty topic those nearby. */
  peers(topic: string): PeerId[] {
    const named = [...this.#told.values()].flatMap((topics) => topics.get(topic) ?? [])
    return [...new Set(named)].filter((peer) => peer !== this.#libp2p.peerId.toString())
  }

  /** What was told about a topic that is of no interest any more. */
  forget(topic: string): void {
    for (const topics of this.#told.values()) topics.delete(topic)
  }

  onChange(handler: (topic: string) => void): Unsubscribe {
    this.#handlers.add(handler)
    return () => void this.#handlers.delete(handler)
  }

  stop(): void {
    this.#stop.abort()
    this.#handlers.clear()
    this.#told.clear()
  }

  #onOpen(connection: Connection): void {
    const relay = connection.remotePeer.toString()
    if (!this.#relays.isRelay(relay) || connection.limits !== undefined) return
    connection.newStream(PRESENCE_PROTOCOL, { signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(OPEN_TIMEOUT_MS)]) }).then(
      (stream) => {
        const topics = new Map<string, PeerId[]>()
        this.#told.set(relay, topics)
        frameStream(stream, () => ({
          onFrame: (frame) => {
            const notice = decodeNotice(frame)
            if (notice === null) return
            if (notice.refusal !== undefined) return this.#relays.refused(relay, notice.refusal)
            if (notice.peers.length === 0) topics.delete(notice.topic)
            else if (topics.size < MAX_TOPICS) topics.set(notice.topic, notice.peers)
            this.#changed(notice.topic)
          },
          onReady: () => undefined,
          onBroken: () => {
            if (this.#told.get(relay) !== topics) return
            this.#told.delete(relay)
            for (const topic of topics.keys()) this.#changed(topic)
            this.#reopen(connection)
          },
        }))
      },
      (error: Error) => {
        // A relay that is not ours says nothing about its peers: gossip alone tells then.
        if (error.name !== 'UnsupportedProtocolError') this.#reopen(connection)
      },
    )
  }

  /** Unless another connection's stream has come in its place. */
  #reopen(connection: Connection): void {
    if (this.#stop.signal.aborted || connection.status !== 'open') return
    const cancel = this.#clock.after(REOPEN_MS, () => {
      this.#stop.signal.removeEventListener('abort', cancel)
      if (connection.status === 'open' && !this.#told.has(connection.remotePeer.toString())) this.#onOpen(connection)
    })
    this.#stop.signal.addEventListener('abort', cancel)
  }

  #changed(topic: string): void {
    for (const handler of [...this.#handlers]) handler(topic)
  }
}
