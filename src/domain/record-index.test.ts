import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordIndex } from './record-index.ts'
import type { ClaimRecord, DatabaseRecord, JobRecord, ResultRecord } from './record.ts'

const jobOf = (job: string): JobRecord => ({
  kind: 'job',
  job,
  kernel: 'kernel',
  requester: 'ann',
  title: job,
  chunks: 2,
  microjobs: 2,
  createdAt: 1,
})
const claimOf = (job: string, term: number): ClaimRecord => ({
  kind: 'claim',
  job,
  block: 'block',
  microjob: 0,
  peer: 'host',
  term,
  createdAt: 1,
  lapsesAt: 9,
})
const resultOf = (job: string, peer: string): ResultRecord => ({
  kind: 'result',
  job,
  block: 'block',
  microjob: 0,
  peer: 'host',
  createdAt: 5,
  certificate: {
    body: { chunks: [{ chunk: 0, peer, output: 'output', fuel: 1, engine: 'cpu' }], checked: [], verifier: 'ver', second: null },
  } as unknown as ResultRecord['certificate'],
})
const NOBODY = new Map<string, number>()

describe('an index of records', () => {
  it('finds anew what follows from a job’s records when they change, and only then', () => {
    const index = new RecordIndex()
    const [first, second] = [jobOf('first'), jobOf('second')]
    index.update([first, second], NOBODY)
    const before = { first: index.of('first'), second: index.of('second') }
    index.update([second, claimOf('second', 1), first], NOBODY)
    expect(index.of('first')).toBe(before.first)
    expect(index.of('second')).not.toBe(before.second)
    expect(index.of('second').claims.get('block/0')).toHaveLength(1)
  })

  it('counts what a liar computed no longer once it is known', () => {
    const index = new RecordIndex()
    const records = [jobOf('job'), resultOf('job', 'liar')]
    index.update(records, NOBODY)
    expect(index.of('job').results.get('block/0')?.voided).toEqual([])
    index.update(records, new Map([['liar', 6]]))
    expect(index.of('job').results.get('block/0')?.voided).toEqual([0])
  })

  it('knows nothing of a job without records', () => {
    const index = new RecordIndex()
    index.update([jobOf('job')], NOBODY)
    index.update([], NOBODY)
    expect(index.of('job')).toMatchObject({ records: [], announced: false })
  })

  it('is the same as a new one, whatever it has seen before', () => {
    const pool: DatabaseRecord[] = ['one', 'two', 'three'].flatMap((job) => [
      jobOf(job),
      claimOf(job, 1),
      claimOf(job, 2),
      resultOf(job, 'ben'),
      resultOf(job, 'liar'),
      { kind: 'tombstone', job, requester: 'ann', createdAt: 2 },
    ])
    const state = fc.tuple(fc.shuffledSubarray(pool), fc.constantFrom(NOBODY, new Map([['liar', 6]])))
    fc.assert(
      fc.property(fc.array(state), (states) => {
        const index = new RecordIndex()
        for (const [records, convicted] of states) {
          index.update(records, convicted)
          const fresh = new RecordIndex()
          fresh.update(records, convicted)
          for (const job of ['one', 'two', 'three']) expect(index.of(job)).toEqual(fresh.of(job))
        }
      }),
    )
  })
})
