import { describe, expect, it } from 'vitest'
import { encodeCanonical, hashBytes } from '../domain/ids.ts'
import { claim, conviction, jobRecord, refusal, result } from '../room/store-fixtures.ts'
import type { DatabaseRecord, LedgerRecord } from '../domain/record.ts'
import { JobSet, LedgerSet, MAX_UNANNOUNCED_JOBS, TAB_LIMITS } from './record-set.ts'
import { newSigner } from './test-node.ts'

const read = (record: DatabaseRecord | LedgerRecord) => ({
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

describe('what a conviction opens again', () => {
  it('is live although the job was finished, until other results complete it', async () => {
    const members = await Promise.all([0, 1, 2].map(newSigner))
    const set = new JobSet(TAB_LIMITS, members[0]!.self)
    const job = jobRecord(members[0]!, 'done')
    set.add(read(job))
    const done = await result(members, job.job, 2_000)
    set.add(read(done))
    expect(set.live(3_000)).toEqual([])
    const checked = done.certificate.body.checked.map(({ chunk }) => chunk)
    const liar = done.certificate.body.chunks.find(({ chunk }) => !checked.includes(chunk))!.peer
    set.convict(new Map([[liar, 3_000]]))
    expect(set.live(3_000).map(({ record }) => record.kind)).toEqual(['job', 'result'])
    const again = await result(
      members.filter(({ self }) => self !== liar),
      job.job,
      4_000,
    )
    set.add(read(again))
    expect(set.live(5_000)).toEqual([])
    expect(set.records()).toHaveLength(3)
  })

  it('stays so: convictions outlive other entries of the ledger, and a newcomer gets them at once', async () => {
    const members = await Promise.all([0, 1, 2, 3, 4].map(newSigner))
    const set = new LedgerSet({ ...TAB_LIMITS, ledgerEntries: 3 })
    const job = jobRecord(members[0]!, 'lied about')
    set.add(read(await conviction(members, job.job, 1)))
    for (let i = 0; i < 140; i++) set.add(read(refusal(members[i % 5]!, jobRecord(members[0]!, `job ${i}`).job, members[1]!.self, 2 + i)))
    expect(set.live().filter(({ record }) => record.kind === 'conviction')).toHaveLength(1)
    expect(set.rest().some(({ record }) => record.kind === 'conviction')).toBe(false)
    set.compact()
    expect(set.records().map(({ kind }) => kind)).toEqual(['conviction', 'refusal', 'refusal', 'refusal'])
  })
})

describe('one peer’s share', () => {
  it('of claims takes its own oldest, and leaves those of others and its records of other kinds', async () => {
    const [flood, honest] = [await newSigner(), await newSigner()]
    const set = new JobSet({ ...TAB_LIMITS, recordsPerPeer: 3 }, honest.self)
    const job = jobRecord(honest, 'wanted', 1, 50)
    const own = claim(honest, job.job, 1, 1_000)
    for (const record of [job, own, jobRecord(flood, 'its own', 2)]) set.add(read(record))
    for (let i = 0; i < 20; i++) set.add(read(claim(flood, job.job, 10 + i, 1_000, 1, i)))
    const claims = set.records().filter((record) => record.kind === 'claim')
    expect(claims.map(({ createdAt }) => createdAt)).toEqual([1, 27, 28, 29])
    expect(set.records().filter(({ kind }) => kind === 'job')).toHaveLength(2)
  })
})

describe('the records of the ledger', () => {
  it('keep the newest refusals of each reporter alone, in whatever order they come, and crowd out nobody else’s', async () => {
    const [flood, honest, culprit] = [await newSigner(), await newSigner(), await newSigner()]
    const limits = { ...TAB_LIMITS, refusalsPerPeer: 3, ledgerEntries: 10 }
    const spam = Array.from({ length: 20 }, (_, i) => refusal(flood, jobRecord(flood, `made up ${i}`).job, culprit.self, 1_000 + i))
    const own = refusal(honest, jobRecord(honest, 'true').job, culprit.self, 1)
    for (const records of [
      [own, ...spam],
      [...spam.toReversed(), own],
    ]) {
      const set = new LedgerSet(limits)
      const added = records.map((record) => set.add(read(record)).added)
      expect(set.compact()).toEqual([])
      expect(set.records()).toEqual([own, ...spam.slice(-3)])
      // What a limit takes at once is not passed on as new.
      expect(added.filter((what) => what === 'new')).toHaveLength(records[0] === own ? 21 : 4)
    }
  })
})
