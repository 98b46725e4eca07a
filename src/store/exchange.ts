import { lpStream } from '@libp2p/utils'
import type { LengthPrefixedStream } from '@libp2p/utils'
import { hex } from '../domain/bytes.ts'
import type { PeerId } from '../domain/ids.ts'
import { ExchangeError, ProtocolError } from './errors.ts'
import {
  decodeExchange,
  encodeMessage,
  joinDigests,
  MAX_EXCHANGE_BYTES,
  MAX_EXCHANGED_ENTRIES,
  MAX_NAMED,
  PAGE_BYTES,
  splitDigests,
} from './exchange-message.ts'
import type { ExchangeMessage } from './exchange-message.ts'
import type { AnyRecord } from './log-entry.ts'
import type { Replica } from './replica.ts'

type Stream = Parameters<typeof lpStream>[0]

/** What one exchange moved. Bytes are those of entries and messages, before the transport's own. */
export interface ExchangeStats {
  sent: number
  received: number
  /** Records that were new here. */
  fresh: number
  refused: number
  bytesSent: number
  bytesReceived: number
}

export interface ExchangeInit<R extends AnyRecord> {
  stream: Stream
  replica: Replica<R>
  peer: PeerId
  /** Whether finished work of the peer is wanted too. */
  archive: boolean
  now: () => number
  signal: AbortSignal
}

/**
 * Brings two replicas to the same records over one stream. The asking side names what it has; the other sends what is
 * missing there, then names what it wants itself, and gets it. Everything is framed, so that no size breaks it, and a
 * newcomer needs one round trip for all there is.
 */
export class Exchange<R extends AnyRecord> {
  readonly #init: ExchangeInit<R>
  readonly #frames: LengthPrefixedStream<Stream>
  /** Whether the side that asked is an archive; known when it has been answered. */
  byArchive = false
  readonly stats: ExchangeStats = { sent: 0, received: 0, fresh: 0, refused: 0, bytesSent: 0, bytesReceived: 0 }

  constructor(init: ExchangeInit<R>) {
    this.#init = init
    this.#frames = lpStream(init.stream, { maxDataLength: MAX_EXCHANGE_BYTES })
  }

  /** The side that opened the stream. Rejects with ExchangeError, or when the stream breaks. */
  async ask(): Promise<ExchangeStats> {
    const { replica, now, archive } = this.#init
    const live = replica.set.live(now()).slice(-MAX_NAMED)
    const rest = replica.set.rest(now()).slice(-MAX_NAMED)
    await this.#write({
      kind: 'offer',
      live: joinDigests(live.map(({ digest }) => digest)),
      rest: joinDigests(rest.map(({ digest }) => digest)),
      archive,
    })
    const want = await this.#takePages()
    const named = new Map([...rest, ...live].map((item) => [hex(item.digest), item.hash]))
    const hashes = splitDigests(want).flatMap((digest) => named.get(hex(digest)) ?? [])
    await this.#sendPages(await replica.entries(hashes))
    await this.#write({ kind: 'done', want: new Uint8Array(0) })
    await this.#init.stream.close({ signal: this.#init.signal })
    return this.stats
  }

  /** The side that was asked. */
  async answer(): Promise<ExchangeStats> {
    const { replica, peer, now, archive } = this.#init
    const offer = await this.#read()
    if (offer.kind !== 'offer') throw new ProtocolError(`${peer} began an exchange with a ${offer.kind} instead of an offer`)
    this.byArchive = offer.archive
    const theirLive = splitDigests(offer.live)
    const theirs = new Set([...theirLive, ...splitDigests(offer.rest)].map(hex))
    const missing = replica.set.live(now()).filter(({ digest }) => !theirs.has(hex(digest)))
    await this.#sendPages(await replica.entries(missing.map(({ hash }) => hash)))
    await this.#sendPages(await replica.answersTo(theirs, new Set(theirLive.map(hex)), peer))
    const want: Uint8Array[] = []
    for (const digest of archive ? [...theirLive, ...splitDigests(offer.rest)] : theirLive) {
      if (!(await replica.knowsDigest(digest))) want.push(digest)
    }
    await this.#write({ kind: 'done', want: joinDigests(want) })
    await this.#takePages()
    return this.stats
  }

  async #sendPages(entries: readonly Uint8Array[]): Promise<void> {
    let page: Uint8Array[] = []
    let size = 0
    for (const entry of entries) {
      page.push(entry)
      size += entry.length
      if (size < PAGE_BYTES) continue
      await this.#write({ kind: 'page', entries: page })
      this.stats.sent += page.length
      page = []
      size = 0
    }
    if (page.length > 0) await this.#write({ kind: 'page', entries: page })
    this.stats.sent += page.length
  }

  /** Takes pages until the other side is done; gives what it wants. */
  async #takePages(): Promise<Uint8Array> {
    for (;;) {
      const message = await this.#read()
      if (message.kind === 'done') return message.want
      if (message.kind === 'offer') throw new ProtocolError(`${this.#init.peer} made a second offer in one exchange`)
      this.stats.received += message.entries.length
      if (this.stats.received > MAX_EXCHANGED_ENTRIES) {
        throw new ProtocolError(`${this.#init.peer} sent more than ${MAX_EXCHANGED_ENTRIES} entries in one exchange`)
      }
      const { fresh, refused } = await this.#init.replica.accept(message.entries)
      this.stats.fresh += fresh.length
      this.stats.refused += refused.length
      if (refused.length > 0) throw new ExchangeError(`${this.#init.peer} sent ${refused[0]}`)
    }
  }

  async #write(message: ExchangeMessage): Promise<void> {
    const bytes = encodeMessage(message)
    this.stats.bytesSent += bytes.length
    await this.#frames.write(bytes, { signal: this.#init.signal })
  }

  async #read(): Promise<ExchangeMessage> {
    const bytes = (await this.#frames.read({ signal: this.#init.signal })).subarray()
    this.stats.bytesReceived += bytes.length
    const message = decodeExchange(bytes)
    if (message === null)
      throw new ProtocolError(`${this.#init.peer} sent a message of ${bytes.length} bytes that is not part of an exchange`)
    return message
  }
}
