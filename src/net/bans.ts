import type { PeerId } from '../domain/ids.ts'
import type { Clock } from '../room/ports.ts'

const BAN_MS = 10 * 60_000
const MAX_BANS = 1_024

/** Peers that this node refuses for a while, because they broke the protocol again and again. */
export class Bans {
  readonly #clock: Pick<Clock, 'now'>
  readonly #until = new Map<PeerId, number>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  add(peer: PeerId): void {
    this.#until.delete(peer)
    this.#until.set(peer, this.#clock.now() + BAN_MS)
    const oldest = this.#until.keys().next()
    if (this.#until.size > MAX_BANS && !oldest.done) this.#until.delete(oldest.value)
  }

  has(peer: PeerId): boolean {
    const until = this.#until.get(peer)
    if (until === undefined) return false
    if (until > this.#clock.now()) return true
    this.#until.delete(peer)
    return false
  }
}
