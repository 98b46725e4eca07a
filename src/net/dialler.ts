import { directAddress, relayedAddress } from './addresses.ts'
import { UnreachableError } from './errors.ts'
import type { Connection } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { RelayAddress } from './addresses.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { RelayKeeper } from './relay-keeper.ts'

/** How long a dial may take, ms. */
export const DIRECT_TIMEOUT_MS = 10_000
const RELAYED_TIMEOUT_MS = 6_000

export interface DiallerInit {
  libp2p: RoomfulLibp2p
  relays: RelayKeeper
  /** Those who stand in for relays on the way to a peer. */
  introducers(peer: PeerId): RelayAddress[]
  /** An open connection to the peer, or null. */
  best(peer: PeerId): Connection | null
  /** Ends every dial. */
  signal: AbortSignal
}

/** Makes connections to peers, over relays and members in their place, one after the other. */
export class Dialler {
  readonly #init: DiallerInit

  constructor(init: DiallerInit) {
    this.#init = init
  }

  /**
   * A connection that a relay or a member carries, to be linked over.
   * @throws UnreachableError when no relay leads to the peer
   */
  async relayed(peer: PeerId): Promise<Connection> {
    const { libp2p, relays, introducers, best } = this.#init
    const causes: unknown[] = []
    if (relays.connected.length === 0 && introducers(peer).length === 0)
      await relays.whenConnected(this.#limit(RELAYED_TIMEOUT_MS)).catch((error: unknown) => causes.push(error))
    const ways = [...relays.connected, ...introducers(peer)]
    for (const way of ways) {
      try {
        return await libp2p.dial(relayedAddress(way, peer), { signal: this.#limit(RELAYED_TIMEOUT_MS) })
      } catch (error) {
        causes.push(error)
        const came = best(peer)
        if (came !== null) return came
      }
    }
    throw new UnreachableError(
      ways.length === 0
        ? `cannot reach ${peer}: no relay is connected`
        : `none of ${ways.length} relays, or members in their place, leads to ${peer}`,
      { cause: new AggregateError(causes) },
    )
  }

  /**
   * A direct connection, for which a relayed one is there to agree on it.
   * @throws UnreachableError or what the last dial said
   */
  async direct(peer: PeerId): Promise<Connection> {
    const { libp2p, relays, introducers } = this.#init
    let last: unknown = new UnreachableError(`cannot reach ${peer}: no relay is connected`)
    for (const way of relays.connected.length > 0 ? relays.connected : introducers(peer)) {
      try {
        const connection = await libp2p.dial(directAddress(way, peer), { signal: this.#limit(DIRECT_TIMEOUT_MS) })
        if (isDirect(connection)) return connection
        // libp2p has joined it with a dial over the relay that was under way.
        last = new UnreachableError(`the dial of ${peer} came to a relayed connection`)
      } catch (error) {
        last = error
      }
    }
    throw last
  }

  #limit(ms: number): AbortSignal {
    return AbortSignal.any([this.#init.signal, AbortSignal.timeout(ms)])
  }
}

/** A connection that no relay carries. */
export function isDirect(connection: Connection): boolean {
  return connection.limits === undefined
}
