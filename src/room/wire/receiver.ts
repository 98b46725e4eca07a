import { ACK_DELAY_MS, ACK_EVERY_BYTES, ACK_EVERY_MESSAGES, TENTATIVE_BYTES, TENTATIVE_MESSAGES } from './constants.ts'
import { MalformedFrameError } from './errors.ts'
import { encodeFrame } from './frame.ts'
import type { PeerId } from '../../domain/ids.ts'
import type { Clock, Unsubscribe } from '../ports.ts'
import type { Frame } from './frame.ts'
import type { FrameStream } from './stream-port.ts'

/** How far a peer's session had come. */
export interface SessionPlace {
  session: string
  sequence: number
}

export interface ReceiverInit {
  peer: PeerId
  clock: Clock
  /** Where this peer's last receiver left off, if that is known. */
  place: SessionPlace | null
  deliver(message: Uint8Array): void
  onBye(): void
}

/**
 * The incoming half of a wire: takes one peer's messages off its streams in order, each once. While the peer is not a
 * member the receiver is *tentative*: it keeps the last few messages and delivers none.
 */
export class Receiver {
  readonly #init: ReceiverInit
  readonly #held: Uint8Array[] = []
  #heldBytes = 0
  #member = false
  #stream: FrameStream | null = null
  #streamNumber = 0
  #place: SessionPlace | null
  /** Of the session before: what is late of one that is over must not make the next one start anew. */
  #former: SessionPlace | null = null
  #unacknowledged = 0
  #unacknowledgedBytes = 0
  #ackTimer: Unsubscribe | null = null
  #dropped = 0
  #bytesReceived = 0
  #closed = false

  constructor(init: ReceiverInit) {
    this.#init = init
    this.#place = init.place
  }

  get place(): SessionPlace | null {
    return this.#place
  }

  get stats(): { held: number; dropped: number; bytesReceived: number } {
    return { held: this.#held.length, dropped: this.#dropped, bytesReceived: this.#bytesReceived }
  }

  /** From now on the peer is a member: what was held is delivered, then what comes. */
  admit(): void {
    if (this.#member) return
    this.#member = true
    for (const message of this.#held.splice(0)) this.#init.deliver(message)
    this.#heldBytes = 0
  }

  /** True when the stream is the session's newest, and from now on the one that counts. */
  greet(hello: Extract<Frame, { kind: 'hello' }>, stream: FrameStream): boolean {
    if (hello.session === this.#place?.session) {
      if (hello.stream <= this.#streamNumber) return false
    } else {
      const known = this.#former?.session === hello.session ? this.#former : null
      this.#former = this.#place
      this.#place = known ?? { session: hello.session, sequence: hello.first - 1 }
    }
    this.#stream?.close()
    this.#stream = stream
    this.#streamNumber = hello.stream
    this.#acknowledge()
    return true
  }

  /** @throws MalformedFrameError when the frame breaks the protocol */
  onFrame(frame: Frame, stream: FrameStream): void {
    if (this.#closed || stream !== this.#stream) return
    switch (frame.kind) {
      case 'data':
        return this.#onData(frame.sequence, frame.message)
      case 'ping':
        stream.send(encodeFrame({ kind: 'pong', token: frame.token }))
        return
      case 'bye':
        return this.#init.onBye()
      default:
        throw new MalformedFrameError(`a dispatcher sent '${frame.kind}' after its greeting`)
    }
  }

  onBroken(stream: FrameStream): void {
    if (stream !== this.#stream) return
    this.#stream = null
    this.#ackTimer?.()
    this.#ackTimer = null
  }

  close(): void {
    this.#closed = true
    this.#held.length = 0
    this.#ackTimer?.()
    this.#ackTimer = null
    this.#stream?.close()
    this.#stream = null
  }

  #onData(sequence: number, message: Uint8Array): void {
    const place = this.#place
    if (place === null || sequence > place.sequence + 1) {
      throw new MalformedFrameError(`message ${sequence} follows message ${place?.sequence ?? 0}`)
    }
    if (sequence <= place.sequence) return
    place.sequence = sequence
    this.#bytesReceived += message.length
    this.#unacknowledged++
    this.#unacknowledgedBytes += message.length
    if (this.#unacknowledged >= ACK_EVERY_MESSAGES || this.#unacknowledgedBytes >= ACK_EVERY_BYTES) {
      this.#acknowledge()
    } else {
      this.#ackTimer ??= this.#init.clock.after(ACK_DELAY_MS, () => {
        this.#ackTimer = null
        this.#acknowledge()
      })
    }
    if (this.#member) this.#init.deliver(message)
    else this.#hold(message)
  }

  #hold(message: Uint8Array): void {
    this.#held.push(message)
    this.#heldBytes += message.length
    while (this.#held.length > TENTATIVE_MESSAGES || this.#heldBytes > TENTATIVE_BYTES) {
      this.#heldBytes -= this.#held.shift()?.length ?? 0
      this.#dropped++
    }
  }

  #acknowledge(): void {
    this.#ackTimer?.()
    this.#ackTimer = null
    this.#unacknowledged = 0
    this.#unacknowledgedBytes = 0
    this.#stream?.send(encodeFrame({ kind: 'ack', sequence: this.#place?.sequence ?? 0 }))
  }
}
