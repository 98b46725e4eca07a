import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cidOfBytes, cidOfValue } from './ids.ts'
import { jobCid } from './job.ts'
import type { Job } from './job.ts'
import { jobProgress, MAX_OPEN_PER_JOB, openWork, winningClaim } from './open-work.ts'
import type { ListedJob } from './open-work.ts'
import { chunkCount, microjobAt, microjobCount } from './plan.ts'
import { RecordIndex } from './record-index.ts'
import type { ClaimRecord, DatabaseRecord, PartialRecord, ResultRecord } from './record.ts'
import type { Convicted } from './voided.ts'

const NOW = 10_000
const REQUESTER = 'ann'

function listed(name: string, chunks: number, createdAt: number): ListedJob {
  const job: Job = {
    version: 1,
    title: name,
    kernel: cidOfValue('kernel'),
    parameters: {},
    input: null,
    space: [chunks, 1, 1],
    plan: { chunk: [1, 1, 1], chunksPerMicrojob: 10, microjobsPerBlock: 2, capacity: 11, deadlineMs: 1, epsilon: 0.01 },
    requester: REQUESTER,
    createdAt,
    nonce: name,
  }
  return {
    job,
    record: {
      kind: 'job',
      job: jobCid(job),
      kernel: job.kernel,
      requester: REQUESTER,
      title: name,
      chunks: chunkCount(job),
      microjobs: microjobCount(job),
      createdAt,
    },
  }
}

const JOB = listed('job', 35, 1)
const at = (index: number, of = JOB) => {
  const { job, block, microjob } = microjobAt(of.job, index)
  return { job, block, microjob }
}
const claimOf = (index: number, peer: string, more: Partial<ClaimRecord> = {}): ClaimRecord => ({
  kind: 'claim',
  ...at(index),
  peer,
  term: 1,
  createdAt: NOW - 100,
  lapsesAt: NOW + 100,
  ...more,
})
const partialOf = (index: number, peer: string, chunks: number[], createdAt = 5): PartialRecord => ({
  kind: 'partial',
  ...at(index),
  peer,
  createdAt,
  results: chunks.map((chunk) => ({ chunk, peer, output: cidOfBytes(new Uint8Array([chunk])), fuel: 1 })),
})
const resultOf = (index: number): ResultRecord => ({
  kind: 'result',
  ...at(index),
  peer: 'host',
  createdAt: 5,
  certificate: {} as ResultRecord['certificate'],
})
const indexOf = (records: DatabaseRecord[], convicted: Convicted = new Map()): RecordIndex => {
  const index = new RecordIndex()
  index.update(records, convicted)
  return index
}
const states = (records: DatabaseRecord[], now = NOW): string[] => openWork([JOB], indexOf(records), now).map(({ state }) => state)

describe('open work', () => {
  it('is every microjob of a new job, in order, with its block and chunks', () => {
    const work = openWork([JOB], indexOf([]), NOW)
    expect(work.map(({ ref }) => [ref.blockIndex, ref.microjob, ref.firstChunk, ref.chunkCount])).toEqual([
      [0, 0, 0, 10],
      [0, 1, 10, 10],
      [1, 0, 20, 10],
      [1, 1, 30, 5],
    ])
    expect(states([])).toEqual(['open', 'open', 'open', 'open'])
  })

  it('leaves out what is complete', () => {
    expect(openWork([JOB], indexOf([resultOf(1)]), NOW).map(({ ref }) => ref.firstChunk)).toEqual([0, 20, 30])
  })

  it('is none of a job that its requester has taken back, whatever a stranger says', () => {
    const tombstone = { kind: 'tombstone' as const, job: JOB.record.job, createdAt: 2 }
    expect(openWork([JOB], indexOf([{ ...tombstone, requester: REQUESTER }]), NOW)).toEqual([])
    expect(openWork([JOB], indexOf([{ ...tombstone, requester: 'mallory' }]), NOW)).toHaveLength(4)
  })

  it('is claimed until the claim lapses, and open again then with the lapsed claim’s term at hand', () => {
    const claim = claimOf(0, 'ben', { term: 3 })
    expect(states([claim])[0]).toBe('claimed')
    const [later] = openWork([JOB], indexOf([claim]), claim.lapsesAt)
    expect(later).toMatchObject({ state: 'open', claim: { term: 3 } })
  })

  it('gives back the chunks that somebody has finished, once each, and only those of the microjob', () => {
    const work = openWork([JOB], indexOf([partialOf(0, 'cid', [1, 2, 99], 6), partialOf(0, 'ben', [2, 3], 5)]), NOW)
    expect(work[0]!.state).toBe('partial')
    expect(work[0]!.results.map(({ chunk, peer }) => [chunk, peer])).toEqual([
      [1, 'cid'],
      [2, 'ben'],
      [3, 'ben'],
    ])
  })

  it('is again a microjob of which chunks were voided, with what stays of its certificate, until another completes it', () => {
    const body = (peers: string[]) => ({
      chunks: peers.map((peer, i) => ({ chunk: i, peer, output: cidOfBytes(new Uint8Array([i])), fuel: 1, engine: 'cpu' as const })),
      checked: [],
      verifier: 'ver',
      second: null,
    })
    const certified = (peers: string[], createdAt: number): ResultRecord => ({
      ...resultOf(0),
      createdAt,
      certificate: { body: body(peers) } as unknown as ResultRecord['certificate'],
    })
    const convicted = new Map([['liar', 7]])
    const lied = certified(['ann', 'liar', 'ben', 'liar'], 5)
    // Recorded by a host that trusted the liar, and by one that computed one of its chunks since.
    const partials = [partialOf(0, 'liar', [1, 3], 4), partialOf(0, 'cid', [3], 6)]
    expect(openWork([JOB], indexOf([lied]), NOW).map(({ ref }) => ref.firstChunk)).toEqual([10, 20, 30])
    const [open] = openWork([JOB], indexOf([lied, ...partials], convicted), NOW)
    expect(open).toMatchObject({ state: 'partial', certificates: 1, ref: { firstChunk: 0 } })
    expect(open!.results.map(({ chunk, peer }) => [chunk, peer])).toEqual([
      [0, 'ann'],
      [2, 'ben'],
      [3, 'cid'],
    ])
    const again = certified(['ann', 'dan', 'ben', 'cid'], 8)
    expect(openWork([JOB], indexOf([lied, again], convicted), NOW).map(({ ref }) => ref.firstChunk)).toEqual([10, 20, 30])
    expect(jobProgress(JOB, indexOf([lied], convicted), NOW)).toMatchObject({ complete: 0, partialChunks: 2 })
  })

  it('lists the oldest job first', () => {
    const older = listed('older', 5, 0)
    expect(openWork([JOB, older], indexOf([]), NOW)[0]!.ref.job).toBe(older.record.job)
  })

  it('leaves out a job whose record lies about its manifest', () => {
    expect(openWork([{ ...JOB, record: { ...JOB.record, microjobs: 3 } }], indexOf([]), NOW)).toEqual([])
    expect(openWork([{ ...JOB, record: { ...JOB.record, requester: 'mallory' } }], indexOf([]), NOW)).toEqual([])
  })

  it('lists only the first open microjobs of a huge job', () => {
    expect(openWork([listed('huge', 1_000_000, 2)], indexOf([]), NOW)).toHaveLength(MAX_OPEN_PER_JOB)
  })

  it('is the same list on every replica, in whatever order the records came', () => {
    const records = [
      claimOf(0, 'ben'),
      claimOf(0, 'ann'),
      claimOf(1, 'cid', { term: 2 }),
      partialOf(2, 'ben', [20, 21], 7),
      partialOf(2, 'ann', [21, 22], 7),
      resultOf(3),
    ]
    const expected = openWork([JOB], indexOf(records), NOW)
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) => {
        expect(openWork([JOB], indexOf(shuffled), NOW)).toEqual(expected)
      }),
    )
  })
})

describe('of several claims', () => {
  it('the higher term counts, then the earlier, then the lower peer id, and a lapsed one only when no other lives', () => {
    const winner = (...claims: ClaimRecord[]) => winningClaim(claims, NOW)?.peer
    expect(winner(claimOf(0, 'ann'), claimOf(0, 'ben', { term: 2 }))).toBe('ben')
    expect(winner(claimOf(0, 'ann'), claimOf(0, 'ben', { createdAt: 1 }))).toBe('ben')
    expect(winner(claimOf(0, 'ben'), claimOf(0, 'ann'))).toBe('ann')
    expect(winner(claimOf(0, 'ann', { term: 9, lapsesAt: NOW }), claimOf(0, 'ben'))).toBe('ben')
    expect(winner()).toBeUndefined()
  })
})

describe('a job’s progress', () => {
  it('counts what is complete, claimed and known', () => {
    const progress = jobProgress(
      JOB,
      indexOf([resultOf(0), claimOf(1, 'ben'), partialOf(2, 'ben', [20, 21]), partialOf(0, 'ben', [1])]),
      NOW,
    )
    expect(progress).toEqual({ microjobs: 4, complete: 1, claimed: 1, partialChunks: 2, cancelled: false })
  })
})
