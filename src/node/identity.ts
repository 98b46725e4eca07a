import { IDBDatastore } from 'datastore-idb'
import { Key } from 'interface-datastore'
import { equalBytes } from '../domain/bytes.ts'
import type { PeerId } from '../domain/ids.ts'
import { generateKey } from '../net/keys.ts'
import { keyFileText, KeyFileError, ownerOf, parseKeyFile } from './key-file.ts'

/** More tabs of one browser than this share nothing any more and start fresh. */
const MAX_SLOTS = 32
/** IndexedDB that does not answer for so long is taken for missing, ms. */
const PROBE_MS = 10_000

const KEY = new Key('/private-key')

/** Who one tab is, and where it keeps what is its own; two tabs of one browser never share a slot. */
export class Identity {
  /** Name of the IndexedDB databases, or of the folder. */
  readonly directory: string
  /** False when nothing will be there next time. */
  readonly persistent: boolean
  /** libp2p protobuf bytes. */
  readonly key: Uint8Array
  /** What a person should know about it; empty when all is well. */
  readonly detail: string

  private constructor(directory: string, persistent: boolean, key: Uint8Array, detail: string) {
    this.directory = directory
    this.persistent = persistent
    this.key = key
    this.detail = detail
  }

  /**
   * The first slot that no other tab of this browser holds, held until the tab is closed, with the key in it, made on
   * the first visit. Without Web Locks or IndexedDB slot and key are of this visit only.
   * @param base of the names of what is stored
   */
  static async take(base: string): Promise<Identity> {
    const directory = await takeSlot(base)
    if (directory === null) return Identity.#ofThisVisit(base, '')
    try {
      const stored = await loadKey(directory)
      if (stored !== null && (await ownerOf(stored)) !== null) return new Identity(directory, true, stored, '')
      const key = await generateKey()
      await saveKey(directory, key)
      const detail = stored === null ? '' : 'This tab’s key was damaged. It has a new one, and is another peer than before.'
      return new Identity(directory, true, key, detail)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      return Identity.#ofThisVisit(base, `This browser keeps no key (${reason}): the one in use is gone when the tab is closed.`)
    }
  }

  static async #ofThisVisit(base: string, detail: string): Promise<Identity> {
    return new Identity(`${base}-visit-${crypto.getRandomValues(new Uint32Array(1))[0]}`, false, await generateKey(), detail)
  }

  /** The key as a file for its owner. */
  export(): string {
    return keyFileText(this.key)
  }

  /**
   * Puts the key of a file in the place of this slot's, from the next start on; the key in use stays until then.
   * Gives its peer. Rejects with KeyFileError, and the old key stays, when it is none or cannot be kept.
   */
  async import(text: string): Promise<PeerId> {
    const { peer, key } = await parseKeyFile(text)
    if (!this.persistent)
      throw new KeyFileError('this browser keeps nothing, so the key would be gone with this tab: allow the site to store data')
    if (await isInOtherSlot(this.directory, key))
      throw new KeyFileError(
        `another tab of this browser is ${peer} already: two tabs cannot be the same peer. Close this one and use that`,
      )
    await saveKey(this.directory, key)
    return peer
  }
}

async function takeSlot(base: string): Promise<string | null> {
  if (typeof navigator === 'undefined' || navigator.locks === undefined || !(await canStore())) return null
  for (let n = 1; n <= MAX_SLOTS; n++) if (await hold(`${base}-${n}`)) return `${base}-${n}`
  return null
}

function hold(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null)
        // Held as long as the page lives.
        return lock === null ? undefined : new Promise(() => {})
      })
      .catch(() => resolve(false))
  })
}

/** Private windows of some browsers have an IndexedDB that refuses to open, or never answers. */
async function canStore(): Promise<boolean> {
  if (typeof indexedDB === 'undefined') return false
  return new Promise((resolve) => {
    const patience = setTimeout(() => resolve(false), PROBE_MS)
    const answer = (can: boolean): void => {
      clearTimeout(patience)
      resolve(can)
    }
    try {
      const request = indexedDB.open('roomful-probe')
      request.onsuccess = () => {
        request.result.close()
        answer(true)
      }
      request.onerror = () => answer(false)
      request.onblocked = () => answer(false)
    } catch {
      answer(false)
    }
  })
}

async function withStore<T>(directory: string, action: (store: IDBDatastore) => Promise<T>): Promise<T> {
  const store = new IDBDatastore(`${directory}-identity`)
  await store.open()
  try {
    return await action(store)
  } finally {
    await store.close()
  }
}

async function loadKey(directory: string): Promise<Uint8Array | null> {
  return withStore(directory, async (store) => ((await store.has(KEY)) ? store.get(KEY) : null))
}

async function saveKey(directory: string, key: Uint8Array): Promise<void> {
  await withStore(directory, (store) => store.put(KEY, key))
}

/** Whether another slot of this browser has the key, so that two tabs would be one peer. */
async function isInOtherSlot(directory: string, key: Uint8Array): Promise<boolean> {
  const prefix = directory.slice(0, directory.lastIndexOf('-'))
  const others = (await indexedDB.databases())
    .map(({ name = '' }) => name.match(/^(.+-\d+)-identity$/)?.[1])
    .filter((other) => other !== undefined && other !== directory && other.startsWith(`${prefix}-`))
  for (const other of others) {
    const stored = await loadKey(other!)
    if (stored !== null && equalBytes(stored, key)) return true
  }
  return false
}
