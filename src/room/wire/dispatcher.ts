import {
  BACKOFF_FIRST_MS,
  BACKOFF_MOST_MS,
  PING_EVERY_MS,
  QUEUE_BYTES,
  STREAM_PROVEN_MS,
  WINDOW_BYTES,
  WINDOW_MESSAGES,
  WIRE_VERSION,
} from './constants.ts'
import { MalformedFrameError } from './errors.ts'
import { decodeFrame, encodeFrame } from './frame.ts'
import type { PeerId } from '../../domain/ids.ts'
import type { Clock, Unsubscribe } from '../ports.ts'
import type { FrameStream, StreamPort } from './stream-port.ts'

export interface DispatcherInit {
  peer: PeerId
  port: StreamPort
  clock: Clock
  /** From `sessionName`. */
  session: string
  /** Messages that wait before the oldest is dropped. */
  capacity: number
  /** How long a broken wire counts as up while it looks for another path, ms. */
  pathGraceMs: number
  onUp(up: boolean): void
}

interface Waiting {
  sequence: number
  message: Uint8Array
}

/**
 * The outgoing half of a wire: one stream to one peer, a bounded buffer before it, and the messages that are on their
 * way until the peer has acknowledged them. When the stream breaks it opens another, with growing pauses, and sends
 * again what was on its way. Sending never waits.
 */
export class Dispatcher {
  readonly #init: DispatcherInit
  readonly #queue: Uint8Array[] = []
  #queueBytes = 0
  /** Sent and not acknowledged, oldest first. */
  readonly #onTheWay: Waiting[] = []
  #onTheWayBytes = 0
  /** How many of those the present stream has been given. */
  #given = 0
  #sequence = 0
  #streams = 0
  #stream: FrameStream | null = null
  #ready = false
  /** Whether the receiver has said on this stream how far it is. */
  #greeted = false
  #openedAt = 0
  #opening: AbortController | null = null
  #failures = 0
  #up = false
  /** The peer has said that it is leaving, and has been on no new stream since. */
  #left = false
  #closed = false
  #pause: Unsubscribe | null = null
  #grace: Unsubscribe | null = null
  #pinging: Unsubscribe | null = null
  #pingSentAt: number | null = null
  #dropped = 0
  #reconnects = 0
  #bytesSent = 0
  #roundTripMs: number | null = null

  constructor(init: DispatcherInit) {
    this.#init = init
    this.#open()
  }

  get up(): boolean {
    return this.#up
  }

  get stats(): { queued: number; dropped: number; reconnects: number; bytesSent: number; roundTripMs: number | null } {
    return {
      queued: this.#queue.length + this.#onTheWay.length,
      dropped: this.#dropped,
      reconnects: this.#reconnects,
      bytesSent: this.#bytesSent,
      roundTripMs: this.#roundTripMs,
    }
  }

  send(message: Uint8Array): void {
    if (this.#closed) return
    this.#queue.push(message)
    this.#queueBytes += message.length
    this.#pump()
    while (this.#queue.length > this.#init.capacity || (this.#queueBytes > QUEUE_BYTES && this.#queue.length > 1)) {
      this.#queueBytes -= this.#queue.shift()?.length ?? 0
      this.#dropped++
    }
  }

  /** Moves to the best path that there is now, without a gap. */
  reopen(): void {
    if (this.#closed) return
    this.#pause?.()
    this.#pause = null
    this.#opening?.abort()
    this.#opening = null
    this.#open()
  }

  /** Tells the peer that this side is leaving. */
  farewell(): void {
    this.#stream?.send(encodeFrame({ kind: 'bye' }))
  }

  /** Ends the wire at once. With `farewell` the peer is told that this is not a broken connection. */
  close(farewell: boolean): void {
    if (this.#closed) return
    this.#closed = true
    for (const cancel of [this.#pause, this.#grace, this.#pinging]) cancel?.()
    this.#opening?.abort()
    if (farewell) this.farewell()
    this.#stream?.close()
    this.#stream = null
  }

  #open(): void {
    const { port, peer } = this.#init
    const opening = new AbortController()
    this.#opening = opening
    const current: { stream: FrameStream | null; broken: string | null } = { stream: null, broken: null }
    const live = (): boolean => !this.#closed && current.stream !== null && this.#stream === current.stream
    port
      .open(
        peer,
        {
          onFrame: (frame) => {
            if (live()) this.#onFrame(frame)
          },
          onReady: () => {
            if (!live()) return
            this.#ready = true
            this.#pump()
          },
          onBroken: (reason) => {
            if (current.stream === null) current.broken = reason
            else if (live()) this.#onBroken()
          },
        },
        opening.signal,
      )
      .then(
        (stream) => {
          if (this.#closed || this.#opening !== opening) return stream.close()
          this.#opening = null
          current.stream = stream
          this.#adopt(stream)
          if (current.broken !== null) this.#onBroken()
        },
        () => {
          if (this.#closed || this.#opening !== opening) return
          this.#opening = null
          // A better path that did not work out leaves the present stream as it is.
          if (this.#stream === null) this.#onFailure()
        },
      )
  }

  #adopt(stream: FrameStream): void {
    if (this.#streams > 0) this.#reconnects++
    this.#streams++
    this.#stream?.close()
    this.#stream = stream
    this.#left = false
    this.#openedAt = this.#init.clock.now()
    this.#given = 0
    // After a break the receiver says first how far it is, so that nothing is sent again that it has.
    this.#greeted = this.#streams === 1
    this.#ready = stream.send(
      encodeFrame({
        kind: 'hello',
        version: WIRE_VERSION,
        session: this.#init.session,
        stream: this.#streams,
        first: this.#onTheWay[0]?.sequence ?? this.#sequence + 1,
        peer: this.#init.port.self,
      }),
    )
    this.#pump()
  }

  #pump(): void {
    while (this.#stream !== null && this.#ready && this.#greeted) {
      let next = this.#onTheWay[this.#given]
      if (next === undefined) {
        const message = this.#queue[0]
        if (message === undefined || !this.#hasWindow(message.length)) return
        this.#queue.shift()
        this.#queueBytes -= message.length
        next = { sequence: ++this.#sequence, message }
        this.#onTheWay.push(next)
        this.#onTheWayBytes += message.length
      }
      this.#given++
      this.#bytesSent += next.message.length
      this.#ready = this.#stream.send(encodeFrame({ kind: 'data', ...next }))
    }
  }

  #hasWindow(bytes: number): boolean {
    if (this.#onTheWay.length === 0) return true
    return this.#onTheWay.length < WINDOW_MESSAGES && this.#onTheWayBytes + bytes <= WINDOW_BYTES
  }

  #onFrame(bytes: Uint8Array): void {
    try {
      const frame = decodeFrame(bytes)
      if (frame.kind === 'ack') this.#onAck(frame.sequence)
      else if (frame.kind === 'pong') this.#onPong()
      else throw new MalformedFrameError(`a receiver sent '${frame.kind}'`)
    } catch (error) {
      if (!(error instanceof MalformedFrameError)) throw error
      this.#stream?.close()
      this.#onBroken()
    }
  }

  #onAck(sequence: number): void {
    if (sequence > this.#sequence) throw new MalformedFrameError(`message ${sequence} acknowledged before it was sent`)
    while (this.#onTheWay.length > 0 && (this.#onTheWay[0]?.sequence ?? 0) <= sequence) {
      this.#onTheWayBytes -= this.#onTheWay.shift()?.message.length ?? 0
      if (this.#given > 0) this.#given--
      // Something got through: the next break is a new one.
      this.#failures = 0
    }
    this.#greeted = true
    this.#grace?.()
    this.#grace = null
    if (!this.#up && !this.#left) {
      this.#up = true
      this.#init.onUp(true)
    }
    if (this.#pinging === null) this.#ping()
    this.#pump()
  }

  #ping(): void {
    if (this.#stream === null || this.#closed) return
    this.#pingSentAt = this.#init.clock.now()
    this.#stream.send(encodeFrame({ kind: 'ping', token: 0 }))
    this.#pinging = this.#init.clock.after(PING_EVERY_MS, () => {
      this.#pinging = null
      this.#ping()
    })
  }

  #onPong(): void {
    if (this.#pingSentAt === null) return
    this.#roundTripMs = this.#init.clock.now() - this.#pingSentAt
    this.#pingSentAt = null
  }

  #onBroken(): void {
    this.#stream = null
    this.#ready = false
    this.#pinging?.()
    this.#pinging = null
    this.#pingSentAt = null
    const { clock } = this.#init
    if (this.#up && this.#grace === null) {
      this.#grace = clock.after(this.#init.pathGraceMs, () => {
        this.#grace = null
        this.#down()
      })
    }
    if (clock.now() - this.#openedAt >= STREAM_PROVEN_MS) this.#failures = 0
    // A stream that came up and broke before it was of use counts as a failure, or two that refuse each other would spin.
    if (this.#failures === 0) {
      this.#failures = 1
      if (this.#opening === null) this.#open()
    } else {
      this.#openLater()
    }
  }

  #onFailure(): void {
    this.#grace?.()
    this.#grace = null
    this.#down()
    this.#openLater()
  }

  #openLater(): void {
    if (this.#opening !== null || this.#pause !== null) return
    const wait = Math.min(BACKOFF_FIRST_MS * 2 ** this.#failures, BACKOFF_MOST_MS)
    this.#failures++
    this.#pause = this.#init.clock.after(wait, () => {
      this.#pause = null
      this.#open()
    })
  }

  #down(): void {
    if (!this.#up) return
    this.#up = false
    this.#init.onUp(false)
  }

  /** The peer said that it is leaving: no use in looking for another path to it. */
  gone(): void {
    if (this.#closed) return
    this.#left = true
    this.#grace?.()
    this.#grace = null
    this.#down()
  }
}
