import { MemoryBlockstore } from 'blockstore-core'
import { IDBBlockstore } from 'blockstore-idb'
import { MemoryDatastore } from 'datastore-core'
import { IDBDatastore } from 'datastore-idb'
import { StorageHealth, TabBlockstore, TabDatastore } from './idb-stores.ts'
import type { StoreFiles } from './store-files.ts'

/** IndexedDB that does not answer for so long is taken for broken, ms: another tab's old connection can block it for ever. */
const OPEN_MS = 10_000

/**
 * IndexedDB databases of one tab. Where the browser has none or refuses, and where they are damaged beyond opening, the
 * tab works in memory and `detail` says so: the network has everything that was acknowledged by others.
 */
export async function idbStorage(directory: string): Promise<StoreFiles> {
  if (typeof indexedDB === 'undefined')
    return { ...memoryStorage(), detail: 'This browser gives pages no storage: everything here is gone when the tab is closed.' }
  const health = new StorageHealth()
  try {
    const blocks = await openOrRenew(`${directory}-blocks`, (name) => new IDBBlockstore(name), health.notes)
    const data = await openOrRenew(`${directory}-data`, (name) => new IDBDatastore(name), health.notes)
    return {
      blockstore: new TabBlockstore(blocks, health),
      datastore: new TabDatastore(data, health),
      persistent: true,
      get full() {
        return health.full
      },
      get detail() {
        return health.detail
      },
      close: async () => {
        await blocks.close()
        await data.close()
      },
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return {
      ...memoryStorage(),
      detail: `The browser’s storage cannot be opened (${reason}): everything here is gone when the tab is closed.`,
    }
  }
}

/** Where nothing can be kept, or is to be: gone with the tab. */
export function memoryStorage(): StoreFiles {
  return {
    blockstore: new MemoryBlockstore(),
    datastore: new MemoryDatastore(),
    persistent: false,
    full: false,
    detail: '',
    close: async () => {},
  }
}

/** A database that cannot be opened is of no use to anybody, and the network still has what was in it: it begins anew. */
async function openOrRenew<S extends { open(): Promise<void> }>(name: string, create: (name: string) => S, notes: string[]): Promise<S> {
  const store = create(name)
  try {
    await inTime(store.open())
    return store
  } catch (first) {
    const fresh = create(name)
    try {
      await inTime(deleteDatabase(name))
      await inTime(fresh.open())
    } catch {
      throw first
    }
    notes.push('The local copy of the database was damaged. It is made anew from the network.')
    return fresh
  }
}

async function inTime<T>(opening: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    return await Promise.race([
      opening,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`it did not answer within ${OPEN_MS / 1000} s`)), OPEN_MS)
      }),
    ])
  } finally {
    clearTimeout(timer)
  }
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new Error(`${name} is in use by another tab`))
  })
}
