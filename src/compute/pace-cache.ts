import { cidOfValue } from '../domain/ids.ts'
import { kernelCid } from '../domain/kernel.ts'
import type { Kernel, ParameterValues } from '../domain/kernel.ts'

const NAME = 'roomful/paces'
/** Paces kept; the oldest goes first. */
const MAX_PACES = 64

/** Where paces outlive the page. */
export type PaceStorage = Pick<Storage, 'getItem' | 'setItem'>

/** Paces that were measured, items per second of one slot, by device, kernel and parameters: on the next visit none is measured again. */
export class PaceCache {
  readonly #storage: PaceStorage | null
  readonly #paces: Map<string, number>

  constructor(storage: PaceStorage | null = pageStorage()) {
    this.#storage = storage
    this.#paces = read(storage)
  }

  get(device: string, kernel: Kernel, parameters: ParameterValues): number | undefined {
    return this.#paces.get(keyOf(device, kernel, parameters))
  }

  set(device: string, kernel: Kernel, parameters: ParameterValues, pace: number): void {
    this.#paces.set(keyOf(device, kernel, parameters), pace)
    for (const oldest of this.#paces.keys()) {
      if (this.#paces.size <= MAX_PACES) break
      this.#paces.delete(oldest)
    }
    try {
      this.#storage?.setItem(NAME, JSON.stringify([...this.#paces]))
    } catch {
      // Full or forbidden: they last as long as the page.
    }
  }
}

function keyOf(device: string, kernel: Kernel, parameters: ParameterValues): string {
  return cidOfValue({ device, kernel: kernelCid(kernel), parameters })
}

/** What is stored may be anything. */
function read(storage: PaceStorage | null): Map<string, number> {
  try {
    const stored: unknown = JSON.parse(storage?.getItem(NAME) ?? '[]')
    if (!Array.isArray(stored)) return new Map()
    const sound = (entry: unknown): entry is [string, number] =>
      Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number' && entry[1] > 0 && Number.isFinite(entry[1])
    return new Map(stored.filter(sound).slice(-MAX_PACES))
  } catch {
    return new Map()
  }
}

/** Outside a browser, and where pages may keep nothing, there is none. */
function pageStorage(): PaceStorage | null {
  try {
    return typeof document === 'undefined' ? null : globalThis.localStorage
  } catch {
    return null
  }
}
