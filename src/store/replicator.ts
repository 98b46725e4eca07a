import type { GossipSub, GossipSubEvents, TopicValidatorResult } from '@libp2p/gossipsub'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { equalBytes, hex } from '../domain/bytes.ts'
import type { PeerId } from '../domain/ids.ts'
import { decodeGossip, encodeMessage, stateOf } from './exchange-message.ts'
import { ProtocolError } from './errors.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeStats } from './exchange.ts'
import { readEntry } from './log-entry.ts'
import type { AnyRecord, ReadEntry } from './log-entry.ts'
import type { Replica } from './replica.ts'

/** A node with gossip, on which the database replicates. */
export type GossipLibp2p = Libp2p<{ pubsub: GossipSub }>

/** How often a replica that learnt something tells its state, ms. */
const STATE_MS = 1_000
/** How often it tells it anyway, in multiples of {@link STATE_MS}: finds what gossip lost. */
const IDLE_TICKS = 15
/** Who of two peers does not ask first waits so long for the other to do it, ms. */
const PATIENCE_MS = 1_000
/** Longest exchange, ms. */
const EXCHANGE_MS = 60_000
const MAX_ANSWERS_AT_ONCE = 8

export interface ReplicatorInit<R extends AnyRecord> {
  libp2p: GossipLibp2p
  replica: Replica<R>
  archive: boolean
  now: () => number
  onOffence?: ((peer: PeerId) => void) | undefined
}

/** Totals since the replica was opened. */
export interface ReplicatorStats extends ExchangeStats {
  exchanges: number
  failures: number
  /** Entries refused on the topic. */
  rejected: number
}

/**
 * Replication of one database: new entries by gossip, and everything that gossip did not bring by an exchange with a
 * peer whose state differs. States go out about once a second while they change, so that in a star what came from one
 * side reaches the other.
 */
export class Replicator<R extends AnyRecord> {
  readonly #init: ReplicatorInit<R>
  readonly #protocol: string
  readonly #stats: ReplicatorStats = {
    exchanges: 0,
    failures: 0,
    rejected: 0,
    sent: 0,
    received: 0,
    fresh: 0,
    refused: 0,
    bytesSent: 0,
    bytesReceived: 0,
  }
  readonly #stop = new AbortController()
  readonly #busy = new Set<PeerId>()
  readonly #greeted = new Map<PeerId, number>()
  /** States of both sides at which an exchange with a peer last brought nothing to either. */
  readonly #agreed = new Map<PeerId, string>()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  /** Peers that keep everything. */
  readonly #archives = new Set<PeerId>()
  /** Digests of this node's new entries that no state has covered yet. */
  readonly #untold = new Set<string>()
  /** Exchanges that are being answered, one a peer. */
  readonly #answering = new Map<PeerId, Stream>()
  #told = ''
  #ticks = 0
  #ticker: ReturnType<typeof setInterval> | null = null

  constructor(init: ReplicatorInit<R>) {
    this.#init = init
    this.#protocol = `/roomful/records/1.0.0${init.replica.address}`
  }

  get stats(): ReplicatorStats {
    return { ...this.#stats }
  }

  async start(): Promise<void> {
    const { libp2p, replica } = this.#init
    const { pubsub } = libp2p.services
    await libp2p.handle(this.#protocol, (stream, connection) => void this.#answer(stream, connection), {
      maxInboundStreams: 64,
      maxOutboundStreams: 64,
    })
    pubsub.topicValidators.set(replica.address, (_peer, message) => this.#validate(message.data) as TopicValidatorResult)
    pubsub.addEventListener('message', this.#onMessage)
    pubsub.addEventListener('subscription-change', this.#onSubscription)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
    pubsub.subscribe(replica.address)
    for (const peer of pubsub.getSubscribers(replica.address)) this.#greet(peer.toString())
    this.#ticker = setInterval(() => this.#tick(), STATE_MS)
  }

  /** Tells everybody a new entry of this node's own. */
  publish({ bytes, digest }: ReadEntry): void {
    this.#untold.add(hex(digest))
    this.#send(encodeMessage({ kind: 'entry', entry: bytes }))
  }

  async stop(): Promise<void> {
    const { libp2p, replica } = this.#init
    const { pubsub } = libp2p.services
    this.#stop.abort()
    if (this.#ticker !== null) clearInterval(this.#ticker)
    for (const timer of this.#timers) clearTimeout(timer)
    pubsub.removeEventListener('message', this.#onMessage)
    pubsub.removeEventListener('subscription-change', this.#onSubscription)
    libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    pubsub.topicValidators.delete(replica.address)
    pubsub.unsubscribe(replica.address)
    await libp2p.unhandle(this.#protocol)
  }

  /** Asks one peer for everything that is missing here; does nothing while an exchange with it is on its way. */
  async exchangeWith(peer: PeerId, states = ''): Promise<ExchangeStats | null> {
    const { libp2p, replica, archive, now } = this.#init
    const connection = libp2p.getConnections().find(({ remotePeer, limits }) => remotePeer.toString() === peer && limits === undefined)
    if (connection === undefined || this.#busy.has(peer) || this.#stop.signal.aborted) return null
    this.#busy.add(peer)
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(EXCHANGE_MS)])
    let stream: Stream | null = null
    try {
      stream = await connection.newStream(this.#protocol, { signal })
      const stats = await new Exchange({ stream, replica, peer, archive, now, signal }).ask()
      this.#add(stats)
      if (stats.fresh === 0 && stats.sent === 0) this.#agreed.set(peer, states)
      return stats
    } catch (error) {
      // The peer left, or does not know the database: its next state or subscription starts another try.
      this.#stats.failures++
      if (error instanceof ProtocolError) this.#init.onOffence?.(peer)
      // The other side would wait for the rest, and have no room for others meanwhile.
      stream?.abort(asError(error))
      return null
    } finally {
      this.#busy.delete(peer)
      this.#greeted.set(peer, now())
    }
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString()
    // Who asks again has given the former exchange up, whether word of that arrived or not.
    this.#answering.get(peer)?.abort(new Error('another exchange was begun'))
    this.#answering.delete(peer)
    if (this.#answering.size >= MAX_ANSWERS_AT_ONCE) {
      stream.abort(new Error('too many exchanges at once'))
      return
    }
    this.#answering.set(peer, stream)
    const { replica, archive, now } = this.#init
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(EXCHANGE_MS)])
    const exchange = new Exchange({ stream, replica, peer, archive, now, signal })
    try {
      this.#add(await exchange.answer())
      if (!exchange.byArchive) this.#greeted.set(peer, now())
      await stream.close({ signal })
    } catch (error) {
      this.#stats.failures++
      if (error instanceof ProtocolError) this.#init.onOffence?.(peer)
      stream.abort(asError(error))
    } finally {
      if (this.#answering.get(peer) === stream) this.#answering.delete(peer)
    }
  }

  #add(stats: ExchangeStats): void {
    this.#stats.exchanges++
    for (const field of ['sent', 'received', 'fresh', 'refused', 'bytesSent', 'bytesReceived'] as const) this.#stats[field] += stats[field]
  }

  #validate(data: Uint8Array): 'accept' | 'reject' {
    const message = decodeGossip(data)
    if (message === null) return this.#reject()
    if (message.kind === 'entry' && !readEntry(message.entry, this.#init.replica.address).ok) return this.#reject()
    return 'accept'
  }

  #reject(): 'reject' {
    this.#stats.rejected++
    return 'reject'
  }

  readonly #onMessage = (event: GossipSubEvents['message']): void => {
    const { topic, data, type } = event.detail as { topic: string; data: Uint8Array; type: string; from?: { toString(): string } }
    if (topic !== this.#init.replica.address || type !== 'signed') return
    const message = decodeGossip(data)
    const from = (event.detail as { from?: { toString(): string } }).from?.toString()
    if (message === null || from === undefined) return
    // What the disk does not let be kept now comes again with an exchange.
    if (message.kind === 'entry') this.#init.replica.accept([message.entry]).catch(() => this.#stats.failures++)
    else {
      if (message.archive) this.#archives.add(from)
      this.#compare(from, message.state)
    }
  }

  #compare(peer: PeerId, theirs: Uint8Array): void {
    const own = stateOf(this.#live())
    if (equalBytes(theirs, own)) return
    // Two that keep different things for good reasons need not ask each other every second.
    const states = `${hex(own)}/${hex(theirs)}`
    if (this.#agreed.get(peer) !== states) void this.exchangeWith(peer, states)
  }

  readonly #onSubscription = (event: GossipSubEvents['subscription-change']): void => {
    const { peerId, subscriptions } = event.detail
    if (subscriptions.some(({ topic, subscribe }) => subscribe && topic === this.#init.replica.address)) this.#greet(peerId.toString())
  }

  readonly #onDisconnect = (event: CustomEvent<{ toString(): string }>): void => {
    this.#agreed.delete(event.detail.toString())
    this.#greeted.delete(event.detail.toString())
    this.#archives.delete(event.detail.toString())
  }

  /** One of two peers asks at once: never the archive, and of others the lower id. The other asks if nothing came. */
  #greet(peer: PeerId): void {
    const { libp2p, archive, now } = this.#init
    if (!archive && libp2p.peerId.toString() < peer) {
      void this.exchangeWith(peer)
      return
    }
    const since = now()
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        if ((this.#greeted.get(peer) ?? 0) < since) void this.exchangeWith(peer)
      },
      archive ? PATIENCE_MS : PATIENCE_MS / 10,
    )
    this.#timers.add(timer)
  }

  #tick(): void {
    const live = this.#live()
    const state = stateOf(live)
    this.#ticks++
    for (const digest of live) this.#untold.delete(hex(digest))
    if (this.#untold.size > 0) this.#tellArchives()
    if (hex(state) === this.#told && this.#ticks % IDLE_TICKS !== 0) return
    this.#told = hex(state)
    this.#send(encodeMessage({ kind: 'state', state, archive: this.#init.archive }))
  }

  /**
   * States make up for lost gossip, but what has ended is in none of them: whoever still takes it for unfinished asks,
   * and an archive that has never heard of it is offered everything.
   */
  #tellArchives(): void {
    const told = [...this.#untold]
    for (const archive of this.#archives) {
      void this.exchangeWith(archive).then((stats) => {
        if (stats !== null) for (const digest of told) this.#untold.delete(digest)
      })
    }
  }

  /** Of the records that every replica needs, so that what only some keep makes no difference. */
  #live(): Uint8Array[] {
    const { replica, now } = this.#init
    return replica.set.live(now()).map(({ digest }) => digest)
  }

  #send(bytes: Uint8Array): void {
    // Without listeners there is nobody to miss it, and those that come later ask.
    this.#init.libp2p.services.pubsub.publish(this.#init.replica.address, bytes).catch(() => {})
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause))
}
