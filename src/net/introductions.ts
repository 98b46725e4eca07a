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
/** A mate is asked again after so long, ms: it says no as long as it does not know of this node in its room. */
const ASK_AGAIN_MS = 5_000

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
  readonly #asked = new Map<PeerId, number>()
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
    const now = clock.now()
    for (const [mate, at] of this.#asked) if (now - at >= ASK_AGAIN_MS) this.#asked.delete(mate)
    if (relays.states.every(({ state }) => state !== 'reserved')) {
      for (const mate of this.#mates().filter((peer) => !this.#asked.has(peer))) {
        this.#asked.set(mate, now)
        // What it has already, libp2p does not ask for again.
        reserveOn(libp2p, mate)
      }
    }
    this.#timer = clock.after(LOOK_MS, () => this.#look())
  }
}
