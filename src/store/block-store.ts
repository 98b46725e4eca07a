import type { Helia } from 'helia'
import { CID } from 'multiformats/cid'
import { concat, equalBytes } from '../domain/bytes.ts'
import { cidOfHash, cidOfValue, decodeCanonical, encodeCanonical, hashOfCid } from '../domain/ids.ts'
import type { Cid } from '../domain/ids.ts'
import type { BlockStore } from '../room/ports.ts'
import { sendToWanting } from './bitswap-mend.ts'
import { digest } from './digest.ts'
import { BlockError, StorageError } from './errors.ts'

/** Most bytes of a block: what every bitswap peer takes. */
export const MAX_BLOCK_BYTES = 1024 * 1024

/** Whoever waits for a block asks all peers for it this often, ms. */
const ASK_AGAIN_MS = 5_000

/** A block on its way to all who wait for it. */
interface Fetch {
  bytes: Promise<Uint8Array>
  /** It is here by another way. */
  resolve(bytes: Uint8Array): void
  readers: number
  abort: AbortController
}

/** Blocks in Helia: local, or fetched from connected peers by bitswap, which checks them against their address. */
export class HeliaBlocks implements BlockStore {
  readonly #helia: Helia
  readonly #fetches = new Map<Cid, Fetch>()

  constructor(helia: Helia) {
    this.#helia = helia
  }

  async put(bytes: Uint8Array): Promise<Cid> {
    return this.#keep(cidOfHash(await digest(bytes)), bytes)
  }

  async get(cid: Cid, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#read(cid, signal)
    if (equalBytes(await digest(bytes), hashOfCid(cid))) return bytes
    // A local copy that the disk has damaged: without it the block is fetched again.
    await this.delete(cid)
    const again = await this.#read(cid, signal)
    if (!equalBytes(await digest(again), hashOfCid(cid))) throw new BlockError(`the bytes of block ${cid} are not those of its address`)
    return again
  }

  async putValue(value: unknown): Promise<Cid> {
    return this.#keep(cidOfValue(value), encodeCanonical(value))
  }

  async getValue(cid: Cid, signal: AbortSignal): Promise<unknown> {
    return decodeCanonical(await this.get(cid, signal))
  }

  async has(cid: Cid): Promise<boolean> {
    return this.#helia.blockstore.has(CID.parse(cid))
  }

  async delete(cid: Cid): Promise<void> {
    // Helia 7.1.15 would wait until no block is being fetched, and hold up every other reader meanwhile: one block that
    // nobody has would stop them all. The lock is for pins, of which there are none here.
    const { blockstore } = this.#helia as unknown as { blockstore: { unwrap(): { delete(cid: CID): Promise<void> } } }
    await blockstore.unwrap().delete(CID.parse(cid))
  }

  /** The store that opened it stops Helia. */
  async stop(): Promise<void> {}

  async #keep(cid: Cid, bytes: Uint8Array): Promise<Cid> {
    if (bytes.length > MAX_BLOCK_BYTES)
      throw new BlockError(`a block of ${bytes.length} bytes is too large: at most ${MAX_BLOCK_BYTES}; cut it`)
    const parsed = CID.parse(cid)
    try {
      await this.#helia.blockstore.put(parsed, bytes)
    } catch (cause) {
      throw new StorageError(`the storage of this device did not keep block ${cid}: it is full, or the browser has taken it back`, {
        cause,
      })
    }
    this.#fetches.get(cid)?.resolve(bytes)
    // Kept is kept, whether those who wait for it can be reached or not.
    sendToWanting(this.#helia, parsed).catch(() => undefined)
    return cid
  }

  /** Fetched once, for as long as anybody waits: bitswap would ask no more as soon as one of them gives up. */
  async #read(cid: Cid, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    const fetch = this.#fetches.get(cid) ?? this.#fetch(cid)
    fetch.readers++
    const { promise: givenUp, reject } = Promise.withResolvers<never>()
    const giveUp = (): void => reject(signal.reason)
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      return await Promise.race([fetch.bytes, givenUp])
    } finally {
      signal.removeEventListener('abort', giveUp)
      if (--fetch.readers === 0) {
        if (this.#fetches.get(cid) === fetch) this.#fetches.delete(cid)
        fetch.abort.abort()
      }
    }
  }

  #fetch(cid: Cid): Fetch {
    const abort = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const read = async (signal: AbortSignal): Promise<Uint8Array> => {
      const parts: Uint8Array[] = []
      for await (const part of this.#helia.blockstore.get(CID.parse(cid), { signal })) parts.push(part)
      return parts.length === 1 ? parts[0]! : concat(...parts)
    }
    // What peers are told may be lost without a word. Whoever was asked before is not waited for.
    const ask = (): void => {
      const patience = new AbortController()
      const again = setTimeout(() => {
        patience.abort()
        ask()
      }, ASK_AGAIN_MS)
      const end = (): void => {
        clearTimeout(again)
        patience.abort()
      }
      abort.signal.addEventListener('abort', end, { once: true })
      read(patience.signal).then(resolve, (error) => {
        if (!patience.signal.aborted) reject(error)
      })
    }
    ask()
    const fetch = { bytes: promise, resolve, readers: 0, abort }
    this.#fetches.set(cid, fetch)
    return fetch
  }
}
