import { isOwnTopic } from '../src/net/gossip-limits.ts'
import { MAX_NEARBY, MAX_PRESENT, PRESENCE_PROTOCOL, encodeNotice } from '../src/net/presence.ts'
import type { Offences } from '../src/net/offences.ts'
import { frameStream } from '../src/net/stream-frames.ts'
import type { SubscriptionChangeData } from '@libp2p/gossipsub'
import type { Connection, Stream } from '@libp2p/interface'
import type { FrameStream, FrameStreamEvents } from '../src/room/wire/stream-port.ts'
import type { RelayLibp2p } from './types.ts'

/** Changes of one topic within so long are told together, ms. */
const GATHER_MS = 50
/** A few peers nearby are told anew at most so often, ms. */
const NEARBY_MS = 5_000
/** Notices that one peer has not taken yet: above, it is told nothing until it has. */
const MAX_BEHIND = 256

interface Listener {
  stream: FrameStream
  behind: number
  /** When it was last told who is nearby, ms since the epoch. */
  told: number
  /** Whether somebody has come or gone since. */
  stale: boolean
}

/**
 * Tells peers who else listens on their topics: gossipsub knows only of direct neighbours, and to tabs the relay is
 * the only one. Also names a few peers nearby, so that gossip has ways of its own when the relay is gone.
 */
export class PresenceService {
  readonly #libp2p: RelayLibp2p
  readonly #offences: Offences
  readonly #listeners = new Map<string, Listener>()
  readonly #changed = new Set<string>()
  #gathering: ReturnType<typeof setTimeout> | null = null
  #nearbyLater: ReturnType<typeof setTimeout> | null = null

  constructor(libp2p: RelayLibp2p, offences: Offences) {
    this.#libp2p = libp2p
    this.#offences = offences
    libp2p.services.pubsub.addEventListener('subscription-change', this.#onChange)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  async start(): Promise<void> {
    await this.#libp2p.handle(PRESENCE_PROTOCOL, this.#onStream, { maxInboundStreams: 2 })
  }

  /** Tells a peer why it was refused something. */
  refuse(peer: string, refusal: string): void {
    this.#send(peer, encodeNotice({ topic: '', peers: [], refusal }))
  }

  stop(): void {
    if (this.#gathering !== null) clearTimeout(this.#gathering)
    if (this.#nearbyLater !== null) clearTimeout(this.#nearbyLater)
    this.#libp2p.services.pubsub.removeEventListener('subscription-change', this.#onChange)
    this.#libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    for (const { stream } of this.#listeners.values()) stream.close()
    this.#listeners.clear()
  }

  readonly #onStream = (stream: Stream, connection: Connection): void => {
    const peer = connection.remotePeer.toString()
    this.#listeners.get(peer)?.stream.close()
    const offence = (): void => this.#offences.note(peer)
    const events: FrameStreamEvents = {
      // Nothing is asked for here: who sends something has mistaken the protocol.
      onFrame: () => {
        offence()
        frames.close()
      },
      onReady: () => {
        const listener = this.#listeners.get(peer)
        if (listener?.stream === frames) listener.behind = 0
      },
      onBroken: () => {
        if (this.#listeners.get(peer)?.stream === frames) this.#listeners.delete(peer)
      },
    }
    const frames = frameStream(stream, () => events, offence)
    this.#listeners.set(peer, { stream: frames, behind: 0, told: 0, stale: true })
    const { pubsub } = this.#libp2p.services
    for (const topic of pubsub.getTopics()) {
      if (pubsub.getSubscribers(topic).some((subscriber) => subscriber.toString() === peer)) this.#tell(topic, [peer])
    }
    this.#mark('')
  }

  readonly #onChange = (event: CustomEvent<SubscriptionChangeData>): void => {
    for (const { topic } of event.detail.subscriptions) this.#mark(topic)
  }

  readonly #onDisconnect = (): void => {
    this.#mark('')
  }

  #mark(topic: string): void {
    if (topic !== '' && !isOwnTopic(topic)) return
    this.#changed.add(topic)
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null
      const topics = [...this.#changed]
      this.#changed.clear()
      for (const each of topics) {
        if (each === '') {
          for (const listener of this.#listeners.values()) listener.stale = true
          this.#tellNearby()
        } else this.#tell(each, null)
      }
    }, GATHER_MS)
  }

  /** Tells `whom`, or every subscriber, who listens on the topic. */
  #tell(topic: string, whom: readonly string[] | null): void {
    const peers = this.#libp2p.services.pubsub.getSubscribers(topic).map((peer) => peer.toString())
    if (peers.length > MAX_PRESENT) return
    const notice = encodeNotice({ topic, peers })
    for (const peer of whom ?? peers) this.#send(peer, notice)
  }

  #tellNearby(): void {
    const now = Date.now()
    const all = [...this.#listeners.keys()]
    let wait = Infinity
    for (const [i, peer] of all.entries()) {
      const listener = this.#listeners.get(peer)
      if (listener === undefined || !listener.stale) continue
      const early = listener.told + NEARBY_MS - now
      wait = Math.min(wait, early > 0 ? early : Infinity)
      if (early > 0) continue
      listener.told = now
      listener.stale = false
      // The next ones in a ring, so that everybody is named equally often.
      const peers = Array.from({ length: Math.min(MAX_NEARBY, all.length - 1) }, (_, k) => all[(i + k + 1) % all.length] ?? peer)
      this.#send(peer, encodeNotice({ topic: '', peers }))
    }
    if (wait === Infinity) return
    this.#nearbyLater ??= setTimeout(() => {
      this.#nearbyLater = null
      this.#tellNearby()
    }, wait)
  }

  #send(peer: string, notice: Uint8Array): void {
    const listener = this.#listeners.get(peer)
    if (listener === undefined || listener.behind >= MAX_BEHIND) return
    if (!listener.stream.send([notice])) listener.behind++
  }
}
