import PQueue from 'p-queue'
import { decodeCanonical, encodeCanonical } from '../domain/ids.ts'
import { openStream } from './open-stream.ts'
import { frameStream } from './stream-frames.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { FrameStream, FrameStreamEvents } from '../room/wire/stream-port.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { Links } from './links.ts'
import type { Offences } from './offences.ts'

/**
 * Large data on streams of its own: the asker sends one frame with a name; the answer is a frame of DAG-CBOR,
 * `{size}` in bytes or `{refusal}` in words, and then the bytes in frames of {@link PIECE_BYTES}.
 */
export const BULK_PROTOCOL = '/roomful/bulk/1.0.0'

/** The stream passes 64 KiB on at a time, so that a control message never waits for more than that. */
const PIECE_BYTES = 256 * 1024
const MAX_NAME_BYTES = 512
const MAX_SERVED = 16
const MAX_SERVED_PER_PEER = 4

/** Bulk data that did not come: the message says why. */
export class BulkError extends Error {
  override readonly name = 'BulkError'
}

/** Gives the bytes of that name to that peer, or null where there are none for it. */
export type BulkSource = (name: string, to: PeerId) => Promise<Uint8Array | null>

export interface FetchOptions {
  /** Larger answers are refused, bytes. */
  maxBytes: number
  signal: AbortSignal
}

/** Fetches and serves large data with back-pressure, so that it delays no control message. */
export class Bulk {
  readonly #libp2p: RoomfulLibp2p
  readonly #links: Links
  readonly #offences: Offences
  #source: BulkSource = async () => null
  readonly #served = new Map<PeerId, number>()
  /** What is asked of a peer waits here for its turn: more at once it would refuse. */
  readonly #asked = new Map<PeerId, PQueue>()

  constructor(libp2p: RoomfulLibp2p, links: Links, offences: Offences) {
    this.#libp2p = libp2p
    this.#links = links
    this.#offences = offences
    void libp2p.handle(BULK_PROTOCOL, (stream, connection) => this.#onStream(stream, connection), {
      runOnLimitedConnection: true,
      maxInboundStreams: MAX_SERVED_PER_PEER * 2,
    })
  }

  /** Says where served data comes from. Replaces the former source. */
  serve(source: BulkSource): void {
    this.#source = source
  }

  /** @throws BulkError when the peer refuses, sends too much or too little, or breaks off */
  async fetch(peer: PeerId, name: string, options: FetchOptions): Promise<Uint8Array> {
    const queue = this.#asked.get(peer) ?? new PQueue({ concurrency: MAX_SERVED_PER_PEER })
    this.#asked.set(peer, queue)
    try {
      return await queue.add(() => this.#fetch(peer, name, options), { signal: options.signal })
    } finally {
      if (queue.size + queue.pending === 0) this.#asked.delete(peer)
    }
  }

  async #fetch(peer: PeerId, name: string, { maxBytes, signal }: FetchOptions): Promise<Uint8Array> {
    const stream = await openStream(this.#links, peer, BULK_PROTOCOL, { signal })
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    let answer: Uint8Array<ArrayBuffer> | null = null
    let arrived = 0
    const frames = frameStream(stream, () => ({
      onFrame: (frame) => {
        try {
          if (answer === null) answer = new Uint8Array(readSize(frame, maxBytes))
          else {
            if (arrived + frame.length > answer.length) throw new BulkError(`${peer} sent more of ${name} than it said`)
            answer.set(frame, arrived)
            arrived += frame.length
          }
          if (arrived === answer.length) resolve(answer)
        } catch (error) {
          reject(error)
        }
      },
      onReady: () => undefined,
      onBroken: (reason) => reject(new BulkError(`${peer} broke off after ${arrived} bytes of ${name}: ${reason}`)),
    }))
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      frames.send([new TextEncoder().encode(name)])
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      frames.close()
    }
  }

  async stop(): Promise<void> {
    await this.#libp2p.unhandle(BULK_PROTOCOL)
  }

  #onStream(stream: Stream, connection: Connection): void {
    const peer = connection.remotePeer.toString()
    let outgoing: { ready(): void; broken: boolean } | null = null
    const end = (): void => {
      if (outgoing === null) return
      outgoing.broken = true
      outgoing.ready()
    }
    const events: FrameStreamEvents = {
      onFrame: (frame) => {
        if (outgoing !== null || frame.length > MAX_NAME_BYTES) {
          this.#offences.note(peer)
          frames.close()
          return end()
        }
        outgoing = { ready: () => undefined, broken: false }
        void this.#answer(peer, new TextDecoder().decode(frame), frames, outgoing)
      },
      onReady: () => outgoing?.ready(),
      onBroken: end,
    }
    const frames = frameStream(
      stream,
      () => events,
      () => this.#offences.note(peer),
    )
  }

  async #answer(peer: PeerId, name: string, frames: FrameStream, state: { ready(): void; broken: boolean }): Promise<void> {
    const refuse = (refusal: string): void => {
      frames.send([encodeCanonical({ refusal })])
      frames.close()
    }
    const mine = this.#served.get(peer) ?? 0
    const all = [...this.#served.values()].reduce((sum, count) => sum + count, 0)
    if (mine >= MAX_SERVED_PER_PEER || all >= MAX_SERVED) return refuse('too many transfers at once, ask again later')
    this.#served.set(peer, mine + 1)
    try {
      const bytes = await this.#source(name, peer).catch(() => null)
      if (bytes === null) return refuse('there is nothing of that name')
      let ready = frames.send([encodeCanonical({ size: bytes.length })])
      for (let offset = 0; offset < bytes.length && !state.broken; offset += PIECE_BYTES) {
        if (!ready) {
          await new Promise<void>((resolve) => {
            state.ready = resolve
          })
        }
        ready = frames.send([bytes.subarray(offset, offset + PIECE_BYTES)])
      }
    } finally {
      const left = (this.#served.get(peer) ?? 1) - 1
      if (left === 0) this.#served.delete(peer)
      else this.#served.set(peer, left)
    }
  }
}

function readSize(frame: Uint8Array, maxBytes: number): number {
  let head: { size?: unknown; refusal?: unknown }
  try {
    head = decodeCanonical(frame) as { size?: unknown; refusal?: unknown }
  } catch (cause) {
    throw new BulkError('the answer does not start with its size', { cause })
  }
  if (typeof head.refusal === 'string') throw new BulkError(head.refusal)
  if (typeof head.size !== 'number' || !Number.isInteger(head.size) || head.size < 0) {
    throw new BulkError('the answer does not start with its size')
  }
  if (head.size > maxBytes) throw new BulkError(`the answer has ${head.size} bytes, at most ${maxBytes} are taken`)
  return head.size
}
