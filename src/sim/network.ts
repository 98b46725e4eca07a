import type { PeerId } from '../domain/ids.ts'
import { decodeMessage, encodeMessage } from '../room/message.ts'
import type { Message } from '../room/message.ts'
import type { Happening, SimNode } from './node.ts'
import { plainCopy } from './plain-copy.ts'
import type { Rng } from './rng.ts'
import type { Schedule } from './schedule.ts'
import type { Weather } from './weather.ts'

const TENTATIVE_LIMIT = 16
const HELD_LIMIT = 32
/** A subscription needs this long to be known, ms. */
const SUBSCRIBE_MS = 20

/** Wires and gossip between simulated nodes, with everything that goes wrong on them. */
export class SimNetwork {
  messages = 0
  gossip = 0
  bytes = 0
  readonly #cuts = new Set<string>()
  readonly #unlinked = new Set<string>()
  readonly #held = new Map<string, Message[]>()
  readonly #last = new Map<string, number>()
  readonly #subscribers = new Map<string, Set<SimNode>>()
  readonly #nodes: Map<PeerId, SimNode>
  readonly #schedule: Schedule
  readonly #rng: Rng
  readonly #deliver: (node: SimNode, what: Happening) => void
  weather: Weather
  /** Counts the bytes of one message in so many, for all of them: slow. 0: of none. */
  weighOneIn = 0
  #unweighed = 0

  constructor(
    nodes: Map<PeerId, SimNode>,
    schedule: Schedule,
    rng: Rng,
    weather: Weather,
    deliver: (node: SimNode, what: Happening) => void,
  ) {
    this.#nodes = nodes
    this.#schedule = schedule
    this.#rng = rng
    this.weather = weather
    this.#deliver = deliver
  }

  reachable(from: PeerId, to: PeerId): boolean {
    return this.#nodes.get(from)?.alive === true && this.#nodes.get(to)?.alive === true && !this.#cuts.has(`${from}>${to}`)
  }

  /** Over a wire: gossip finds its way without one. */
  #carries(from: PeerId, to: PeerId): boolean {
    return this.reachable(from, to) && !this.#unlinked.has(`${from}>${to}`)
  }

  #linked(a: PeerId, b: PeerId): boolean {
    return this.#carries(a, b) && this.#carries(b, a)
  }

  /** These two never have a wire between them, whatever heals. */
  unlink(a: PeerId, b: PeerId): void {
    this.#unlinked.add(`${a}>${b}`).add(`${b}>${a}`)
    this.broken(a, b, this.weather.detectMs)
  }

  /** Loses everything from one peer to the other. */
  cut(from: PeerId, to: PeerId): void {
    this.#cuts.add(`${from}>${to}`)
    this.broken(from, to, this.weather.detectMs)
  }

  heal(): void {
    this.#cuts.clear()
    for (const [wire, messages] of this.#held) {
      if (this.#unlinked.has(wire)) continue
      const [from, to] = wire.split('>') as [PeerId, PeerId]
      const node = this.#nodes.get(from)
      if (node?.alive) for (const message of messages) this.#travel(node, to, message)
      this.#held.delete(wire)
    }
    for (const node of this.#nodes.values()) for (const peer of node.members) if (!node.up.has(peer)) this.#dial(node, peer)
  }

  /** Both ends notice after `ms` that their wire is broken, unless it is well again by then. */
  broken(a: PeerId, b: PeerId, ms: number): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#schedule.after(ms * this.#rng.between(0.8, 1.2), () => {
        const node = this.#nodes.get(one)
        if (node === undefined || !node.up.has(other) || this.#linked(one, other)) return
        node.up.delete(other)
        this.#deliver(node, { type: 'connection', peer: other, up: false })
      })
    }
  }

  setMembers(node: SimNode, peers: readonly PeerId[]): void {
    const next = new Set(peers.filter((peer) => peer !== node.id))
    for (const peer of node.members) {
      if (next.has(peer)) continue
      node.up.delete(peer)
      this.#held.delete(`${node.id}>${peer}`)
    }
    const added = [...next].filter((peer) => !node.members.has(peer))
    node.members = next
    for (const peer of added) {
      this.#dial(node, peer)
      const waiting = node.tentative.get(peer) ?? []
      node.tentative.delete(peer)
      for (const message of waiting) this.#schedule.after(0, () => this.#arrive(peer, node.id, message))
    }
  }

  #dial(node: SimNode, peer: PeerId): void {
    this.#schedule.after(this.weather.dialMs * this.#rng.between(0.5, 1.5), () => {
      if (!node.alive || !node.members.has(peer) || node.up.has(peer)) return
      if (!this.#linked(node.id, peer)) return
      node.up.add(peer)
      this.#deliver(node, { type: 'connection', peer, up: true })
    })
  }

  send(node: SimNode, to: PeerId, message: Message): void {
    if (!node.members.has(to)) return
    this.messages++
    this.#weigh(message)
    if (this.#rng.chance(this.weather.drop)) return
    if (!this.#carries(node.id, to)) {
      const wire = `${node.id}>${to}`
      const held = this.#held.get(wire) ?? []
      held.push(message)
      if (held.length > HELD_LIMIT) held.shift()
      this.#held.set(wire, held)
      return
    }
    this.#travel(node, to, message)
    if (this.#rng.chance(this.weather.duplicate)) this.#travel(node, to, message)
  }

  #travel(node: SimNode, to: PeerId, message: Message): void {
    const wire = `${node.id}>${to}`
    const copy = this.#copy(message)
    let at = this.#schedule.now + this.#delay()
    if (this.weather.reorder === 0 || !this.#rng.chance(this.weather.reorder)) {
      at = Math.max(at, this.#last.get(wire) ?? 0)
      this.#last.set(wire, at)
    }
    this.#schedule.after(at - this.#schedule.now, () => this.#arrive(node.id, to, copy))
  }

  #delay(): number {
    return this.weather.delayMs + this.#rng.next() ** 3 * this.weather.jitterMs
  }

  #arrive(from: PeerId, to: PeerId, message: Message): void {
    const node = this.#nodes.get(to)
    if (node === undefined || !node.alive) return
    if (node.members.has(from)) return this.#deliver(node, { type: 'message', from, message })
    const waiting = node.tentative.get(from) ?? []
    waiting.push(message)
    if (waiting.length > TENTATIVE_LIMIT) waiting.shift()
    node.tentative.set(from, waiting)
  }

  subscribe(node: SimNode, topic: string): void {
    node.topics.set(topic, this.#schedule.now + SUBSCRIBE_MS)
    const nodes = this.#subscribers.get(topic) ?? new Set()
    nodes.add(node)
    this.#subscribers.set(topic, nodes)
  }

  unsubscribe(node: SimNode, topic: string): void {
    node.topics.delete(topic)
    this.#subscribers.get(topic)?.delete(node)
  }

  forget(node: SimNode): void {
    for (const topic of [...node.topics.keys()]) this.unsubscribe(node, topic)
  }

  publish(node: SimNode, topic: string, message: Message): void {
    this.gossip++
    this.#weigh(message)
    for (const other of this.#subscribers.get(topic) ?? []) {
      if (other === node || !this.reachable(node.id, other.id) || this.#rng.chance(this.weather.gossipDrop)) continue
      const copy = this.#copy(message)
      this.#schedule.after(this.#delay() * 2, () => {
        if (other.alive && (other.topics.get(topic) ?? Infinity) <= this.#schedule.now) {
          this.#deliver(other, { type: 'gossip', topic, from: node.id, message: copy })
        }
      })
    }
  }

  #copy(message: Message): Message {
    return this.weather.encoded > 0 && this.#rng.chance(this.weather.encoded) ? decodeMessage(encodeMessage(message)) : plainCopy(message)
  }

  #weigh(message: Message): void {
    if (this.weighOneIn === 0 || ++this.#unweighed < this.weighOneIn) return
    this.#unweighed = 0
    this.bytes += encodeMessage(message).length * this.weighOneIn
  }
}
