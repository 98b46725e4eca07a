import { describe, expect, it } from 'vitest'
import { gather } from '../domain/chunk.ts'
import { encodeCanonical } from '../domain/ids.ts'
import { jobCid } from '../domain/job.ts'
import { chunkAt } from '../domain/plan.ts'
import type { JobRecord } from '../domain/record.ts'
import { initialState } from '../room/state.ts'
import { claim, partial, sign } from '../room/store-fixtures.ts'
import { MemoryStoreNetwork } from '../sim/memory-store.ts'
import { Catalogue } from './catalogue.ts'
import { OutputCache } from './output-cache.ts'
import { OutputShelf } from './output.ts'
import { provenJob } from './test-proof.ts'
import { jobViews } from './views.ts'

const BESIDE = { left: 0, right: 0, top: 0, bottom: 0 }

/** The proven job in a catalogue of its host, as a person sees it; its results are not in the database yet. */
async function listedJob() {
  const proven = await provenJob()
  const { job, kernel } = proven.proof
  const host = proven.members[0]!
  const store = new MemoryStoreNetwork().join(host)
  const record: JobRecord = {
    kind: 'job',
    job: jobCid(job),
    kernel: job.kernel,
    requester: host.self,
    title: job.title,
    chunks: 20,
    microjobs: 2,
    createdAt: 1_000,
  }
  await store.jobs.put(await sign(host, record))
  const clock = { now: () => 10_000, after: () => () => undefined }
  const catalogue = new Catalogue({ store: store.jobs, blocks: store.blocks, clock, builtIn: [kernel], changed: () => undefined })
  catalogue.add(record, job, kernel)
  const capabilities = { engine: 'cpu' as const, slots: 1, customKernels: false }
  const state = initialState({ self: host.self, seed: new Uint8Array(32), now: 10_000, capabilities })
  return { ...proven, record, store, catalogue, state, view: () => jobViews(state, catalogue, host.self, new Map())[0]! }
}

it('a job’s chunks do not count back when their microjob is certified, before the database has the certificate', async () => {
  const { members, results, record, store, catalogue, state, view } = await listedJob()
  const [host, liar] = members
  await store.jobs.put(await sign(host!, results[0]!))
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

it('a job runs while a room has claimed some of it, and is open again when the claim has lapsed', async () => {
  const { members, record, store, catalogue, view } = await listedJob()
  const host = members[0]!
  expect(view().state).toBe('open')
  await store.jobs.put(await sign(host, partial(host, record.job, 9_000, [0, 1])))
  expect(view()).toMatchObject({ state: 'open', chunksDone: 2 })
  await store.jobs.put(await sign(host, claim(host, record.job, 9_000, 10_001)))
  expect(view().state).toBe('running')
  await store.jobs.put(await sign(host, claim(host, record.job, 9_001, 10_000)))
  expect(view().state).toBe('open')
  catalogue.stop()
})

describe('a job of which a liar has computed something', () => {
  it('says what is computed again and because of whom, and shows none of it until then', async () => {
    const { proof, data, members, results, outputs, record, store, catalogue, state, view } = await listedJob()
    const { job, kernel } = proof
    const [host, liar] = members
    for (const bytes of outputs) await store.blocks.put(bytes)
    for (const result of results) await store.jobs.put(await sign(host!, result))
    const shelf = new OutputShelf(catalogue, { outputs: new OutputCache(store.blocks), state }, () => undefined)
    expect(view()).toMatchObject({ state: 'verified', chunksVerified: 20, recomputed: [] })
    expect((await shelf.output(record.job)).output).toEqual(data)
    expect(catalogue.work(() => true, null)).toEqual([])

    catalogue.convict(new Map([[liar!.self, 3_000]]))
    const voided = results.flatMap(({ certificate: { body } }) =>
      body.chunks.filter(({ chunk, peer }) => peer === liar!.self && !body.checked.some((entry) => entry.chunk === chunk)),
    )
    expect(voided.length).toBeGreaterThan(2)
    expect(view()).toMatchObject({
      state: 'open',
      chunksVerified: 20 - voided.length,
      chunksDone: 20 - voided.length,
      microjobsVerified: 0,
      recomputed: [{ peer: liar!.self, chunks: voided.length }],
    })
    const now = await shelf.output(record.job)
    expect([now.complete, now.verified, now.certificates]).toEqual([false, false, []])
    for (const { chunk } of voided) {
      expect(now.chunkStates[chunk]).toBe('missing')
      const shown = gather(now.output, { input: chunkAt(job, kernel.manifest, chunk).output, clamp: BESIDE }, 1)
      expect(shown.every((byte) => byte === 0)).toBe(true)
    }
    expect(now.chunkStates.filter((chunk) => chunk === 'verified')).toHaveLength(20 - voided.length)
    const work = catalogue.work(() => true, null)
    expect(work.map(({ certificates }) => certificates)).toEqual([1, 1])
    const known = work.flatMap(({ results: listed }) => listed.map(({ chunk }) => chunk))
    expect(known.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, chunk) => chunk).filter((chunk) => !voided.some((entry) => entry.chunk === chunk)),
    )
    catalogue.stop()
  })
})
