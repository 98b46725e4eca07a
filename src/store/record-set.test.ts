import { describe, expect, it } from 'vitest'
import { encodeCanonical, hashBytes } from '../domain/ids.ts'
import { claim, jobRecord } from '../room/store-fixtures.ts'
import type { DatabaseRecord } from '../domain/record.ts'
import { JobSet, MAX_UNANNOUNCED_JOBS, TAB_LIMITS } from './record-set.ts'
import { newSigner } from './test-node.ts'

const read = (record: DatabaseRecord) => ({
  signed: { record, signature: new Uint8Array(64) },
  hash: `z${record.createdAt}`,
  digest: hashBytes(encodeCanonical(record)),
})

describe('the records of the job database', () => {
  it('keep a bounded number of jobs that nobody has announced, and lose the oldest of them alone', async () => {
    const signer = await newSigner()
    const set = new JobSet({ ...TAB_LIMITS, recordsPerPeer: 10_000 }, signer.self)
    const job = jobRecord(signer, 'announced')
    set.add(read(job))
    for (let i = 0; i < MAX_UNANNOUNCED_JOBS + 5; i++) set.add(read(claim(signer, jobRecord(signer, `made up ${i}`).job, i, i + 1_000)))
    expect(set.size).toBe(1 + MAX_UNANNOUNCED_JOBS)
    expect(set.records()).toContainEqual(job)
    expect(set.records()).not.toContainEqual(expect.objectContaining({ createdAt: 4 }))
    expect(set.records()).toContainEqual(expect.objectContaining({ createdAt: 5 }))
  })

  it('are live while the job is open, claims only until they lapse', async () => {
    const signer = await newSigner()
    const set = new JobSet(TAB_LIMITS, signer.self)
    const job = jobRecord(signer, 'open')
    set.add(read(job))
    set.add(read(claim(signer, job.job, 2_000, 3_000)))
    expect(set.live(2_999).map(({ record }) => record.kind)).toEqual(['job', 'claim'])
    expect(set.live(3_000).map(({ record }) => record.kind)).toEqual(['job'])
    set.add(read({ kind: 'tombstone', job: job.job, requester: signer.self, createdAt: 4_000 }))
    expect(set.live(2_999)).toEqual([])
  })
})
