import { expect, it } from 'vitest'
import { encodeCanonical } from '../domain/ids.ts'
import { jobCid } from '../domain/job.ts'
import { initialState } from '../room/state.ts'
import { sign } from '../room/store-fixtures.ts'
import { MemoryStoreNetwork } from '../sim/memory-store.ts'
import { Catalogue } from './catalogue.ts'
import { provenJob } from './test-proof.ts'
import { jobViews } from './views.ts'

it('a job’s chunks do not count back when their microjob is certified, before the database has the certificate', async () => {
  const { proof, members, results } = await provenJob()
  const { job, kernel } = proof
  const [host, liar] = members
  const store = new MemoryStoreNetwork().join(host!)
  const record = {
    kind: 'job' as const,
    job: jobCid(job),
    kernel: job.kernel,
    requester: host!.self,
    title: job.title,
    chunks: 20,
    microjobs: 2,
    createdAt: 1_000,
  }
  await store.jobs.put(await sign(host!, record))
  await store.jobs.put(await sign(host!, results[0]!))
  const clock = { now: () => 10_000, after: () => () => undefined }
  const catalogue = new Catalogue({ store: store.jobs, blocks: store.blocks, clock, builtIn: [kernel], changed: () => undefined })
  catalogue.add(record, job, kernel)
  const capabilities = { engine: 'cpu' as const, slots: 1, customKernels: false }
  const state = initialState({ self: host!.self, seed: new Uint8Array(32), now: 10_000, capabilities })
  const view = () => jobViews(state, catalogue, host!.self, new Map())[0]!
  expect(view()).toMatchObject({ chunksDone: 10, chunksVerified: 10 })
  const ref = { job: record.job, block: results[1]!.block, blockIndex: 0, microjob: 1, firstChunk: 10, chunkCount: 10 }
  state.recent.push({ ref, certificate: encodeCanonical(results[1]!.certificate), at: 9_990 })
  expect(view()).toMatchObject({ state: 'computed', chunksDone: 20, chunksVerified: 10 })
  await store.jobs.put(await sign(host!, results[1]!))
  expect(view()).toMatchObject({ state: 'verified', chunksDone: 20, chunksVerified: 20 })
  // What counts no longer is not counted because this tab has seen it certified.
  catalogue.convict(new Map([[liar!.self, 3_000]]))
  expect(view().chunksDone).toBe(view().chunksVerified)
  expect(view().chunksDone).toBeLessThan(20)
  catalogue.stop()
})
