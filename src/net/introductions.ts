import { mateAddress } from './addresses.ts'
import { reserveOn } from './reservations.ts'
import type { RelayAddress } from './addresses.ts'
import type { PeerId } from '../domain/ids.ts'
import type { Clock, Unsubscribe } from '../room/ports.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { RelayKeeper } from './relay-keeper.ts'

/** Mates asked to introduce this node, and tried to reach another: the host is the first that everybody has. */
const MATES = 3
const LOOK_MS = 1_000

export interface IntroductionsInit {
  libp2p: RoomfulLibp2p
  relays: RelayKeeper
  clock: Clock
  /** Peers with a direct link, room members first in join order. */
  mates(): PeerId[]
}

/**
 * Members of a room stand in for relays that are gone: whoever has no relay left reserves on a few that it is linked to,
 * so that others find it through them. They carry an introduction and little more.
 */
export class Introductions {
  readonly #init: IntroductionsInit
  #timer: Unsubscribe | null = null
  #stopped = false

  constructor(init: IntroductionsInit) {
    this.#init = init
    this.#look()
  }

  /** Those through whom a peer may be reached. */
  ways(peer: PeerId): RelayAddress[] {
    return this.#mates()
      .filter((mate) => mate !== peer)
      .map((mate) => ({ peer: mate, multiaddr: mateAddress(mate) }))
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.()
  }

  #mates(): PeerId[] {
    return this.#init.mates().slice(0, MATES)
  }

  #look(): void {
    if (this.#stopped) return
    const { libp2p, relays, clock } = this.#init
    // What it has already, libp2p does not ask for again.
    if (relays.connected.length === 0) for (const mate of this.#mates()) reserveOn(libp2p, mate)
    this.#timer = clock.after(LOOK_MS, () => this.#look())
  }
}
