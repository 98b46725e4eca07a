import type { PeerId } from '../domain/ids.ts'
import type { PubSub, Unsubscribe } from '../room/ports.ts'

/** Whether a message gets through, and how often: 1 in fair weather. */
export type GossipWeather = (topic: string, from: PeerId, to: PeerId) => number

/** Topics in memory: what is published reaches every other subscriber by microtask, in the order of publishing. */
export class MemoryGossip {
  readonly #members = new Set<MemoryPubSub>()
  #weather: GossipWeather = () => 1

  join(peer: PeerId): PubSub {
    const member = new MemoryPubSub(this, peer)
    this.#members.add(member)
    return member
  }

  setWeather(weather: GossipWeather): void {
    this.#weather = weather
  }

  publish(topic: string, from: PeerId, message: Uint8Array): void {
    const bytes = message.slice()
    for (const member of this.#members) {
      if (member.self === from || !member.listens(topic)) continue
      // A subscriber gets each message at most once, whatever the weather doubles on the way.
      if (this.#weather(topic, from, member.self) > 0) queueMicrotask(() => member.deliver(topic, from, bytes))
    }
  }

  subscribers(topic: string, except: PeerId): PeerId[] {
    const peers = [...this.#members].filter((member) => member.self !== except && member.listens(topic))
    return peers.map((member) => member.self)
  }

  changed(topic: string): void {
    for (const member of this.#members) member.onChange(topic)
  }

  leave(member: MemoryPubSub): void {
    this.#members.delete(member)
  }
}

class MemoryPubSub implements PubSub {
  readonly self: PeerId
  readonly #gossip: MemoryGossip
  readonly #topics = new Set<string>()
  readonly #messageHandlers = new Set<(topic: string, from: PeerId, message: Uint8Array) => void>()
  readonly #subscriberHandlers = new Set<(topic: string, peers: PeerId[]) => void>()

  constructor(gossip: MemoryGossip, self: PeerId) {
    this.#gossip = gossip
    this.self = self
  }

  subscribe(topic: string): void {
    if (this.#topics.has(topic)) return
    this.#topics.add(topic)
    this.#gossip.changed(topic)
  }

  unsubscribe(topic: string): void {
    if (this.#topics.delete(topic)) this.#gossip.changed(topic)
  }

  publish(topic: string, message: Uint8Array): void {
    this.#gossip.publish(topic, this.self, message)
  }

  subscribers(topic: string): PeerId[] {
    return this.#gossip.subscribers(topic, this.self)
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
    const topics = [...this.#topics]
    this.#topics.clear()
    this.#messageHandlers.clear()
    this.#subscriberHandlers.clear()
    this.#gossip.leave(this)
    for (const topic of topics) this.#gossip.changed(topic)
  }

  listens(topic: string): boolean {
    return this.#topics.has(topic)
  }

  deliver(topic: string, from: PeerId, message: Uint8Array): void {
    if (!this.#topics.has(topic)) return
    for (const handler of this.#messageHandlers) handler(topic, from, message)
  }

  onChange(topic: string): void {
    const peers = this.subscribers(topic)
    queueMicrotask(() => {
      for (const handler of this.#subscriberHandlers) handler(topic, peers)
    })
  }
}
