import { MAX_TABLE_WORDS } from '../limits.ts'
import { KernelError } from '../errors.ts'
import type { Constant } from './ir.ts'
import { bitsOf } from './scalar.ts'
import { scalarsOf } from './types.ts'
import type { Type } from './types.ts'

/** Constant arrays that are read by a computed index, as words; equal ones are kept once. */
export class Tables {
  readonly #base: number
  readonly #words: number[] = []
  readonly #starts = new Map<string, number>()
  /** The same for lists that were asked for before, which spares writing them out. */
  readonly #seen = new Map<Constant, number>()

  /** `base`: address of the first table. */
  constructor(base: number) {
    this.#base = base
  }

  /** Byte address of the table with these values. */
  address(values: Constant, type: Type): number {
    return this.#base + this.start(values, type) * 4
  }

  /** Word at which the table with these values begins. */
  start(values: Constant, type: Type): number {
    let start = this.#seen.get(values)
    if (start === undefined) this.#seen.set(values, (start = this.#add(values, type)))
    return start
  }

  #add(values: Constant, type: Type): number {
    const scalars = scalarsOf(type)
    const words = values.map((value, index) => bitsOf(value, scalars[index]!))
    const key = words.join()
    const known = this.#starts.get(key)
    if (known !== undefined) return known
    const start = this.#words.length
    this.#starts.set(key, start)
    for (const word of words) this.#words.push(word)
    if (this.#words.length > MAX_TABLE_WORDS) throw new KernelError(`the constant tables have more than ${MAX_TABLE_WORDS} words`, 1, 1)
    return start
  }

  get length(): number {
    return this.#words.length
  }

  bytes(): Uint8Array {
    return new Uint8Array(new Uint32Array(this.#words).buffer)
  }
}
