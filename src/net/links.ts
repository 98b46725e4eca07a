import { DIRECT_TIMEOUT_MS, Dialler, isDirect } from './dialler.ts'
import type { RelayAddress } from './addresses.ts'
import { UnreachableError } from './errors.ts'
import { Link } from './link.ts'
import type { Connection } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { Clock, Unsubscribe, WireStats } from '../room/ports.ts'
import type { Bans } from './bans.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { LinkChange } from './link.ts'
import type { RelayKeeper } from './relay-keeper.ts'

/** How long the higher peer id waits for the lower one to dial, ms. */
const POLITE_RELAYED_MS = 400
const POLITE_DIRECT_MS = 2_000
/** How long a relayed connection lives on after the direct one has opened, ms. */
const RELAYED_LINGER_MS = 2_000
/** Direct links above the cap that others may open. */
const UNWANTED_LINKS = 4
const RETRY_FIRST_MS = 200
const RETRY_MOST_MS = 30_000

export interface LinksInit {
  libp2p: RoomfulLibp2p
  relays: RelayKeeper
  clock: Clock
  /** Direct links at most; what is wanted first counts first. */
  maxLinks: number
  /** False where WebRTC is not to be had: everything goes over relays. */
  direct: boolean
  bans: Bans
  /** What protocols of questions that take long to answer begin with: a connection stays while it carries their streams. */
  asking: readonly string[]
  /** False keeps a peer from opening a direct connection to this node. */
  permits(peer: PeerId): boolean
  /** Those who stand in for relays on the way to a peer. */
  introducers(peer: PeerId): RelayAddress[]
}

/**
 * Who is within reach, and how. Keeps a direct link to each peer that is wanted: the lower peer id dials, at once; the
 * other one waits and dials only if nothing comes.
 */
export class Links {
  readonly self: PeerId
  readonly #init: LinksInit
  readonly #links = new Map<PeerId, Link>()
  #wanted: readonly PeerId[] = []
  readonly #requested = new Set<PeerId>()
  readonly #attempts = new Map<PeerId, { failures: number; timer: Unsubscribe | null; busy: boolean }>()
  readonly #dialler: Dialler
  readonly #relayedDials = new Map<PeerId, Promise<Connection>>()
  readonly #timers = new Set<Unsubscribe>()
  readonly #changeHandlers = new Set<(change: LinkChange) => void>()
  readonly #pathHandlers = new Set<(peer: PeerId) => void>()
  readonly #openHandlers = new Set<(peer: PeerId, connection: Connection) => void>()
  readonly #stop = new AbortController()

  constructor(init: LinksInit) {
    this.#init = init
    const { libp2p } = init
    this.self = libp2p.peerId.toString()
    this.#dialler = new Dialler({ ...init, best: (peer) => this.best(peer), signal: this.#stop.signal })
    const onOpen = (event: CustomEvent<Connection>): void => this.#onOpen(event.detail)
    const onClose = (event: CustomEvent<Connection>): void => this.#onClose(event.detail)
    libp2p.addEventListener('connection:open', onOpen)
    libp2p.addEventListener('connection:close', onClose)
    this.#stop.signal.addEventListener('abort', () => {
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', onClose)
    })
  }

  /** Peers that are to be linked directly, the most important first. Replaces the former list. */
  want(peers: readonly PeerId[]): void {
    const others = peers.filter((peer) => peer !== this.self && !this.#init.relays.isRelay(peer))
    this.#wanted = others.slice(0, this.#init.maxLinks)
    for (const [peer, attempt] of this.#attempts) {
      if (this.#isWanted(peer)) continue
      attempt.timer?.()
      this.#attempts.delete(peer)
    }
    for (const peer of this.#wanted) {
      this.#linkOf(peer, true)
      this.#begin(peer, this.self < peer ? 0 : POLITE_DIRECT_MS)
    }
  }

  /** Asks for a direct link to one more peer, whoever is wanted besides. */
  request(peer: PeerId): void {
    if (peer === this.self || this.#init.relays.isRelay(peer)) return
    this.#requested.add(peer)
    this.#linkOf(peer, true)
    this.#begin(peer, 0)
  }

  /** Hangs up on a peer, and refuses it for a while. */
  ban(peer: PeerId): void {
    if (this.#init.relays.isRelay(peer)) return
    this.#init.bans.add(peer)
    for (const connection of this.#connections(peer)) connection.abort(new UnreachableError('you broke the protocol'))
  }

  /** Peers with an open connection, relays excepted. */
  peers(): { peer: PeerId; link: 'direct' | 'relayed' }[] {
    const found = new Map<PeerId, 'direct' | 'relayed'>()
    for (const connection of this.#init.libp2p.getConnections()) {
      const peer = connection.remotePeer.toString()
      if (connection.status !== 'open' || this.#init.relays.isRelay(peer)) continue
      if (isDirect(connection)) found.set(peer, 'direct')
      else if (!found.has(peer)) found.set(peer, 'relayed')
    }
    return [...found].map(([peer, link]) => ({ peer, link }))
  }

  /** Peers with a direct link, the most wanted first. */
  neighbours(): PeerId[] {
    const direct = this.peers().flatMap(({ peer, link }) => (link === 'direct' ? [peer] : []))
    return [...this.#wanted.filter((peer) => direct.includes(peer)), ...direct.filter((peer) => !this.#wanted.includes(peer))]
  }

  kind(peer: PeerId): WireStats['link'] {
    const best = this.best(peer)
    if (best === null) return 'none'
    return isDirect(best) ? 'direct' : 'relayed'
  }

  /** The state of the direct link to a peer, or null where there never was one. */
  state(peer: PeerId): Link['state'] | null {
    return this.#links.get(peer)?.state ?? null
  }

  /** An open connection to the peer, a direct one if there is one: of several the one that both sides will keep. */
  best(peer: PeerId): Connection | null {
    const open = this.#connections(peer)
    return open.find((connection) => isDirect(connection) && this.#isLowersDial(connection)) ?? open.find(isDirect) ?? open[0] ?? null
  }

  /** Whether another open connection leads to the same peer. */
  hasOther(connection: Connection): boolean {
    return this.#connections(connection.remotePeer.toString()).some((other) => other !== connection)
  }

  /**
   * A connection to the peer: the best there is, or else one over a relay while the direct one is being made.
   * @throws UnreachableError when no relay leads to it
   */
  async path(peer: PeerId, signal: AbortSignal): Promise<Connection> {
    if (this.#init.bans.has(peer)) throw new UnreachableError(`${peer} broke the protocol and is refused for a while`)
    const present = this.best(peer)
    if (present !== null) return present
    // Whoever lost a direct link looks for another path at once.
    if (this.self > peer && this.state(peer) !== 'disconnected') {
      const came = await this.#waitForOpen(peer, POLITE_RELAYED_MS, signal)
      if (came !== null) return came
    }
    signal.throwIfAborted()
    let dial = this.#relayedDials.get(peer)
    if (dial === undefined) {
      dial = this.#dialler.relayed(peer).finally(() => this.#relayedDials.delete(peer))
      this.#relayedDials.set(peer, dial)
    }
    return dial
  }

  onChange(handler: (change: LinkChange) => void): Unsubscribe {
    this.#changeHandlers.add(handler)
    return () => void this.#changeHandlers.delete(handler)
  }

  /** A direct connection came up where there was a relayed one or none. */
  onBetterPath(handler: (peer: PeerId) => void): Unsubscribe {
    this.#pathHandlers.add(handler)
    return () => void this.#pathHandlers.delete(handler)
  }

  /** Ends every connection at once, so that others see it in milliseconds. */
  abort(reason: string): void {
    for (const connection of this.#init.libp2p.getConnections()) connection.abort(new UnreachableError(reason))
  }

  stop(): void {
    this.#stop.abort()
    for (const { timer } of this.#attempts.values()) timer?.()
    this.#attempts.clear()
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  #isWanted(peer: PeerId): boolean {
    return this.#wanted.includes(peer) || this.#requested.has(peer)
  }

  #begin(peer: PeerId, ms: number): void {
    if (this.#attempts.has(peer)) return
    this.#attempts.set(peer, { failures: 0, timer: null, busy: false })
    this.#schedule(peer, ms)
  }

  #schedule(peer: PeerId, ms: number): void {
    const attempt = this.#attempts.get(peer)
    if (attempt === undefined || attempt.timer !== null || this.#stop.signal.aborted || !this.#init.direct) return
    attempt.timer = this.#init.clock.after(ms, () => {
      attempt.timer = null
      void this.#attempt(peer)
    })
  }

  async #attempt(peer: PeerId): Promise<void> {
    const attempt = this.#attempts.get(peer)
    const link = this.#links.get(peer)
    if (attempt === undefined || link === undefined || attempt.busy) return
    if (link.state === 'live') return
    attempt.busy = true
    try {
      const path = await this.path(peer, this.#stop.signal)
      if (isDirect(path)) return
      if (link.state === 'created' || link.state === 'failed') link.become('in progress')
      await this.#dialler.direct(peer)
      attempt.failures = 0
    } catch (error) {
      if (this.#stop.signal.aborted || isLive(link)) return
      // A channel that breaks while it is made says so by an event.
      const reason = error instanceof Error ? error.message : 'the connection broke while it was being made'
      if (link.state === 'in progress' || link.state === 'created') link.become('failed', reason)
      this.#schedule(peer, Math.min(RETRY_FIRST_MS * 2 ** attempt.failures++, RETRY_MOST_MS))
    } finally {
      attempt.busy = false
    }
  }

  #onOpen(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    if (this.#init.relays.isRelay(peer)) return
    for (const handler of [...this.#openHandlers]) handler(peer, connection)
    if (!isDirect(connection)) return
    if (connection.direction === 'inbound' && !this.#init.permits(peer))
      return connection.abort(new UnreachableError('this node is not visible to you'))
    // Room members first: strangers get what is left, and a little more, or two full nodes could never meet.
    if (!this.#isWanted(peer) && this.#directCount() > this.#init.maxLinks + UNWANTED_LINKS) {
      return connection.abort(new UnreachableError('this node has as many direct links as it keeps'))
    }
    this.#linkOf(peer, false).become('live')
    const attempt = this.#attempts.get(peer)
    attempt?.timer?.()
    if (attempt !== undefined) Object.assign(attempt, { timer: null, failures: 0 })
    // Nobody dials who has a link: the peer has lost the old one, or was started again, and this side has not noticed.
    for (const old of this.#connections(peer)) {
      if (isDirect(old) && connection.timeline.open - old.timeline.open > DIRECT_TIMEOUT_MS) {
        old.abort(new UnreachableError('a newer connection has replaced this one'))
      }
    }
    for (const handler of [...this.#pathHandlers]) handler(peer)
    this.#after(RELAYED_LINGER_MS, () => this.#tidy(peer, this.self < peer))
    // The lower id has closed what is too much by then, but what it says last does not always arrive.
    if (this.self > peer) this.#after(2 * RELAYED_LINGER_MS, () => this.#tidy(peer, true))
  }

  #isLowersDial(connection: Connection): boolean {
    return (connection.direction === 'outbound') === this.self < connection.remotePeer.toString()
  }

  /**
   * One link a pair: closes relayed connections beside a direct one, and with `direct` the higher id's dial beside the
   * lower's. Of several that the lower id has dialled only that one chooses: the other side may see them in another order.
   */
  #tidy(peer: PeerId, direct: boolean): void {
    const open = this.#connections(peer)
    const keep = this.best(peer)
    if (keep === null || !isDirect(keep)) return
    const surplus = open.filter(
      (connection) => connection !== keep && (!isDirect(connection) || (direct && (this.self < peer || !this.#isLowersDial(connection)))),
    )
    // A stream without a protocol is still being opened: what for is not known yet.
    const isQuestion = (protocol: string): boolean => protocol === '' || this.#init.asking.some((start) => protocol.startsWith(start))
    const asked = surplus.filter(({ streams }) => streams.some(({ protocol }) => isQuestion(protocol)))
    for (const connection of surplus) {
      // Closing waits a second for what is still to be sent, and then leaves a connection that is neither open nor closed.
      if (!asked.includes(connection)) void connection.close().catch((error: Error) => connection.abort(error))
    }
    if (asked.length > 0) this.#after(RELAYED_LINGER_MS, () => this.#tidy(peer, direct))
  }

  #onClose(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const link = this.#links.get(peer)
    if (link === undefined || !isDirect(connection) || this.#connections(peer).some(isDirect)) return
    if (link.state === 'live') link.become('disconnected')
    const wanted = this.#isWanted(peer)
    if (!wanted && !link.requested) this.#links.delete(peer)
    if (wanted) this.#schedule(peer, this.self < peer ? 0 : POLITE_DIRECT_MS)
  }

  #directCount(): number {
    return this.peers().filter(({ link }) => link === 'direct').length
  }

  #linkOf(peer: PeerId, requested: boolean): Link {
    const present = this.#links.get(peer)
    if (present !== undefined) return present
    const link = new Link(peer, requested, (change) => {
      for (const handler of [...this.#changeHandlers]) handler(change)
    })
    this.#links.set(peer, link)
    if (this.#connections(peer).some(isDirect)) link.become('live')
    return link
  }

  #connections(peer: PeerId): Connection[] {
    const all = this.#init.libp2p.getConnections()
    return all.filter((connection) => connection.remotePeer.toString() === peer && connection.status === 'open')
  }

  #waitForOpen(peer: PeerId, ms: number, signal: AbortSignal): Promise<Connection | null> {
    return new Promise((resolve) => {
      const done = (connection: Connection | null): void => {
        cancel()
        this.#openHandlers.delete(onOpen)
        signal.removeEventListener('abort', onAbort)
        resolve(connection)
      }
      const onOpen = (opened: PeerId, connection: Connection): void => {
        if (opened === peer) done(connection)
      }
      const onAbort = (): void => done(null)
      const cancel = this.#after(ms, () => done(null))
      this.#openHandlers.add(onOpen)
      signal.addEventListener('abort', onAbort)
      if (signal.aborted) done(null)
    })
  }

  #after(ms: number, callback: () => void): Unsubscribe {
    const cancel = this.#init.clock.after(ms, () => {
      this.#timers.delete(cancel)
      callback()
    })
    this.#timers.add(cancel)
    return () => {
      this.#timers.delete(cancel)
      cancel()
    }
  }
}

function isLive(link: Link): boolean {
  return link.state === 'live'
}
