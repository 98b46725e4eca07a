import { openStream } from './open-stream.ts'
import { frameStream } from './stream-frames.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { FrameStreamEvents } from '../room/wire/stream-port.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { Links } from './links.ts'

/** One piece of work, or a place in a room, for one peer: one frame with the work, and one with the answer. */
export const WORK_PROTOCOL = '/roomful/work/1.0.0'

/** Largest piece of work as a message, bytes: it names its data by content address. */
const MAX_WORK_BYTES = 4 * 1024
const MAX_SERVED = 8
const MAX_SERVED_PER_PEER = 2

/** Work that was not answered: the message says why. */
export class WorkDeskError extends Error {
  override readonly name = 'WorkDeskError'
}

/** Answers a piece of work; `signal` aborts when whoever asked is gone. */
export type WorkHandler = (from: PeerId, work: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>

/** Asks single peers for work, and answers those who ask. */
export class WorkDesk {
  readonly #libp2p: RoomfulLibp2p
  readonly #links: Links
  readonly #served = new Map<PeerId, number>()
  #handler: WorkHandler | null = null

  constructor(libp2p: RoomfulLibp2p, links: Links) {
    this.#libp2p = libp2p
    this.#links = links
    void libp2p.handle(WORK_PROTOCOL, (stream, connection) => this.#onStream(stream, connection), {
      runOnLimitedConnection: true,
      maxInboundStreams: MAX_SERVED_PER_PEER * 2,
    })
  }

  /** Says who answers. Replaces the former handler. */
  serve(handler: WorkHandler): void {
    this.#handler = handler
  }

  /** Resolves when the peer is connected. @throws UnreachableError when no path leads to it */
  async dial(peer: PeerId, signal: AbortSignal): Promise<void> {
    await this.#links.path(peer, signal)
  }

  /** The peer's answer. @throws WorkDeskError when it breaks off without one */
  async ask(peer: PeerId, work: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const stream = await openStream(this.#links, peer, WORK_PROTOCOL, { signal })
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const frames = frameStream(stream, () => ({
      onFrame: (frame) => resolve(frame.slice()),
      onReady: () => undefined,
      onBroken: (reason) => reject(new WorkDeskError(`broke off without an answer: ${reason}`)),
    }))
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      frames.send([work])
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      frames.close()
    }
  }

  async stop(): Promise<void> {
    this.#handler = null
    await this.#libp2p.unhandle(WORK_PROTOCOL)
  }

  #onStream(stream: Stream, connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const gone = new AbortController()
    let asked = false
    const events: FrameStreamEvents = {
      onFrame: (frame) => {
        if (asked || frame.length > MAX_WORK_BYTES) return frames.close()
        asked = true
        void this.#answer(peer, frame.slice(), gone.signal).then(
          (answer) => {
            if (!gone.signal.aborted) frames.send([answer])
          },
          () => frames.close(),
        )
      },
      onReady: () => undefined,
      onBroken: () => gone.abort(new WorkDeskError('whoever asked is gone')),
    }
    const frames = frameStream(stream, () => events)
  }

  async #answer(peer: PeerId, work: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const mine = this.#served.get(peer) ?? 0
    const all = [...this.#served.values()].reduce((sum, count) => sum + count, 0)
    if (this.#handler === null || mine >= MAX_SERVED_PER_PEER || all >= MAX_SERVED) throw new WorkDeskError('too much is asked at once')
    this.#served.set(peer, mine + 1)
    try {
      return await this.#handler(peer, work, signal)
    } finally {
      const left = (this.#served.get(peer) ?? 1) - 1
      if (left === 0) this.#served.delete(peer)
      else this.#served.set(peer, left)
    }
  }
}
