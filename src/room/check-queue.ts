import { hex } from '../domain/bytes.ts'
import type { MicrojobRef } from '../domain/job.ts'
import type { Effect } from './event.ts'
import { slotOf } from './round.ts'
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

/** One chunk to recompute. */
export interface Task {
  check: Check
  chunk: number
  /** The result that the round has of it, if any: a tolerant kernel's right answer depends on it. */
  claimed: Uint8Array | null
  /** What this node has found before, for the same claim. */
  known: Uint8Array | null
}

/**
 * What a node has to recompute for the draws it takes part in, chunk by chunk: always of the round with the lowest
 * chunks, because its deadline waits for no other, and nothing that no draw waits for any longer. A draw that has to be
 * repeated asks for much of the same again: what was found once is remembered as long as the round lasts.
 */
export class CheckQueue {
  #checks: Check[] = []
  readonly #found = new Map<string, Map<string, Uint8Array>>()

  add(effect: Verify): void {
    this.#checks.push({ effect, taken: new Set(), checked: [] })
  }

  /** Takes the next chunk; null while nothing is left to begin. */
  next(state: Pick<RoomState, 'room'>): Task | null {
    const rounds = state.room?.rounds ?? []
    this.#checks = this.#checks.filter(({ effect }) => rounds.some((round) => waitsFor(round, effect)))
    const names = new Set(rounds.map(({ ref }) => nameOf(ref)))
    for (const name of this.#found.keys()) if (!names.has(name)) this.#found.delete(name)
    let first: { check: Check; chunk: number } | null = null
    for (const check of this.#checks) {
      if (first !== null && check.effect.ref.firstChunk >= first.check.effect.ref.firstChunk) continue
      const chunk = check.effect.chunks.find((id) => !check.taken.has(id))
      if (chunk !== undefined) first = { check, chunk }
    }
    if (first === null) return null
    const { check, chunk } = first
    check.taken.add(chunk)
    const round = rounds.find((each) => waitsFor(each, check.effect))
    const claimed = (round === undefined ? undefined : slotOf(round, chunk))?.result?.hash ?? null
    return { check, chunk, claimed, known: this.#found.get(nameOf(check.effect.ref))?.get(entryOf(chunk, claimed)) ?? null }
  }

  /** A chunk was recomputed, or was known. True when it was the last one of its check. */
  done({ check: { effect, checked }, chunk, claimed }: Task, hash: Uint8Array): boolean {
    const name = nameOf(effect.ref)
    const found = this.#found.get(name) ?? new Map<string, Uint8Array>()
    this.#found.set(name, found.set(entryOf(chunk, claimed), hash))
    checked.push({ chunk, hash })
    return effect.chunks.every((id) => checked.some((entry) => entry.chunk === id))
  }

  /** It cannot be done here. */
  drop(check: Check): void {
    this.#checks = this.#checks.filter((entry) => entry !== check)
  }
}

function nameOf({ block, microjob }: MicrojobRef): string {
  return `${block}/${microjob}`
}

function entryOf(chunk: number, claimed: Uint8Array | null): string {
  return `${chunk}/${claimed === null ? '' : hex(claimed)}`
}

function waitsFor({ ref, draw }: Round, effect: Verify): boolean {
  return nameOf(ref) === nameOf(effect.ref) && draw?.attempt === effect.attempt
}
