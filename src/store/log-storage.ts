import type { Storage } from '@orbitdb/core'
import { Key } from 'interface-datastore'
import type { Datastore } from 'interface-datastore'
import { StorageError } from './errors.ts'

/** Entries kept in memory beside those that are not written yet. */
const CACHED_ENTRIES = 512
/** Hashes remembered of entries whose bytes are not kept. */
const MAX_REMEMBERED = 100_000

/**
 * The three storages of an OrbitDB log on one datastore. What is put is there at once and reaches the datastore with
 * the next {@link commit}, everything of one step in one batch: a log's five round trips to IndexedDB become one, and a
 * crash leaves either all of a step or nothing of it.
 */
export class LogStorage {
  readonly #datastore: Datastore
  readonly #prefix: string
  readonly #cache = new Map<string, Uint8Array>()
  /** Not written yet; null for what is to be deleted. */
  #dirty = new Map<string, Uint8Array | null>()
  /** In the batch that is being written. */
  #writing = new Map<string, Uint8Array | null>()
  #commit: Promise<void> = Promise.resolve()
  #queued: Promise<void> | null = null
  /** Entries that the log went past without keeping them: ancestors from before this replica joined, and replaced ones. */
  #passed = new Set<string>()

  constructor(datastore: Datastore, name: string) {
    this.#datastore = datastore
    this.#prefix = `/roomful/${name}`
  }

  /** @throws StorageError when the datastore cannot be read */
  async get(path: string): Promise<Uint8Array | undefined> {
    const pending = this.#pending(path)
    if (pending !== undefined) return pending ?? undefined
    try {
      return await this.#datastore.get(this.#key(path))
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'NotFoundError') return undefined
      // Level and IndexedDB stores wrap what is missing differently.
      if (!(await this.#isThere(path))) return undefined
      throw new StorageError(`${path} cannot be read from the storage of this device`, { cause })
    }
  }

  put(path: string, value: Uint8Array): void {
    this.#dirty.set(path, value)
  }

  delete(path: string): void {
    this.#dirty.set(path, null)
  }

  /** Everything put under a path, as [rest of the path, value]. */
  async *list(path: string): AsyncGenerator<[string, Uint8Array]> {
    // What a full disk does not take is in memory.
    await this.commit().catch(() => {})
    const prefix = `${this.#prefix}${path}`
    const unwritten = [...this.#dirty].filter(([name, value]) => value !== null && name.startsWith(path))
    for await (const { key, value } of this.#datastore.query({ prefix })) {
      const rest = key.toString().slice(prefix.length)
      if (!this.#dirty.has(`${path}${rest}`)) yield [rest, value]
    }
    for (const [name, value] of unwritten) yield [name.slice(path.length), value!]
  }

  /**
   * Resolves when all that was put before is in the datastore; calls at the same time share a batch.
   * @throws StorageError when the datastore refuses it; what was put is kept in memory and tried again next time
   */
  async commit(): Promise<void> {
    if (this.#dirty.size === 0) return this.#commit
    if (this.#queued === null) {
      this.#queued = this.#commit
        .catch(() => {})
        .then(() => {
          this.#queued = null
          this.#commit = this.#write()
          return this.#commit
        })
    }
    return this.#queued
  }

  hasPassed(hash: string): boolean {
    return this.#passed.has(hash)
  }

  pass(hash: string): void {
    if (this.#passed.size >= MAX_REMEMBERED) this.#passed = new Set([...this.#passed].slice(MAX_REMEMBERED / 2))
    this.#passed.add(hash)
  }

  async hasEntry(hash: string): Promise<boolean> {
    return this.#cache.has(hash) || (await this.get(`/e/${hash}`)) !== undefined
  }

  async getEntry(hash: string): Promise<Uint8Array | undefined> {
    return this.#cache.get(hash) ?? this.get(`/e/${hash}`)
  }

  putEntry(hash: string, bytes: Uint8Array): void {
    if (this.#cache.size >= CACHED_ENTRIES) this.#cache.delete(this.#cache.keys().next().value!)
    this.#cache.set(hash, bytes)
    this.put(`/e/${hash}`, bytes)
  }

  deleteEntry(hash: string): void {
    this.#cache.delete(hash)
    this.delete(`/e/${hash}`)
    this.pass(hash)
  }

  /** What OrbitDB is given for its entries, its heads and its index of known entries. */
  get storages(): { entryStorage: Storage; headsStorage: Storage; indexStorage: Storage } {
    const storage = (get: Storage['get'], put: Storage['put']): Storage => ({
      get,
      put,
      del: async () => {},
      iterator: async function* () {},
      merge: async () => {},
      clear: async () => {},
      close: async () => {},
    })
    return {
      entryStorage: storage(
        (hash) => this.getEntry(hash),
        async (hash, data) => this.putEntry(hash, data as Uint8Array),
      ),
      headsStorage: storage(
        (name) => this.get(`/h/${name}`),
        async (name, data) => this.put(`/h/${name}`, data as Uint8Array),
      ),
      // An entry is known when it is stored or was passed: the index needs no writes of its own.
      indexStorage: storage(
        async (hash) => (this.hasPassed(hash) || (await this.hasEntry(hash)) ? true : undefined),
        async () => {},
      ),
    }
  }

  /** What is to be written under a path, null where it is to be deleted. */
  #pending(path: string): Uint8Array | null | undefined {
    return this.#dirty.has(path) ? this.#dirty.get(path) : this.#writing.get(path)
  }

  async #isThere(path: string): Promise<boolean> {
    try {
      return await this.#datastore.has(this.#key(path))
    } catch {
      return true
    }
  }

  async #write(): Promise<void> {
    const writing = this.#dirty
    if (writing.size === 0) return
    this.#dirty = new Map()
    this.#writing = writing
    try {
      const batch = this.#datastore.batch()
      for (const [path, value] of writing) {
        if (value === null) batch.delete(this.#key(path))
        else batch.put(this.#key(path), value)
      }
      await batch.commit()
    } catch (cause) {
      // Newer values of the same paths win over those that could not be written.
      this.#dirty = new Map([...writing, ...this.#dirty])
      throw new StorageError('the storage of this device did not keep the database: it is full, or the browser has taken it back', {
        cause,
      })
    } finally {
      this.#writing = new Map()
    }
  }

  #key(path: string): Key {
    return new Key(`${this.#prefix}${path}`, false)
  }
}
