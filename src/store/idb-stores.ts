import { BaseBlockstore, MemoryBlockstore } from 'blockstore-core'
import { BaseDatastore, MemoryDatastore } from 'datastore-core'
import type { IDBBlockstore } from 'blockstore-idb'
import { IDBDatastore } from 'datastore-idb'
import type { Batch, Datastore, Key, KeyQuery, Pair, Query } from 'interface-datastore'
import type { CID } from 'multiformats/cid'
import { concat } from '../domain/bytes.ts'

type Block = ReturnType<BaseBlockstore['getAll']> extends AsyncIterable<infer B> | Iterable<infer B> ? B : never

/** Bytes of blocks kept in memory while IndexedDB has no room for them; the oldest go first. */
const MAX_OVERFLOW_BYTES = 64 * 1024 * 1024

/** How the storage of one tab is doing. */
export class StorageHealth {
  /** IndexedDB refused blocks for want of room, and they are in memory alone. */
  full = false
  /** The browser has closed a database under the tab, which goes on in memory. */
  gone = false
  /** What there was to say when it was opened. */
  readonly notes: string[] = []

  /** For people; empty when all is well. */
  get detail(): string {
    return [
      ...this.notes,
      ...(this.gone
        ? [
            'The browser has taken this site’s storage back while the tab was open. The tab goes on in memory; reload it to keep data again.',
          ]
        : []),
      ...(this.full
        ? [
            'The browser’s storage is full: new data is kept in memory until the tab is closed. Free space on this device, or in this site’s data.',
          ]
        : []),
    ].join(' ')
  }
}

/**
 * A store that moves into memory, empty, when the browser takes the databases back while the tab is open: whatever was
 * in it is with other peers, and the tab's work goes on.
 */
class Movable<S> {
  readonly #memory: () => S
  readonly #health: StorageHealth
  readonly #store: S
  /** Memory, from when the databases are gone. */
  #refuge: S | null = null

  constructor(store: S, memory: () => S, health: StorageHealth) {
    this.#store = store
    this.#memory = memory
    this.#health = health
  }

  async use<T>(action: (store: S) => Promise<T>, again = true): Promise<T> {
    const store = this.#refuge ?? this.#store
    try {
      return await action(store)
    } catch (cause) {
      // A transaction that was cut off does not say why; the next one does.
      if (again && isCutOff(cause)) return this.use(action, false)
      if (!isGone(cause) || store === this.#refuge) throw cause
      this.#health.gone = true
      // Of several that were under way the first one moves.
      this.#refuge ??= this.#memory()
      return action(this.#refuge)
    }
  }
}

/** Datastore of a tab. A batch is kept whole or rejects: that of datastore-idb 5.0.1 resolves as well when it failed. */
export class TabDatastore extends BaseDatastore {
  readonly #store: Movable<Datastore>

  constructor(store: IDBDatastore, health: StorageHealth) {
    super()
    this.#store = new Movable<Datastore>(store, () => new MemoryDatastore(), health)
  }

  override put(key: Key, value: Uint8Array): Promise<Key> {
    return this.#store.use(async (store) => store.put(key, value))
  }

  override get(key: Key): Promise<Uint8Array> {
    return this.#store.use(async (store) => store.get(key))
  }

  override has(key: Key): Promise<boolean> {
    return this.#store.use(async (store) => store.has(key))
  }

  override delete(key: Key): Promise<void> {
    return this.#store.use(async (store) => store.delete(key))
  }

  override batch(): Batch {
    const changes: Change[] = []
    return {
      put: (key, value) => void changes.push([key, value]),
      delete: (key) => void changes.push([key, null]),
      commit: () => this.#store.use((store) => (store instanceof IDBDatastore ? commitIdb(store, changes) : commit(store, changes))),
    }
  }

  override async *query(query: Query): AsyncGenerator<Pair> {
    yield* await this.#store.use((store) => collect(store.query(query)))
  }

  override async *queryKeys(query: KeyQuery): AsyncGenerator<Key> {
    yield* await this.#store.use((store) => collect(store.queryKeys(query)))
  }
}

/** Blockstore of a tab. Blocks for which there is no room stay in memory, so that work goes on. */
export class TabBlockstore extends BaseBlockstore {
  readonly #store: Movable<BaseBlockstore>
  readonly #health: StorageHealth
  readonly #overflow = new Map<string, { cid: CID; bytes: Uint8Array }>()
  #overflowBytes = 0

  constructor(store: IDBBlockstore, health: StorageHealth) {
    super()
    this.#store = new Movable<BaseBlockstore>(store, () => new MemoryBlockstore(), health)
    this.#health = health
  }

  override async put(cid: CID, value: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<CID> {
    const bytes = value instanceof Uint8Array ? value : await join(value)
    try {
      await this.#store.use(async (store) => store.put(cid, bytes))
      this.#health.full = false
      await this.#unload()
    } catch (cause) {
      if (!isFull(cause)) throw cause
      this.#health.full = true
      this.#load(cid, bytes)
    }
    return cid
  }

  override async *get(cid: CID): AsyncGenerator<Uint8Array> {
    yield this.#overflow.get(cid.toString())?.bytes ?? (await this.#store.use(async (store) => join(store.get(cid))))
  }

  override async has(cid: CID): Promise<boolean> {
    return this.#overflow.has(cid.toString()) || this.#store.use(async (store) => store.has(cid))
  }

  override async delete(cid: CID): Promise<void> {
    this.#drop(cid.toString())
    await this.#store.use(async (store) => store.delete(cid))
  }

  override async *getAll(): AsyncGenerator<Block> {
    for (const { cid } of this.#overflow.values()) yield { cid, bytes: this.get(cid) }
    yield* await this.#store.use((store) => collect(store.getAll()))
  }

  #load(cid: CID, bytes: Uint8Array): void {
    const name = cid.toString()
    if (this.#overflow.has(name)) return
    this.#overflow.set(name, { cid, bytes })
    this.#overflowBytes += bytes.length
    for (const oldest of this.#overflow.keys()) {
      if (this.#overflowBytes <= MAX_OVERFLOW_BYTES) break
      this.#drop(oldest)
    }
  }

  /** There is room again. */
  async #unload(): Promise<void> {
    for (const [name, { cid, bytes }] of this.#overflow) {
      await this.#store.use(async (store) => store.put(cid, bytes))
      this.#drop(name)
    }
  }

  #drop(name: string): void {
    this.#overflowBytes -= this.#overflow.get(name)?.bytes.length ?? 0
    this.#overflow.delete(name)
  }
}

/** What a batch does to a key; null deletes it. */
type Change = [key: Key, value: Uint8Array | null]

/** The part of the library's database that a batch needs. */
interface OpenDatabase {
  location: string
  db: {
    transaction(
      name: string,
      mode: 'readwrite',
    ): { store: { put(value: Uint8Array, key: string): Promise<unknown>; delete(key: string): Promise<void> }; done: Promise<void> }
  }
}

async function commitIdb(store: IDBDatastore, changes: readonly Change[]): Promise<void> {
  // Its own batch swallows every error, so that what a full disk refused would count as kept.
  const { db, location } = store as unknown as OpenDatabase
  const transaction = db.transaction(location, 'readwrite')
  const requests = changes.map(([key, value]) =>
    value === null ? transaction.store.delete(key.toString()) : transaction.store.put(value, key.toString()),
  )
  await Promise.all([...requests, transaction.done])
}

async function commit(store: Datastore, changes: readonly Change[]): Promise<void> {
  const batch = store.batch()
  for (const [key, value] of changes) {
    if (value === null) batch.delete(key)
    else batch.put(key, value)
  }
  await batch.commit()
}

async function collect<T>(items: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

async function join(parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return concat(...(await collect(parts)))
}

/** The database was closed or removed under its user. The libraries keep of an error its text alone. */
function isGone(cause: unknown): boolean {
  return /InvalidStateError|UnknownError|object stores? was not found/.test(textOf(cause))
}

function isCutOff(cause: unknown): boolean {
  return /AbortError/.test(textOf(cause))
}

function isFull(cause: unknown): boolean {
  return /QuotaExceededError/.test(textOf(cause))
}

function textOf(cause: unknown): string {
  return cause instanceof Error || cause instanceof DOMException ? `${cause.name}: ${cause.message}` : String(cause)
}
