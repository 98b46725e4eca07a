import { isOwnTopic } from '../src/net/gossip-limits.ts'
import { validateRoomTopic } from '../src/net/topic-rules.ts'
import type { SubscriptionChangeData, TopicValidatorFn, TopicValidatorResult } from '@libp2p/gossipsub'
import type { RelayLibp2p } from './types.ts'

/**
 * Forwards gossip between peers that have no direct link: gossipsub passes on only what it is subscribed to, so the
 * relay subscribes to each topic of ours that a peer of its own listens on, and leaves it with the last of them.
 */
export class TopicForwarder {
  readonly #libp2p: RelayLibp2p
  readonly #limit: number
  /** With the validator that this has set, or none where the archive listens by itself. */
  readonly #topics = new Map<string, TopicValidatorFn | null>()
  /** Asked for above the limit: taken when others end. */
  readonly #waiting = new Set<string>()
  #refused = 0

  constructor(libp2p: RelayLibp2p, limit: number) {
    this.#libp2p = libp2p
    this.#limit = limit
    libp2p.services.pubsub.addEventListener('subscription-change', this.#onChange)
  }

  get size(): number {
    return this.#topics.size
  }

  /** Topics that were asked for above the limit, or that are not ours. */
  get refused(): number {
    return this.#refused
  }

  stop(): void {
    this.#libp2p.services.pubsub.removeEventListener('subscription-change', this.#onChange)
  }

  readonly #onChange = (event: CustomEvent<SubscriptionChangeData>): void => {
    for (const { topic, subscribe } of event.detail.subscriptions) {
      if (subscribe) this.#take(topic)
      else this.#leaveIfEmpty(topic)
    }
  }

  #take(topic: string): void {
    if (this.#topics.has(topic)) return
    const { pubsub } = this.#libp2p.services
    if (!isOwnTopic(topic) || this.#topics.size >= this.#limit) {
      this.#refused++
      if (isOwnTopic(topic)) this.#waiting.add(topic)
      return
    }
    this.#waiting.delete(topic)
    // The archive subscribes to the job database by itself, and stays.
    if (pubsub.getTopics().includes(topic)) return void this.#topics.set(topic, null)
    const validator: TopicValidatorFn = (_peer, message) =>
      (message.type === 'signed' ? validateRoomTopic(topic, message.from.toString(), message.data) : 'reject') as TopicValidatorResult
    this.#topics.set(topic, validator)
    pubsub.topicValidators.set(topic, validator)
    pubsub.subscribe(topic)
  }

  #leaveIfEmpty(topic: string): void {
    const { pubsub } = this.#libp2p.services
    if (pubsub.getSubscribers(topic).length > 0) return
    this.#waiting.delete(topic)
    const validator = this.#topics.get(topic)
    if (!this.#topics.delete(topic)) return
    // The archive may have come later, and then the topic is its own.
    if (validator !== null && pubsub.topicValidators.get(topic) === validator) {
      pubsub.unsubscribe(topic)
      pubsub.topicValidators.delete(topic)
    }
    const [next] = this.#waiting
    if (next !== undefined) this.#take(next)
  }
}
