import { joinParts } from '../room/wire/frame.ts'
import { WireTransport } from '../room/wire/wire-transport.ts'
import { UnreachablePeerError } from './memory-transport.ts'
import type { PeerId } from '../domain/ids.ts'
import type { Clock, Random, WireStats } from '../room/ports.ts'
import type { FrameStream, FrameStreamEvents, StreamPort } from '../room/wire/stream-port.ts'
import type { WireTransportInit } from '../room/wire/wire-transport.ts'

/** The last thing that a stream carries: browsers differ in whether they report a closed port. */
const END = 'end'

/**
 * Joins runtimes by `MessageChannel`: one channel a stream. The switchboard knows which port is whose, and so vouches
 * for the names.
 */
export class ChannelSwitchboard {
  readonly #ports = new Map<PeerId, ChannelPort>()
  /** Frames handed over since the start. */
  frames = 0

  transport(peer: PeerId, clock: Clock, random: Random, limits: Partial<WireTransportInit> = {}): WireTransport {
    return new WireTransport({ port: this.port(peer), clock, random, ...limits })
  }

  port(peer: PeerId): ChannelPort {
    const port = new ChannelPort(this, peer)
    this.#ports.set(peer, port)
    return port
  }

  /** The runtime of that name. Throws when there is none. */
  find(peer: PeerId): ChannelPort {
    const port = this.#ports.get(peer)
    if (port === undefined) throw new UnreachablePeerError(`no runtime ${peer} on the switchboard`)
    return port
  }

  remove(peer: PeerId): void {
    this.#ports.delete(peer)
  }

  breakStreams(a: PeerId, b: PeerId): void {
    this.#ports.get(a)?.breakWith(b)
  }
}

/** One runtime's plug into a {@link ChannelSwitchboard}. */
export class ChannelPort implements StreamPort {
  readonly self: PeerId
  readonly #switchboard: ChannelSwitchboard
  readonly #streams = new Map<MessagePort, { peer: PeerId; opener: boolean; broken(): void }>()
  #accept: ((peer: PeerId, stream: FrameStream) => FrameStreamEvents) | null = null

  constructor(switchboard: ChannelSwitchboard, self: PeerId) {
    this.#switchboard = switchboard
    this.self = self
  }

  async open(peer: PeerId, events: FrameStreamEvents, signal: AbortSignal): Promise<FrameStream> {
    await Promise.resolve()
    signal.throwIfAborted()
    const remote = this.#switchboard.find(peer)
    const { port1, port2 } = new MessageChannel()
    remote.take(this.self, port2)
    return this.#stream(peer, true, port1, () => events)
  }

  accept(handler: (peer: PeerId, stream: FrameStream) => FrameStreamEvents): void {
    this.#accept = handler
  }

  take(from: PeerId, port: MessagePort): void {
    let events: FrameStreamEvents | null = null
    const stream = this.#stream(from, false, port, () => events)
    events = this.#accept?.(from, stream) ?? null
  }

  want(): void {
    // The switchboard reaches everybody.
  }

  link(peer: PeerId): WireStats['link'] {
    return [...this.#streams.values()].some((stream) => stream.peer === peer) ? 'direct' : 'none'
  }

  /** Streams that this side has opened to the peer. */
  outgoing(peer: PeerId): number {
    return [...this.#streams.values()].filter((stream) => stream.opener && stream.peer === peer).length
  }

  onBetterPath(): () => void {
    return () => undefined
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
    this.#switchboard.remove(this.self)
    for (const port of this.#streams.keys()) this.#end(port)
  }

  breakWith(peer: PeerId): void {
    for (const [port, stream] of this.#streams) {
      if (stream.peer !== peer) continue
      this.#end(port)
      stream.broken()
    }
  }

  #stream(peer: PeerId, opener: boolean, port: MessagePort, events: () => FrameStreamEvents | null): FrameStream {
    this.#streams.set(port, { peer, opener, broken: () => events()?.onBroken('broken') })
    port.onmessage = ({ data }: MessageEvent<Uint8Array | typeof END>) => {
      if (!this.#streams.has(port)) return
      if (data !== END) return events()?.onFrame(data)
      this.#streams.delete(port)
      port.close()
      events()?.onBroken('closed by the other side')
    }
    return {
      send: (parts) => {
        this.#switchboard.frames++
        const frame = joinParts(parts)
        if (this.#streams.has(port)) port.postMessage(frame, [frame.buffer as ArrayBuffer])
        return true
      },
      close: () => this.#end(port),
    }
  }

  #end(port: MessagePort): void {
    if (!this.#streams.delete(port)) return
    port.postMessage(END)
    port.close()
  }
}
