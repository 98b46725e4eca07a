import { UnreachableError } from './errors.ts'
import { reserveAgain } from './reservations.ts'
import type { Connection } from '@libp2p/interface'
import type { Clock, Unsubscribe } from '../room/ports.ts'
import { placeOf } from './addresses.ts'
import type { RelayAddress } from './addresses.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'

/** How a relay stands. `reserved`: others can reach this node over it. */
export interface RelayState {
  multiaddr: string
  /** Its host and port, for people. */
  place: string
  state: 'connecting' | 'reserved' | 'unreachable'
  /** Why it is unreachable, in words; empty otherwise. */
  detail: string
}

const REDIAL_MS = 1_000
const DIAL_TIMEOUT_MS = 8_000
const REVIEW_MS = 100
/** How long a relay that is connected may be without a reservation before it is asked for one again. */
const RESERVE_AGAIN_MS = 10_000
/** Name of the review's timer among those of the relays. */
const REVIEW = 'review'

/**
 * Keeps a connection to every relay. libp2p does not dial a relay again that went away, and reserves by itself once
 * it is connected: so this dials, every second while the relay is gone, and asks again for what was refused.
 */
export class RelayKeeper {
  readonly #libp2p: RoomfulLibp2p
  readonly #relays: readonly RelayAddress[]
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #states = new Map<string, RelayState>()
  readonly #timers = new Map<string, Unsubscribe>()
  readonly #dialling = new Set<string>()
  readonly #refusals = new Map<string, string>()
  readonly #waiting = new Set<() => void>()
  readonly #stop = new AbortController()

  constructor(libp2p: RoomfulLibp2p, relays: readonly RelayAddress[], clock: Clock, changed: () => void) {
    this.#libp2p = libp2p
    this.#relays = relays
    this.#clock = clock
    this.#changed = changed
    for (const relay of relays) {
      this.#states.set(relay.peer, {
        multiaddr: relay.multiaddr.toString(),
        place: placeOf(relay.multiaddr),
        state: 'connecting',
        detail: '',
      })
    }
    const { signal } = this.#stop
    // The options travel through an adapter: libp2p's event target takes them as a plain object.
    const onClose = (event: CustomEvent<Connection>): void => this.#onClose(event.detail.remotePeer.toString())
    const onUpdate = (): void => this.#review()
    // Whoever dialled: libp2p looks for relays too.
    const onOpen = (event: CustomEvent<Connection>): void => {
      if (this.isRelay(event.detail.remotePeer.toString())) for (const done of [...this.#waiting]) done()
    }
    libp2p.addEventListener('connection:open', onOpen)
    libp2p.addEventListener('connection:close', onClose)
    libp2p.addEventListener('self:peer:update', onUpdate)
    signal.addEventListener('abort', () => {
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', onClose)
      libp2p.removeEventListener('self:peer:update', onUpdate)
    })
    for (const relay of relays) void this.#dial(relay)
  }

  get states(): RelayState[] {
    return [...this.#states.values()].map((state) => ({ ...state }))
  }

  /** Relays with an open connection, reserved ones first. */
  get connected(): RelayAddress[] {
    const open = this.#relays.filter((relay) => this.#isConnected(relay.peer))
    const rank = (relay: RelayAddress): number => (this.#states.get(relay.peer)?.state === 'reserved' ? 0 : 1)
    return open.sort((a, b) => rank(a) - rank(b))
  }

  /** Resolves when some relay is connected; rejects when the signal aborts. */
  whenConnected(signal: AbortSignal): Promise<void> {
    if (this.connected.length > 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = (): void => {
        this.#waiting.delete(done)
        reject(signal.reason instanceof Error ? signal.reason : new UnreachableError('no relay is connected'))
      }
      if (signal.aborted) return onAbort()
      this.#waiting.add(done)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** The relay has said why it gives no reservation. */
  refused(peer: string, reason: string): void {
    if (this.#states.get(peer)?.state === 'reserved') return
    this.#refusals.set(peer, reason)
    this.#set(peer, 'unreachable', reason)
  }

  isRelay(peer: string): boolean {
    return this.#states.has(peer)
  }

  stop(): void {
    this.#stop.abort()
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  async #dial(relay: RelayAddress): Promise<void> {
    if (this.#stop.signal.aborted || this.#dialling.has(relay.peer)) return
    if (this.#isConnected(relay.peer)) return this.#review()
    this.#dialling.add(relay.peer)
    try {
      await this.#libp2p.dial(relay.multiaddr, {
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]),
      })
      this.#set(relay.peer, 'connecting', '')
    } catch (error) {
      if (this.#stop.signal.aborted) return
      this.#set(relay.peer, 'unreachable', whyNot(error))
      this.#dialLater(relay)
    } finally {
      this.#dialling.delete(relay.peer)
    }
    this.#review()
    // A connection that closed while it was being reviewed has had its event already.
    if (!this.#isConnected(relay.peer)) this.#dialLater(relay)
  }

  #dialLater(relay: RelayAddress): void {
    if (this.#stop.signal.aborted || this.#timers.has(relay.peer)) return
    this.#timers.set(
      relay.peer,
      this.#clock.after(REDIAL_MS, () => {
        this.#timers.delete(relay.peer)
        void this.#dial(relay)
      }),
    )
  }

  #onClose(peer: string): void {
    const relay = this.#relays.find((candidate) => candidate.peer === peer)
    if (relay === undefined || this.#isConnected(peer)) return
    this.#refusals.delete(peer)
    this.#set(peer, 'connecting', '')
    this.#dialLater(relay)
  }

  #review(): void {
    const reserved = this.#libp2p.getMultiaddrs().map((address) => address.toString())
    let pending = false
    for (const relay of this.#relays) {
      if (!this.#isConnected(relay.peer)) continue
      const holds = reserved.some((address) => address.includes(`/p2p/${relay.peer}/p2p-circuit`))
      const refusal = this.#refusals.get(relay.peer)
      if (holds) this.#refusals.delete(relay.peer)
      if (holds || refusal === undefined) this.#set(relay.peer, holds ? 'reserved' : 'connecting', '')
      pending ||= !holds
      if (!holds) this.#reserveLater(relay)
    }
    // libp2p announces new addresses of its own a second late.
    if (pending && !this.#stop.signal.aborted && !this.#timers.has(REVIEW)) {
      this.#timers.set(
        REVIEW,
        this.#clock.after(REVIEW_MS, () => {
          this.#timers.delete(REVIEW)
          this.#review()
        }),
      )
    }
  }

  #reserveLater({ peer }: RelayAddress): void {
    const timer = `reserve ${peer}`
    if (this.#stop.signal.aborted || this.#timers.has(timer)) return
    this.#timers.set(
      timer,
      this.#clock.after(RESERVE_AGAIN_MS, () => {
        this.#timers.delete(timer)
        if (this.#isConnected(peer) && this.#states.get(peer)?.state !== 'reserved') reserveAgain(this.#libp2p, peer)
      }),
    )
  }

  #isConnected(peer: string): boolean {
    return this.#libp2p.getConnections().some((c) => c.remotePeer.toString() === peer && c.status === 'open')
  }

  #set(peer: string, state: RelayState['state'], detail: string): void {
    const present = this.#states.get(peer)
    if (present === undefined || (present.state === state && present.detail === detail)) return
    present.state = state
    present.detail = detail
    this.#changed()
  }
}

/** A browser says of a WebSocket that failed only that it failed: what is likely is said in its place. */
function whyNot(error: unknown): string {
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')) {
    return `it has not answered within ${DIAL_TIMEOUT_MS / 1000} s`
  }
  return 'nothing answers there, or the way there is blocked'
}
