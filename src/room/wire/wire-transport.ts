import {
  MAX_MESSAGE_BYTES,
  MAX_REFUSALS,
  PATH_GRACE_MS,
  QUEUE_CAPACITY,
  REMEMBERED_SESSIONS,
  TENTATIVE_PEERS,
  WIRE_VERSION,
} from './constants.ts'
import { Dispatcher } from './dispatcher.ts'
import { MalformedFrameError, MessageTooLargeError, TransportStateError } from './errors.ts'
import { decodeFrame, sessionName } from './frame.ts'
import { Receiver } from './receiver.ts'
import type { PeerId } from '../../domain/ids.ts'
import type { Clock, Random, Transport, Unsubscribe, WireStats } from '../ports.ts'
import type { SessionPlace } from './receiver.ts'
import type { FrameStream, FrameStreamEvents, StreamPort } from './stream-port.ts'

export interface WireTransportInit {
  port: StreamPort
  clock: Clock
  random: Random
  /** Messages that wait for one peer before the oldest is dropped. @default 512 */
  queueCapacity?: number
  /** Peers that are not members and whose messages are held back. @default 32 */
  tentativePeers?: number
  /** How long a broken wire counts as up while it looks for another path, ms. @default 2000 */
  pathGraceMs?: number
}

/** What strangers did. Counts since the start. */
export interface StrangerStats {
  /** Tentative receivers now. */
  tentative: number
  /** Messages that tentative receivers gave up. */
  dropped: number
  /** Tentative receivers closed to make room for another. */
  evicted: number
  /** Streams closed because their frames were malformed or their declared identity was not the transport's. */
  refused: number
}

/** The {@link Transport} over any {@link StreamPort}: a dispatcher and a receiver for each member. */
export class WireTransport implements Transport {
  readonly self: PeerId
  readonly #init: WireTransportInit
  #members: ReadonlySet<PeerId> | null = null
  readonly #dispatchers = new Map<PeerId, Dispatcher>()
  /** Of members and, in order of their creation, of others. */
  readonly #receivers = new Map<PeerId, Receiver>()
  readonly #places = new Map<PeerId, SessionPlace>()
  readonly #messageHandlers = new Set<(from: PeerId, message: Uint8Array) => void>()
  readonly #connectionHandlers = new Set<(peer: PeerId, up: boolean) => void>()
  readonly #stopWatching: Unsubscribe
  #stopped: Promise<void> | null = null
  readonly #refusals = new Map<PeerId, number>()
  #evicted = 0
  #refused = 0
  #tentativeDrops = 0

  constructor(init: WireTransportInit) {
    this.#init = init
    this.self = init.port.self
    init.port.accept((peer, stream) => this.#onIncoming(peer, stream))
    this.#stopWatching = init.port.onBetterPath((peer) => this.#dispatchers.get(peer)?.reopen())
  }

  get strangers(): StrangerStats {
    const tentative = [...this.#receivers.keys()].filter((peer) => !this.isMember(peer)).length
    return { tentative, dropped: this.#tentativeDrops, evicted: this.#evicted, refused: this.#refused }
  }

  setMembers(members: readonly PeerId[]): void {
    if (this.#stopped !== null) return
    const next = new Set(members)
    const former = this.#members ?? new Set<PeerId>()
    this.#members = next
    const others = members.filter((peer) => peer !== this.self)
    this.#init.port.want(others)
    for (const peer of former) {
      if (next.has(peer)) continue
      this.#dispatchers.get(peer)?.close(false)
      this.#dispatchers.delete(peer)
      this.#forget(peer)
    }
    for (const peer of others) {
      if (!this.#dispatchers.has(peer)) this.#dispatchers.set(peer, this.#dispatcher(peer))
    }
    for (const peer of others) {
      const receiver = this.#receivers.get(peer)
      if (receiver === undefined || former.has(peer)) continue
      this.#tentativeDrops += receiver.stats.dropped
      receiver.admit()
    }
  }

  send(to: PeerId, message: Uint8Array): void {
    if (this.#stopped !== null) return
    if (this.#members === null) {
      throw new TransportStateError(`cannot send to ${to}: no membership is set yet, call setMembers first`)
    }
    if (!this.#members.has(to)) {
      throw new TransportStateError(`cannot send to ${to}: it is not among the ${this.#members.size} members`)
    }
    if (message.length > MAX_MESSAGE_BYTES) {
      throw new MessageTooLargeError(
        `a message has ${message.length} bytes, at most ${MAX_MESSAGE_BYTES}: send its content address instead`,
      )
    }
    if (to === this.self) this.#init.port.defer(() => this.#deliver(this.self, message))
    else this.#dispatchers.get(to)?.send(message)
  }

  onMessage(handler: (from: PeerId, message: Uint8Array) => void): Unsubscribe {
    this.#messageHandlers.add(handler)
    return () => void this.#messageHandlers.delete(handler)
  }

  onConnection(handler: (peer: PeerId, up: boolean) => void): Unsubscribe {
    this.#connectionHandlers.add(handler)
    return () => void this.#connectionHandlers.delete(handler)
  }

  stats(): WireStats[] {
    return [...this.#dispatchers].map(([peer, dispatcher]) => ({
      peer,
      link: this.#init.port.link(peer),
      ...dispatcher.stats,
      bytesReceived: this.#receivers.get(peer)?.stats.bytesReceived ?? 0,
    }))
  }

  /** Tells every member that this node is leaving, in the moment that its page is closed. */
  farewell(): void {
    for (const dispatcher of this.#dispatchers.values()) dispatcher.farewell()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  #stop(): Promise<void> {
    this.#stopWatching()
    for (const dispatcher of this.#dispatchers.values()) dispatcher.close(true)
    for (const receiver of this.#receivers.values()) receiver.close()
    this.#dispatchers.clear()
    this.#receivers.clear()
    this.#messageHandlers.clear()
    this.#connectionHandlers.clear()
    return this.#init.port.stop()
  }

  isMember(peer: PeerId): boolean {
    return this.#members?.has(peer) ?? false
  }

  #dispatcher(peer: PeerId): Dispatcher {
    return new Dispatcher({
      peer,
      port: this.#init.port,
      clock: this.#init.clock,
      session: sessionName(this.#init.random.bytes(8)),
      capacity: this.#init.queueCapacity ?? QUEUE_CAPACITY,
      pathGraceMs: this.#init.pathGraceMs ?? PATH_GRACE_MS,
      onUp: (up) => this.#guard(() => this.#connectionHandlers.forEach((handler) => handler(peer, up))),
    })
  }

  #onIncoming(peer: PeerId, stream: FrameStream): FrameStreamEvents {
    let receiver: Receiver | null = null
    return {
      onFrame: (bytes) => {
        if (this.#stopped !== null) return
        try {
          const frame = decodeFrame(bytes)
          if (receiver !== null) return receiver.onFrame(frame, stream)
          if (frame.kind !== 'hello') throw new MalformedFrameError(`a stream starts with '${frame.kind}'`)
          if (frame.version !== WIRE_VERSION) throw new MalformedFrameError(`version ${frame.version} is not spoken`)
          if (frame.peer !== peer) throw new MalformedFrameError(`${peer} calls itself ${frame.peer}`)
          receiver = this.#receiverOf(peer)
          if (!receiver.greet(frame, stream)) stream.close()
        } catch (error) {
          if (!(error instanceof MalformedFrameError)) throw error
          receiver?.onBroken(stream)
          stream.close()
          this.#refuse(peer)
        }
      },
      onReady: () => undefined,
      onBroken: () => receiver?.onBroken(stream),
    }
  }

  #refuse(peer: PeerId): void {
    this.#refused++
    const refusals = (this.#refusals.get(peer) ?? 0) + 1
    this.#refusals.delete(peer)
    if (refusals >= MAX_REFUSALS) return this.#init.port.punish(peer)
    this.#refusals.set(peer, refusals)
    const oldest = this.#refusals.keys().next()
    if (this.#refusals.size > REMEMBERED_SESSIONS && !oldest.done) this.#refusals.delete(oldest.value)
  }

  #receiverOf(peer: PeerId): Receiver {
    const known = this.#receivers.get(peer)
    if (known !== undefined) return known
    const receiver = new Receiver({
      peer,
      clock: this.#init.clock,
      place: this.#places.get(peer) ?? null,
      deliver: (message) => this.#deliver(peer, message),
      onBye: () => this.#dispatchers.get(peer)?.gone(),
    })
    if (this.isMember(peer)) receiver.admit()
    else this.#makeRoom()
    this.#receivers.set(peer, receiver)
    return receiver
  }

  #makeRoom(): void {
    const tentative = [...this.#receivers.keys()].filter((peer) => !this.isMember(peer))
    const most = this.#init.tentativePeers ?? TENTATIVE_PEERS
    for (const peer of tentative.slice(0, Math.max(0, tentative.length - most + 1))) {
      this.#forget(peer)
      this.#evicted++
    }
  }

  #forget(peer: PeerId): void {
    const receiver = this.#receivers.get(peer)
    if (receiver === undefined) return
    this.#receivers.delete(peer)
    this.#tentativeDrops += receiver.stats.dropped
    if (receiver.place !== null) {
      this.#places.delete(peer)
      this.#places.set(peer, receiver.place)
      const oldest = this.#places.keys().next()
      if (this.#places.size > REMEMBERED_SESSIONS && !oldest.done) this.#places.delete(oldest.value)
    }
    receiver.close()
  }

  #deliver(from: PeerId, message: Uint8Array): void {
    this.#guard(() => this.#messageHandlers.forEach((handler) => handler(from, message)))
  }

  /** A handler that throws must not take a stream down with it. */
  #guard(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#init.port.report(error)
    }
  }
}
