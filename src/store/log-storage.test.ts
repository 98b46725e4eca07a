import { MemoryDatastore } from 'datastore-core'
import { describe, expect, it } from 'vitest'
import { LogStorage } from './log-storage.ts'

describe('the storage of a log', () => {
  it('has lost what is deleted although its writing is still under way', async () => {
    const datastore = new MemoryDatastore()
    const { promise, resolve } = Promise.withResolvers<void>()
    const batch = datastore.batch.bind(datastore)
    datastore.batch = () => {
      const real = batch()
      return { ...real, commit: async () => promise.then(() => real.commit()) }
    }
    const storage = new LogStorage(datastore, 'x')
    storage.put('/a', new Uint8Array(1))
    const written = storage.commit()
    await Promise.resolve()
    await Promise.resolve()
    storage.delete('/a')
    expect(await storage.get('/a')).toBeUndefined()
    resolve()
    await written
    expect(await storage.get('/a')).toBeUndefined()
  })
})
