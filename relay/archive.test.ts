import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { textBytes } from '../src/domain/bytes.ts'
import type { Cid } from '../src/domain/ids.ts'
import type { JobRecord } from '../src/domain/record.ts'
import { jobRecord, partial, result, sign, tombstone } from '../src/room/store-fixtures.ts'
import { connect, newSigner, signerOf, startLibp2p, startTestNode } from '../src/store/test-node.ts'
import type { TestNode } from '../src/store/test-node.ts'
import { createArchive } from './archive.ts'
import type { Archive } from './archive.ts'
import { Shelf } from './archive-shelf.ts'
import { DEFAULT_QUOTAS } from './archive-quota.ts'
import type { ArchiveQuotas } from './archive-quota.ts'

interface Relay {
  archive: Archive
  libp2p: TestNode['libp2p']
  stop(): Promise<void>
}

const until = (condition: () => unknown): Promise<unknown> => vi.waitFor(condition, { timeout: 20_000, interval: 20 })
const soon = (): AbortSignal => AbortSignal.timeout(10_000)

describe('the archive', { timeout: 60_000 }, () => {
  let directory: string
  const ends: (() => Promise<void>)[] = []

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'roomful-archive-'))
  })

  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
    await rm(directory, { recursive: true, force: true })
  }, 30_000)

  async function startRelay(quotas: Partial<ArchiveQuotas> = {}): Promise<Relay> {
    const key = await generateKeyPair('Ed25519')
    const libp2p = await startLibp2p(key)
    const archive = await createArchive({ libp2p, directory, signer: signerOf(key), quotas: { ...DEFAULT_QUOTAS, ...quotas } })
    const stop = async (): Promise<void> => {
      await archive.stop()
      await libp2p.stop()
    }
    ends.push(stop)
    return { archive, libp2p, stop: async () => void (await Promise.all(ends.splice(ends.indexOf(stop), 1).map((end) => end()))) }
  }

  async function startTab(relay: Relay): Promise<TestNode> {
    const tab = await startTestNode()
    ends.push(() => tab.stop())
    await connect(tab, relay)
    return tab
  }

  /** A job with its manifest, its kernel and one input block in the tab's store. */
  async function submit(tab: TestNode, name: string, inputBytes = 1_000): Promise<{ record: JobRecord; kernel: Cid; input: Cid }> {
    const kernel = await tab.store.blocks.putValue({ manifest: { name }, source: 'fn main' })
    const input = await tab.store.blocks.put(Uint8Array.from({ length: inputBytes }, (_, i) => name.charCodeAt(i % name.length)))
    const job = await tab.store.blocks.putValue({
      title: name,
      kernel,
      input: { blocks: [input] },
      requester: tab.signer.self,
      nonce: name,
    })
    const record = { ...jobRecord(tab.signer, name, Date.now()), job, kernel }
    await tab.store.jobs.put(await sign(tab.signer, record))
    return { record, kernel, input }
  }

  it('serves a job, its blocks, its partial results and its outputs after every tab has closed and it was restarted', async () => {
    const relay = await startRelay()
    const tab = await startTab(relay)
    const { record, kernel, input } = await submit(tab, 'overnight')
    const outputs = await Promise.all([0, 1].map((chunk) => tab.store.blocks.put(textBytes(`${record.job}/${chunk}`))))
    await tab.store.jobs.put(await sign(tab.signer, partial(tab.signer, record.job, Date.now(), [0, 1])))
    await until(() => expect(relay.archive.stats()).toMatchObject({ jobs: 1, blocks: 5, missing: 0 }))
    await tab.stop()
    await relay.stop()

    const again = await startRelay()
    expect(again.archive.stats()).toMatchObject({ jobs: 1, blocks: 5 })
    const late = await startTab(again)
    await until(() =>
      expect(
        late.store.jobs
          .records()
          .map(({ kind }) => kind)
          .sort(),
      ).toEqual(['job', 'partial']),
    )
    for (const cid of [record.job, kernel, input, ...outputs]) expect((await late.store.blocks.get(cid, soon())).length).toBeGreaterThan(0)
  })

  it('tells a requester that comes back how its job has ended', async () => {
    const relay = await startRelay()
    const requester = await generateKeyPair('Ed25519')
    const first = await startTestNode({ key: requester })
    await connect(first, relay)
    const { record } = await submit(first, 'come back')
    await until(() => expect(relay.archive.store.jobs.records()).toHaveLength(1))
    await first.stop()
    const worker = await startTab(relay)
    await until(() => expect(worker.store.jobs.records()).toHaveLength(1))
    await worker.store.jobs.put(await sign(worker.signer, await result([worker.signer, await newSigner()], record.job, Date.now())))
    await until(() => expect(relay.archive.store.jobs.records()).toHaveLength(2))
    await worker.stop()

    const back = await startTestNode({ key: requester })
    ends.push(() => back.stop())
    await connect(back, relay)
    await until(() =>
      expect(
        back.store.jobs
          .records()
          .map(({ kind }) => kind)
          .sort(),
      ).toEqual(['job', 'result']),
    )
  })

  it('lets a requester’s oldest unfinished job go when its share is used up', async () => {
    const relay = await startRelay({ bytesPerRequester: 150_000 })
    const tab = await startTab(relay)
    const old = await submit(tab, 'old', 100_000)
    await until(() => expect(relay.archive.stats()).toMatchObject({ blocks: 3, missing: 0 }))
    await submit(tab, 'newer', 100_000)
    await until(() => expect(relay.archive.stats()).toMatchObject({ jobs: 1, dropped: 1, blocks: 3, missing: 0 }))
    expect(await relay.archive.store.blocks.has(old.input)).toBe(false)
    expect(relay.archive.stats().bytes).toBeLessThan(150_000)
  })

  it('keeps the last of a requester that submits without end, and everything of the others', async () => {
    const relay = await startRelay({ jobsPerRequester: 3 })
    const [spammer, honest] = [await startTab(relay), await startTab(relay)]
    const kept = await submit(honest, 'honest')
    await until(() => expect(relay.archive.stats()).toMatchObject({ jobs: 1, blocks: 3 }))
    const spam: Awaited<ReturnType<typeof submit>>[] = []
    for (let i = 0; i < 8; i++) spam.push(await submit(spammer, `spam ${i}`, 10))
    const has = () => Promise.all([kept, ...spam].map(({ record }) => relay.archive.store.blocks.has(record.job)))
    const gone = Array.from({ length: 5 }, () => false)
    await until(async () => expect(await has()).toEqual([true, ...gone, true, true, true]))
    await until(() => expect(relay.archive.stats()).toMatchObject({ jobs: 4, dropped: 5, missing: 0 }))
    expect(await has()).toEqual([true, ...gone, true, true, true])
  })

  it('gives up the blocks of a job that its requester takes back, and of nobody else’s word', async () => {
    const relay = await startRelay()
    const tab = await startTab(relay)
    const stranger = await startTab(relay)
    const { record } = await submit(tab, 'taken back')
    await until(() => expect(relay.archive.stats()).toMatchObject({ blocks: 3 }))
    await stranger.store.jobs.put(await sign(stranger.signer, tombstone(stranger.signer, record.job, Date.now())))
    await until(() => expect(relay.archive.store.jobs.records()).toHaveLength(2))
    expect(relay.archive.stats()).toMatchObject({ jobs: 1, dropped: 0, blocks: 3 })
    await tab.store.jobs.put(await sign(tab.signer, tombstone(tab.signer, record.job, Date.now())))
    await until(() => expect(relay.archive.stats()).toMatchObject({ jobs: 0, dropped: 1, blocks: 0 }))
  })

  it('keeps nothing for a job that names another requester than its manifest does', async () => {
    const relay = await startRelay()
    const tab = await startTab(relay)
    const thief = await startTab(relay)
    const { record } = await submit(tab, 'mine')
    await until(() => expect(relay.archive.stats()).toMatchObject({ jobs: 1, blocks: 3 }))
    await thief.store.jobs.put(await sign(thief.signer, { ...record, requester: thief.signer.self, createdAt: 1 }))
    await until(() => expect(relay.archive.store.jobs.records()).toHaveLength(2))
    await until(() => expect(relay.archive.stats().missing).toBe(0))
    expect(relay.archive.stats()).toMatchObject({ jobs: 1, blocks: 3 })
  })

  it('keeps no blocks of a job that was taken back before its manifest came', async () => {
    const relay = await startRelay()
    const tab = await startTestNode()
    ends.push(() => tab.stop())
    const { record } = await submit(tab, 'regretted')
    await tab.store.jobs.put(await sign(tab.signer, tombstone(tab.signer, record.job, Date.now())))
    await connect(tab, relay)
    await until(() => expect(relay.archive.stats()).toMatchObject({ jobs: 0, dropped: 1, blocks: 0, missing: 0 }))
  })

  it('keeps a job although a stranger announced it under its own name before its manifest could be had', async () => {
    const relay = await startRelay()
    const tab = await startTestNode()
    ends.push(() => tab.stop())
    const { record } = await submit(tab, 'mine')
    const thief = await startTab(relay)
    await thief.store.jobs.put(await sign(thief.signer, { ...record, requester: thief.signer.self, createdAt: 1 }))
    await until(() => expect(relay.archive.stats().missing).toBe(1))
    const messenger = await startTab(relay)
    await connect(messenger, tab)
    await until(() => expect(relay.archive.store.jobs.records()).toHaveLength(2))
    await connect(tab, relay)
    await until(() => expect(relay.archive.stats()).toMatchObject({ jobs: 1, blocks: 3, missing: 0 }))
  })

  it('goes on when the disk does not take that a job has ended or was taken back', async () => {
    const relay = await startRelay()
    const tab = await startTab(relay)
    const { record } = await submit(tab, 'taken back')
    await until(() => expect(relay.archive.stats()).toMatchObject({ blocks: 3, missing: 0 }))
    const drop = vi.spyOn(Shelf.prototype, 'drop').mockRejectedValueOnce(new Error('no space left on device'))
    await tab.store.jobs.put(await sign(tab.signer, tombstone(tab.signer, record.job, Date.now())))
    await until(() => expect(drop).toHaveBeenCalledTimes(2))
    await until(() => expect(relay.archive.stats()).toMatchObject({ jobs: 0, dropped: 1, blocks: 0 }))
    drop.mockRestore()
  })

  it('keeps the outputs of a job that came after many made-up ones', async () => {
    const relay = await startRelay()
    const spammer = await startTab(relay)
    const spam = Array.from({ length: 1_000 }, (_, i) => tombstone(spammer.signer, jobRecord(spammer.signer, `made up ${i}`).job))
    await Promise.all(spam.map(async (record) => spammer.store.jobs.put(await sign(spammer.signer, record))))
    await until(() => expect(relay.archive.store.jobs.records()).toHaveLength(1_000))
    const tab = await startTestNode()
    ends.push(() => tab.stop())
    const { record } = await submit(tab, 'true')
    for (const chunk of [0, 1]) await tab.store.blocks.put(textBytes(`${record.job}/${chunk}`))
    await tab.store.jobs.put(await sign(tab.signer, partial(tab.signer, record.job, Date.now(), [0, 1])))
    await connect(tab, relay)
    await until(() => expect(relay.archive.stats()).toMatchObject({ jobs: 1, blocks: 5, missing: 0 }))
  })
})
