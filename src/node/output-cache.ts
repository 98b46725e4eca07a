import type { Cid } from '../domain/ids.ts'
import type { BlockStore } from '../room/ports.ts'

/** Bytes of outputs kept in memory; the block store has them all. */
const CACHE_BYTES = 64 * 1024 * 1024

/** Outputs on their way: in memory at once, in the block store soon after. */
export class OutputCache {
  readonly #blocks: BlockStore
  readonly #cache = new Map<Cid, Uint8Array>()
  #bytes = 0
  /** Outputs that the block store refused, for example because the disk is full. */
  failures = 0

  constructor(blocks: BlockStore) {
    this.#blocks = blocks
  }

  peek(cid: Cid): Uint8Array | undefined {
    return this.#cache.get(cid)
  }

  put(cid: Cid, data: Uint8Array): void {
    if (this.#cache.has(cid)) return
    this.#remember(cid, data)
    this.#blocks.put(data).catch(() => {
      this.failures++
    })
  }

  async get(cid: Cid, signal: AbortSignal): Promise<Uint8Array> {
    const known = this.#cache.get(cid)
    if (known !== undefined) return known
    const data = await this.#blocks.get(cid, signal)
    this.#remember(cid, data)
    return data
  }

  #remember(cid: Cid, data: Uint8Array): void {
    if (this.#cache.has(cid)) return
    this.#cache.set(cid, data)
    this.#bytes += data.length
    for (const [oldest, bytes] of this.#cache) {
      if (this.#bytes <= CACHE_BYTES) break
      this.#cache.delete(oldest)
      this.#bytes -= bytes.length
    }
  }
}
