import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { jobRecord, sign } from '../room/store-fixtures.ts'
import { levelStorage } from './level.ts'
import { newSigner } from './test-node.ts'
import { openReplica } from './test-replica.ts'

describe('files that were damaged while nobody had them open', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'roomful-level-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  async function fill(): Promise<void> {
    const ann = await newSigner()
    const files = await levelStorage(directory)
    const replica = await openReplica(ann, { datastore: files.datastore })
    for (let i = 0; i < 50; i++) await replica.put(await sign(ann, jobRecord(ann, `job ${i}`)))
    await replica.stop()
    await files.close()
  }

  async function records(): Promise<{ records: number; detail: string }> {
    const files = await levelStorage(directory)
    try {
      const replica = await openReplica(await newSigner(), { datastore: files.datastore })
      const found = { records: replica.records().length, detail: files.detail }
      await replica.stop()
      return found
    } finally {
      await files.close()
    }
  }

  const filesOf = async (kind: RegExp): Promise<string[]> =>
    (await readdir(join(directory, 'data'))).filter((name) => kind.test(name)).map((name) => join(directory, 'data', name))

  it('lose at most what was being written', async () => {
    await fill()
    for (const path of await filesOf(/\.log$/)) await truncate(path, (await readFile(path)).length - 1_000)
    expect((await records()).records).toBeGreaterThan(30)
  })

  it('are set aside for new ones, which the network fills again', async () => {
    await fill()
    await (await levelStorage(directory)).close()
    const tables = await filesOf(/\.ldb$/)
    expect(tables.length).toBeGreaterThan(0)
    for (const path of tables) {
      const bytes = await readFile(path)
      await writeFile(path, bytes.fill(0x55, 100, bytes.length >> 1))
    }
    expect(await records()).toEqual({ records: 0, detail: expect.stringContaining('was damaged') })
    await fill()
    expect(await records()).toEqual({ records: 50, detail: '' })
  })
})
