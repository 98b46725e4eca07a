import { joinParts } from '../room/wire/frame.ts'
import { WireTransport } from '../room/wire/wire-transport.ts'
import type { PeerId } from '../domain/ids.ts'
import type { Clock, Random, Unsubscribe, WireStats } from '../room/ports.ts'
import type { FrameStream, FrameStreamEvents, StreamPort } from '../room/wire/stream-port.ts'
import type { WireTransportInit } from '../room/wire/wire-transport.ts'

/** One end of a stream in memory. */
interface End {
  peer: PeerId
  /** Whether this side opened the stream. */
  opener: boolean
  events: FrameStreamEvents
  other: End | null
}

/** How often a frame arrives: 1 in fair weather, 2 when it is doubled, 0 when the stream breaks under it. */
export type Weather = (from: PeerId, to: PeerId) => number

/**
 * A network in memory: streams between the peers that are on it, delivered by microtask in the order of sending, so
 * that one run is like the next. Streams can be broken, at will or by the
 * weather, frames doubled and paths closed.
 */
export class MemoryNetwork {
  readonly #ports = new Map<PeerId, MemoryPort>()
  readonly #closedPaths = new Set<string>()
  #weather: Weather = () => 1
  /** Frames handed over since the start, to see what touches the network. */
  frames = 0

  /** The network's plug for one peer. */
  port(peer: PeerId): MemoryPort {
    const port = new MemoryPort(this, peer)
    this.#ports.set(peer, port)
    return port
  }

  /** The plug of a peer that is on the network. Throws when it is not. */
  find(peer: PeerId): MemoryPort {
    const port = this.#ports.get(peer)
    if (port === undefined) throw new UnreachablePeerError(`${peer} is not on this network`)
    return port
  }

  transport(peer: PeerId, clock: Clock, random: Random, limits: Partial<WireTransportInit> = {}): WireTransport {
    return new WireTransport({ port: this.port(peer), clock, random, ...limits })
  }

  setWeather(weather: Weather): void {
    this.#weather = weather
  }

  /** Breaks all streams between two peers. New ones can be opened. */
  breakStreams(a: PeerId, b: PeerId): void {
    this.#ports.get(a)?.breakWith(b)
  }

  /** Closes or opens the path between two peers; closing it breaks their streams. */
  setPath(a: PeerId, b: PeerId, open: boolean): void {
    const key = [a, b].sort().join(' ')
    if (open) {
      this.#closedPaths.delete(key)
    } else {
      this.#closedPaths.add(key)
      this.breakStreams(a, b)
    }
  }

  /** The port that a stream from `from` to `to` ends at, or null. */
  reach(from: PeerId, to: PeerId): MemoryPort | null {
    if (this.#closedPaths.has([from, to].sort().join(' '))) return null
    return this.#ports.get(to) ?? null
  }

  remove(peer: PeerId, port: MemoryPort): void {
    if (this.#ports.get(peer) === port) this.#ports.delete(peer)
  }

  copies(from: PeerId, to: PeerId): number {
    this.frames++
    return this.#weather(from, to)
  }
}

/** One peer's plug into a {@link MemoryNetwork}. */
export class MemoryPort implements StreamPort {
  readonly self: PeerId
  readonly #network: MemoryNetwork
  readonly #ends = new Set<End>()
  #accept: ((peer: PeerId, stream: FrameStream) => FrameStreamEvents) | null = null
  readonly #betterPath = new Set<(peer: PeerId) => void>()

  constructor(network: MemoryNetwork, self: PeerId) {
    this.#network = network
    this.self = self
  }

  async open(peer: PeerId, events: FrameStreamEvents, signal: AbortSignal): Promise<FrameStream> {
    await Promise.resolve()
    signal.throwIfAborted()
    const remote = this.#network.reach(this.self, peer)
    if (remote === null) throw new UnreachablePeerError(`no path from ${this.self} to ${peer}`)
    const near: End = { peer, opener: true, events, other: null }
    const stream = this.#stream(near)
    remote.take(this.self, near)
    this.#ends.add(near)
    return stream
  }

  accept(handler: (peer: PeerId, stream: FrameStream) => FrameStreamEvents): void {
    this.#accept = handler
  }

  want(): void {
    // In memory everybody is within reach.
  }

  link(peer: PeerId): WireStats['link'] {
    return [...this.#ends].some((end) => end.peer === peer) ? 'direct' : 'none'
  }

  /** Streams that this side has opened to the peer. */
  outgoing(peer: PeerId): number {
    return [...this.#ends].filter((end) => end.opener && end.peer === peer).length
  }

  onBetterPath(handler: (peer: PeerId) => void): Unsubscribe {
    this.#betterPath.add(handler)
    return () => void this.#betterPath.delete(handler)
  }

  /** Says that a better path to the peer came up. */
  improve(peer: PeerId): void {
    for (const handler of this.#betterPath) handler(peer)
  }

  defer(callback: () => void): void {
    queueMicrotask(callback)
  }

  report(error: unknown): void {
    queueMicrotask(() => {
      throw error
    })
  }

  punish(peer: PeerId): void {
    this.breakWith(peer)
  }

  async stop(): Promise<void> {
    this.#network.remove(this.self, this)
    for (const end of this.#ends) this.#close(end)
  }

  /** The far end of a stream that `from` opened. */
  take(from: PeerId, near: End): void {
    const far: End = { peer: from, opener: false, events: { onFrame() {}, onReady() {}, onBroken() {} }, other: near }
    near.other = far
    this.#ends.add(far)
    const events = this.#accept?.(from, this.#stream(far))
    if (events !== undefined) far.events = events
  }

  breakWith(peer: PeerId): void {
    for (const end of this.#ends) {
      if (end.peer === peer) this.#break(end)
    }
  }

  #break(end: End): void {
    if (!this.#ends.has(end)) return
    this.#close(end)
    queueMicrotask(() => end.events.onBroken('broken'))
  }

  #stream(end: End): FrameStream {
    return {
      send: (parts) => {
        const frame = joinParts(parts)
        const copies = this.#network.copies(this.self, end.peer)
        if (copies === 0) this.#break(end)
        for (let i = 0; i < copies; i++) queueMicrotask(() => end.other?.events.onFrame(frame))
        return copies > 0
      },
      close: () => this.#close(end),
    }
  }

  #close(end: End): void {
    const { other } = end
    this.#ends.delete(end)
    if (other === null) return
    // What was sent before is delivered first.
    queueMicrotask(() => {
      end.other = null
      if (other.other === null) return
      other.other = null
      this.#network.reach(this.self, end.peer)?.drop(other)
      other.events.onBroken('closed by the other side')
    })
  }

  drop(end: End): void {
    this.#ends.delete(end)
  }
}

/** Nobody of that name can be reached. */
export class UnreachablePeerError extends Error {
  override readonly name = 'UnreachablePeerError'
}
