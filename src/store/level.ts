import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { LevelBlockstore } from 'blockstore-level'
import { LevelDatastore } from 'datastore-level'
import { StorageError } from './errors.ts'
import type { StoreFiles } from './store-files.ts'

interface Openable {
  open(): Promise<void>
  close(): Promise<void>
}

/**
 * Files in a folder, for the relay and for Node. A damaged database is set aside under a name of its own and a new one
 * begun. Rejects with StorageError when another process has the folder open or it cannot be written.
 */
export async function levelStorage(directory: string): Promise<StoreFiles> {
  await mkdir(directory, { recursive: true })
  const notes: string[] = []
  const blockstore = await openOrReplace(join(directory, 'blocks'), (path) => new LevelBlockstore(path), notes)
  const datastore = await openOrReplace(join(directory, 'data'), (path) => new LevelDatastore(path), notes, readThrough)
  return {
    blockstore,
    datastore,
    persistent: true,
    full: false,
    detail: notes.join(' '),
    close: async () => {
      await blockstore.close()
      await datastore.close()
    },
  }
}

/** LevelDB looks at its tables only when they are read: one that is damaged must show before anything relies on it. */
async function readThrough(datastore: LevelDatastore): Promise<void> {
  for await (const _ of datastore.queryKeys({}));
}

async function openOrReplace<S extends Openable>(
  path: string,
  create: (path: string) => S,
  notes: string[],
  check: (store: S) => Promise<void> = async () => {},
): Promise<S> {
  const store = create(path)
  try {
    await store.open()
    await check(store)
    return store
  } catch (cause) {
    await store.close().catch(() => {})
    const reason = reasonOf(cause)
    if (!/corrupt|checksum|not an sstable|missing files|CURRENT|MANIFEST/i.test(reason)) {
      throw new StorageError(`${path} cannot be opened: is another relay running on it? (${reason})`, { cause })
    }
    const aside = `${path}.damaged-${Date.now()}`
    await rename(path, aside)
    notes.push(`${path} was damaged (${reason}); it is kept as ${aside}, and a new one was begun.`)
    const fresh = create(path)
    await fresh.open()
    return fresh
  }
}

/** The innermost message: Level and the stores on it wrap what LevelDB said. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`
}
