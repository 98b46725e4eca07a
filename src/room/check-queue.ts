import type { Effect } from './event.ts'
import type { RoomState, Round } from './state.ts'

type Verify = Extract<Effect, { type: 'verify' }>

/** A `verify` effect and how far it is. */
export interface Check {
  effect: Verify
  /** Chunks that somebody is at, or has recomputed. */
  taken: Set<number>
  /** In the order in which they were recomputed. */
  checked: { chunk: number; hash: Uint8Array }[]
}

/**
 * What a node has to recompute for the draws it takes part in, chunk by chunk: always of the round with the lowest
 * chunks, because its deadline waits for no other, and nothing that no draw waits for any longer.
 */
export class CheckQueue {
  #checks: Check[] = []

  add(effect: Verify): void {
    this.#checks.push({ effect, taken: new Set(), checked: [] })
  }

  /** Takes the next chunk; null while nothing is left to begin. */
  next(state: Pick<RoomState, 'room'>): { check: Check; chunk: number } | null {
    const rounds = state.room?.rounds ?? []
    this.#checks = this.#checks.filter(({ effect }) => rounds.some((round) => waitsFor(round, effect)))
    let first: { check: Check; chunk: number } | null = null
    for (const check of this.#checks) {
      if (first !== null && check.effect.ref.firstChunk >= first.check.effect.ref.firstChunk) continue
      const chunk = check.effect.chunks.find((id) => !check.taken.has(id))
      if (chunk !== undefined) first = { check, chunk }
    }
    first?.check.taken.add(first.chunk)
    return first
  }

  /** A chunk was recomputed. True when it was the last one of its check. */
  done({ effect, checked }: Check, chunk: number, hash: Uint8Array): boolean {
    checked.push({ chunk, hash })
    return effect.chunks.every((id) => checked.some((entry) => entry.chunk === id))
  }

  /** It cannot be done here. */
  drop(check: Check): void {
    this.#checks = this.#checks.filter((entry) => entry !== check)
  }
}

function waitsFor({ ref, draw }: Round, effect: Verify): boolean {
  return ref.block === effect.ref.block && ref.microjob === effect.ref.microjob && draw?.attempt === effect.attempt
}
