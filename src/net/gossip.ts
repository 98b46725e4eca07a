import { MAX_CONTROL_BYTES, UNHEARD_MESSAGES, UNHEARD_MS, isOwnTopic } from './gossip-limits.ts'
import type { Message, SubscriptionChangeData, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PeerId } from '../domain/ids.ts'
import type { Clock, PubSub, Unsubscribe } from '../room/ports.ts'
import type { Presence } from './presence.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'

/** Judges a message before it is delivered or passed on. `reject` costs its sender score, `ignore` does not. */
export type TopicValidator = (topic: string, from: PeerId, message: Uint8Array) => 'accept' | 'ignore' | 'reject'

export interface GossipInit {
  libp2p: RoomfulLibp2p
  clock: Clock
  isRelay(peer: PeerId): boolean
  /** Who listens on a topic beyond the direct neighbours, as the relays know it. */
  presence: Presence
  validate: TopicValidator
}

/** {@link PubSub} over gossipsub: small signed messages, checked before they are delivered or passed on. */
export class Gossip implements PubSub {
  readonly self: PeerId
  readonly #init: GossipInit
  readonly #topics = new Set<string>()
  /** Published while nobody listened: sent when the first listener is heard of. */
  readonly #unheard = new Map<string, { message: Uint8Array; at: number }[]>()
  readonly #messageHandlers = new Set<(topic: string, from: PeerId, message: Uint8Array) => void>()
  readonly #subscriberHandlers = new Set<(topic: string, peers: PeerId[]) => void>()
  readonly #stop = new AbortController()
  #dropped = 0

  constructor(init: GossipInit) {
    this.#init = init
    const { libp2p } = init
    this.self = libp2p.peerId.toString()
    const { pubsub } = libp2p.services
    const onMessage = (event: CustomEvent<Message>): void => this.#onMessage(event.detail)
    const onChange = (event: CustomEvent<SubscriptionChangeData>): void => {
      for (const { topic } of event.detail.subscriptions) this.#onChange(topic)
    }
    const onClose = (): void => {
      for (const topic of this.#topics) this.#onChange(topic)
    }
    pubsub.addEventListener('message', onMessage)
    pubsub.addEventListener('subscription-change', onChange)
    libp2p.addEventListener('peer:disconnect', onClose)
    const unsubscribe = init.presence.onChange((topic) => this.#onChange(topic))
    this.#stop.signal.addEventListener('abort', unsubscribe)
    this.#stop.signal.addEventListener('abort', () => {
      pubsub.removeEventListener('message', onMessage)
      pubsub.removeEventListener('subscription-change', onChange)
      libp2p.removeEventListener('peer:disconnect', onClose)
    })
  }

  /** Messages that were not sent: too large, or refused by gossipsub. */
  get dropped(): number {
    return this.#dropped
  }

  get topics(): string[] {
    return [...this.#topics]
  }

  subscribe(topic: string): void {
    if (this.#topics.has(topic) || this.#stop.signal.aborted) return
    this.#topics.add(topic)
    const { pubsub } = this.#init.libp2p.services
    pubsub.topicValidators.set(topic, (_from, message) => this.#judge(message))
    pubsub.subscribe(topic)
  }

  unsubscribe(topic: string): void {
    if (!this.#topics.delete(topic)) return
    this.#init.presence.forget(topic)
    const { pubsub } = this.#init.libp2p.services
    pubsub.unsubscribe(topic)
    pubsub.topicValidators.delete(topic)
  }

  publish(topic: string, message: Uint8Array): void {
    if (this.#stop.signal.aborted) return
    if (message.length > MAX_CONTROL_BYTES || !isOwnTopic(topic)) {
      this.#dropped++
      return
    }
    const { pubsub } = this.#init.libp2p.services
    if (pubsub.getSubscribers(topic).length === 0) return this.#keepUnheard(topic, message)
    pubsub.publish(topic, message).catch(() => this.#dropped++)
  }

  subscribers(topic: string): PeerId[] {
    if (this.#stop.signal.aborted) return []
    const neighbours = this.#init.libp2p.services.pubsub.getSubscribers(topic).map((peer) => peer.toString())
    const all = new Set([...neighbours, ...this.#init.presence.peers(topic)])
    return [...all].filter((peer) => peer !== this.self && !this.#init.isRelay(peer))
  }

  onMessage(handler: (topic: string, from: PeerId, message: Uint8Array) => void): Unsubscribe {
    this.#messageHandlers.add(handler)
    return () => void this.#messageHandlers.delete(handler)
  }

  onSubscribers(handler: (topic: string, peers: PeerId[]) => void): Unsubscribe {
    this.#subscriberHandlers.add(handler)
    return () => void this.#subscriberHandlers.delete(handler)
  }

  async stop(): Promise<void> {
    for (const topic of this.#topics) this.unsubscribe(topic)
    this.#stop.abort()
    this.#messageHandlers.clear()
    this.#subscriberHandlers.clear()
    this.#unheard.clear()
  }

  #keepUnheard(topic: string, message: Uint8Array): void {
    const waiting = this.#unheard.get(topic) ?? []
    waiting.push({ message, at: this.#init.clock.now() })
    if (waiting.length > UNHEARD_MESSAGES) waiting.shift()
    this.#unheard.set(topic, waiting)
    // Topics that nobody ever listens to must not pile up.
    if (this.#unheard.size > UNHEARD_MESSAGES) this.#unheard.delete(this.#unheard.keys().next().value ?? topic)
  }

  #onChange(topic: string): void {
    const { pubsub } = this.#init.libp2p.services
    const waiting = this.#unheard.get(topic)
    if (waiting !== undefined && pubsub.getSubscribers(topic).length > 0) {
      this.#unheard.delete(topic)
      const since = this.#init.clock.now() - UNHEARD_MS
      for (const { message, at } of waiting) if (at >= since) this.publish(topic, message)
    }
    if (!this.#topics.has(topic)) return
    const peers = this.subscribers(topic)
    for (const handler of [...this.#subscriberHandlers]) handler(topic, peers)
  }

  #judge(message: Message): TopicValidatorResult {
    if (message.type !== 'signed' || message.data.length > MAX_CONTROL_BYTES) return 'reject' as TopicValidatorResult
    return this.#init.validate(message.topic, message.from.toString(), message.data) as TopicValidatorResult
  }

  #onMessage(message: Message): void {
    if (message.type !== 'signed' || !this.#topics.has(message.topic)) return
    const from = message.from.toString()
    if (from === this.self) return
    for (const handler of [...this.#messageHandlers]) handler(message.topic, from, message.data)
  }
}
