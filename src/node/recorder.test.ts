import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { blockCid } from '../domain/job.ts'
import { jobRecord, sign } from '../room/store-fixtures.ts'
import { startTestNode } from '../store/test-node.ts'
import { Recorder } from './recorder.ts'
import type { TestNode } from '../store/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node.stop())

it('a claim is taken by the database, and so is one that lapses as it is made, to give it up', async () => {
  const { store, signer } = node
  let now = Date.now()
  const record = jobRecord(signer, 'claimed', now)
  await store.jobs.put(await sign(signer, record))
  const clock = { now: () => now, after: () => () => undefined }
  const failed = vi.fn()
  const recorder = new Recorder({ jobs: store.jobs, ledger: store.ledger, signer, clock, failed })
  const ref = { job: record.job, block: blockCid(record.job, 0), blockIndex: 0, microjob: 0, firstChunk: 0, chunkCount: 10 }
  const claims = (): number[] => store.jobs.records().flatMap((each) => (each.kind === 'claim' ? each.lapsesAt - each.createdAt : []))
  recorder.handle({ type: 'claim', ref, term: 1, lapsesAt: now + 60_000 })
  await vi.waitFor(() => expect(claims()).toEqual([60_000]))
  now += 5_000
  recorder.handle({ type: 'claim', ref, term: 1, lapsesAt: now })
  await vi.waitFor(() => expect(claims()).toEqual([0]))
  expect(failed).not.toHaveBeenCalled()
})
