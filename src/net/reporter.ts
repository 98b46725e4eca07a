import { openStream } from './open-stream.ts'
import { frameStream } from './stream-frames.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { Clock, Unsubscribe } from '../room/ports.ts'
import type { FrameStream, FrameStreamEvents } from '../room/wire/stream-port.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { Links } from './links.ts'
import type { Offences } from './offences.ts'

/**
 * A room's state is a data object that its host reports. An observer sends one frame, the object's name, and then
 * gets the object as it stands, and again after each change; over its direct link, or a relay where there is none.
 */
export const REPORT_PROTOCOL = '/roomful/report/1.0.0'

const MAX_NAME_BYTES = 256
const MAX_OBSERVERS = 64
const RETRY_MS = 500

interface Watching {
  name: string
  frames: FrameStream
  /** The newest state that the stream has had no room for. */
  waiting: Uint8Array | null
  ready: boolean
}

/** Reports data objects, and observes those of others. */
export class Reporter {
  readonly #libp2p: RoomfulLibp2p
  readonly #links: Links
  readonly #clock: Clock
  readonly #offences: Offences
  readonly #objects = new Map<string, Uint8Array>()
  readonly #observers = new Set<Watching>()
  readonly #ends = new Set<Unsubscribe>()

  constructor(libp2p: RoomfulLibp2p, links: Links, clock: Clock, offences: Offences) {
    this.#libp2p = libp2p
    this.#links = links
    this.#clock = clock
    this.#offences = offences
    void libp2p.handle(REPORT_PROTOCOL, (stream, connection) => this.#onStream(stream, connection), {
      runOnLimitedConnection: true,
      maxInboundStreams: 8,
    })
  }

  get observers(): number {
    return this.#observers.size
  }

  /** Sets an object's state, at most 1 MiB; null takes it away. A slow observer skips states and gets the newest. */
  report(name: string, state: Uint8Array | null): void {
    if (state === null) this.#objects.delete(name)
    else this.#objects.set(name, state)
    for (const observer of this.#observers) {
      if (observer.name !== name) continue
      if (state !== null) this.#push(observer, state)
      else {
        this.#observers.delete(observer)
        observer.frames.close()
      }
    }
  }

  /** Calls back with the object's state now and after each change, until unsubscribed, over whatever path there is. */
  observe(peer: PeerId, name: string, handler: (state: Uint8Array) => void): Unsubscribe {
    const stop = new AbortController()
    let frames: FrameStream | null = null
    let pause: Unsubscribe | null = null
    let round = 0
    const again = (): void => {
      if (stop.signal.aborted) return
      pause?.()
      pause = this.#clock.after(RETRY_MS, open)
    }
    const open = (): void => {
      const mine = ++round
      openStream(this.#links, peer, REPORT_PROTOCOL, { signal: stop.signal }).then((stream) => {
        if (stop.signal.aborted || mine !== round) return stream.abort(new Error('not observed any more'))
        frames?.close()
        frames = frameStream(stream, () => ({
          onFrame: handler,
          onReady: () => undefined,
          onBroken: () => {
            if (mine === round) again()
          },
        }))
        frames.send([new TextEncoder().encode(name)])
      }, again)
    }
    // A direct link takes over from the relayed path as soon as it is there.
    const unwatch = this.#links.onBetterPath((linked) => {
      if (linked === peer) open()
    })
    const end = (): void => {
      if (!this.#ends.delete(end)) return
      stop.abort()
      unwatch()
      pause?.()
      frames?.close()
    }
    this.#ends.add(end)
    open()
    return end
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) end()
    for (const { frames } of this.#observers) frames.close()
    this.#observers.clear()
    await this.#libp2p.unhandle(REPORT_PROTOCOL)
  }

  #onStream(stream: Stream, connection: Connection): void {
    const offence = (): void => this.#offences.note(connection.remotePeer.toString())
    let observer: Watching | null = null
    const events: FrameStreamEvents = {
      onFrame: (frame) => {
        if (observer !== null || frame.length > MAX_NAME_BYTES) {
          offence()
          return frames.close()
        }
        if (this.#observers.size >= MAX_OBSERVERS) return frames.close()
        observer = { name: new TextDecoder().decode(frame), frames, waiting: null, ready: true }
        this.#observers.add(observer)
        const state = this.#objects.get(observer.name)
        if (state !== undefined) this.#push(observer, state)
      },
      onReady: () => {
        if (observer === null) return
        observer.ready = true
        const { waiting } = observer
        observer.waiting = null
        if (waiting !== null) this.#push(observer, waiting)
      },
      onBroken: () => {
        if (observer !== null) this.#observers.delete(observer)
      },
    }
    const frames = frameStream(stream, () => events, offence)
  }

  #push(observer: Watching, state: Uint8Array): void {
    if (observer.ready) observer.ready = observer.frames.send([state])
    else observer.waiting = state
  }
}
