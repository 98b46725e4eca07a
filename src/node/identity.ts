import { IDBDatastore } from 'datastore-idb'
import { Key } from 'interface-datastore'

/** More tabs of one browser than this share nothing any more and start fresh. */
const MAX_SLOTS = 32

/** Where one tab keeps what is its own; two tabs of one browser never share a slot. */
export interface Slot {
  /** Name of the IndexedDB databases, or of the folder. */
  directory: string
  /** False when nothing will be there next time. */
  persistent: boolean
}

/**
 * The first slot no other tab of this browser holds: held until the tab is closed.
 * Without Web Locks or IndexedDB the slot is of this visit only.
 */
export async function takeSlot(base: string): Promise<Slot> {
  if (typeof navigator === 'undefined' || navigator.locks === undefined || !(await canStore())) {
    return { directory: `${base}-visit-${crypto.getRandomValues(new Uint32Array(1))[0]}`, persistent: false }
  }
  for (let n = 1; n <= MAX_SLOTS; n++) {
    const directory = `${base}-${n}`
    if (await hold(directory)) return { directory, persistent: true }
  }
  return { directory: `${base}-visit-${crypto.getRandomValues(new Uint32Array(1))[0]}`, persistent: false }
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

/** Private windows of some browsers have an IndexedDB that refuses to open. */
async function canStore(): Promise<boolean> {
  if (typeof indexedDB === 'undefined') return false
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open('roomful-probe')
      request.onsuccess = () => {
        request.result.close()
        resolve(true)
      }
      request.onerror = () => resolve(false)
      request.onblocked = () => resolve(false)
    } catch {
      resolve(false)
    }
  })
}

const KEY = new Key('/private-key')

/** The slot's private key, made by `generate` on the first visit. */
export async function loadKey(slot: Slot, generate: () => Promise<Uint8Array>): Promise<Uint8Array> {
  if (!slot.persistent) return generate()
  const store = new IDBDatastore(`${slot.directory}-identity`)
  await store.open()
  try {
    if (await store.has(KEY)) return await store.get(KEY)
    const key = await generate()
    await store.put(KEY, key)
    return key
  } finally {
    await store.close()
  }
}
