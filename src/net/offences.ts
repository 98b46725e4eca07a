import { MAX_REFUSALS, REMEMBERED_SESSIONS } from '../room/wire/constants.ts'
import type { PeerId } from '../domain/ids.ts'

/** Counts who breaks a protocol, whichever: a slip is forgiven, {@link MAX_REFUSALS} are not. */
export class Offences {
  readonly #counts = new Map<PeerId, number>()
  readonly #punish: (peer: PeerId) => void

  constructor(punish: (peer: PeerId) => void) {
    this.#punish = punish
  }

  note(peer: PeerId): void {
    const count = (this.#counts.get(peer) ?? 0) + 1
    this.#counts.delete(peer)
    if (count >= MAX_REFUSALS) return this.#punish(peer)
    this.#counts.set(peer, count)
    const oldest = this.#counts.keys().next()
    if (this.#counts.size > REMEMBERED_SESSIONS && !oldest.done) this.#counts.delete(oldest.value)
  }
}
