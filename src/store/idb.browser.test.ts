import { Key } from 'interface-datastore'
import { CID } from 'multiformats/cid'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { textBytes } from '../domain/bytes.ts'
import { cidOfBytes } from '../domain/ids.ts'
import { StorageHealth, TabDatastore } from './idb-stores.ts'
import { idbStorage } from './idb.ts'
import type { IDBDatastore } from 'datastore-idb'
import type { StoreFiles } from './store-files.ts'

/** The part of the DevTools protocol that is used here. */
const devtools = cdp() as unknown as { send(method: string, parameters: object): Promise<unknown> }
const setQuota = (quotaSize?: number) => devtools.send('Storage.overrideQuotaForOrigin', { origin: location.origin, quotaSize })
const clear = () => devtools.send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' })

/** Bytes that do not compress. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}

async function read(files: StoreFiles, cid: CID): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of files.blockstore.get(cid)) parts.push(part)
  return parts[0]!
}

describe('the storage of a tab', () => {
  let tests = 0
  const opened: StoreFiles[] = []

  async function open(name = `test-${++tests}-${Date.now()}`): Promise<StoreFiles & { name: string }> {
    const files = await idbStorage(name)
    opened.push(files)
    return Object.assign(files, { name })
  }

  afterEach(async () => {
    await setQuota()
    for (const files of opened.splice(0)) await files.close()
    await clear()
  })

  it('keeps a batch over a visit', async () => {
    const first = await open()
    const batch = first.datastore.batch()
    batch.put(new Key('/a'), textBytes('kept'))
    batch.put(new Key('/b'), textBytes('too'))
    await batch.commit()
    const second = first.datastore.batch()
    second.delete(new Key('/b'))
    await second.commit()
    await first.close()
    const again = await open(first.name)
    const found: string[] = []
    for await (const { key, value } of again.datastore.query({ prefix: '/' }))
      found.push(`${key.toString()} ${new TextDecoder().decode(value)}`)
    expect(found).toEqual(['/a kept'])
    expect(again).toMatchObject({ persistent: true, full: false, detail: '' })
  })

  it('rejects a batch for which there is no room, and keeps nothing of it', async () => {
    const { datastore } = await open()
    // Chromium asks for the room left before the first write, and then not again for a while.
    await setQuota(200_000)
    await datastore.put(new Key('/before'), textBytes('here'))
    const batch = datastore.batch()
    batch.put(new Key('/small'), textBytes('x'))
    batch.put(new Key('/large'), noise(4_000_000))
    await expect(batch.commit()).rejects.toMatchObject({ name: 'QuotaExceededError' })
    expect([await datastore.has(new Key('/small')), await datastore.has(new Key('/before'))]).toEqual([false, true])
  })

  it('holds blocks in memory while there is no room, says so, and writes them when there is', async () => {
    const files = await open()
    const bytes = noise(3_000_000)
    const cid = CID.parse(cidOfBytes(bytes))
    await setQuota(200_000)
    await files.blockstore.put(cid, bytes)
    expect(files.full).toBe(true)
    expect(files.detail).toContain('full')
    expect(await read(files, cid)).toEqual(bytes)
    await setQuota()
    const other = textBytes('small')
    await files.blockstore.put(CID.parse(cidOfBytes(other)), other)
    expect([files.full, files.detail]).toEqual([false, ''])
    await files.close()
    expect(await read(await open(files.name), cid)).toEqual(bytes)
  })

  it('goes on in memory when the browser takes it back, and says so', async () => {
    const files = await open()
    await files.datastore.put(new Key('/a'), textBytes('gone'))
    await clear()
    const batch = files.datastore.batch()
    batch.put(new Key('/b'), textBytes('new'))
    await batch.commit()
    expect(await files.datastore.get(new Key('/b'))).toEqual(textBytes('new'))
    expect(await files.datastore.has(new Key('/a'))).toBe(false)
    const block = textBytes('block')
    await files.blockstore.put(CID.parse(cidOfBytes(block)), block)
    expect(await read(files, CID.parse(cidOfBytes(block)))).toEqual(block)
    expect(files.detail).toContain('taken this site’s storage back')
  })

  it('goes on in memory with everything that was under way when it was taken back', async () => {
    const files = await open()
    await clear()
    const keys = ['/a', '/b', '/c'].map((name) => new Key(name))
    await Promise.all(keys.map((key) => files.datastore.put(key, textBytes('kept'))))
    for (const key of keys) expect(await files.datastore.get(key)).toEqual(textBytes('kept'))
  })

  it('tries again what was cut off, and then knows whether its database is gone', async () => {
    for (const gone of [false, true]) {
      const health = new StorageHealth()
      const answers = [new DOMException('The transaction was aborted', 'AbortError'), new DOMException('closed', 'InvalidStateError')]
      const put = vi.fn(async (key: Key) => {
        const failure = answers.shift()
        if (failure !== undefined && (gone || failure.name === 'AbortError')) throw failure
        return key
      })
      const store = new TabDatastore({ put } as unknown as IDBDatastore, health)
      await store.put(new Key('/a'), textBytes('kept'))
      expect([put.mock.calls.length, health.gone]).toEqual([2, gone])
    }
  })

  it('begins a database anew that cannot be opened as it is', async () => {
    const name = `test-broken-${Date.now()}`
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.open(`${name}-data`, 9)
      request.onsuccess = () => {
        request.result.close()
        resolve()
      }
      request.onerror = () => reject(request.error!)
    })
    const files = await open(name)
    await files.datastore.put(new Key('/a'), textBytes('works'))
    expect(await files.datastore.get(new Key('/a'))).toEqual(textBytes('works'))
    expect(files.detail).toContain('made anew')
  })
})
