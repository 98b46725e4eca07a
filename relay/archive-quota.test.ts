import { describe, expect, it } from 'vitest'
import { jobsToDrop } from './archive-quota.ts'
import type { ArchiveQuotas, Holding } from './archive-quota.ts'

const holding = (job: string, requester: string, createdAt: number, bytes: number, finished = false): Holding => ({
  job,
  requester,
  createdAt,
  bytes,
  finished,
})

const quotas = (bytesPerRequester: number, bytes: number, jobsPerRequester = 100): ArchiveQuotas => ({
  bytesPerRequester,
  bytes,
  jobsPerRequester,
})

describe('the archive’s quotas', () => {
  it('drop nothing while everything fits', () => {
    expect(jobsToDrop([holding('a', 'ann', 1, 10), holding('b', 'ben', 2, 10)], quotas(10, 20))).toEqual([])
  })

  it('take the oldest unfinished job of a requester beyond its share, and leave the others’ alone', () => {
    const holdings = [holding('old', 'ann', 1, 10), holding('new', 'ann', 2, 10), holding('other', 'ben', 0, 10)]
    expect(jobsToDrop(holdings, quotas(15, 100))).toEqual(['old'])
  })

  it('take unfinished jobs before finished ones, however old', () => {
    const holdings = [holding('done', 'ann', 1, 10, true), holding('open', 'ann', 2, 10)]
    expect(jobsToDrop(holdings, quotas(15, 100))).toEqual(['open'])
    expect(jobsToDrop(holdings, quotas(5, 100))).toEqual(['open', 'done'])
  })

  it('take from everybody, oldest first, when all together is too much', () => {
    const holdings = [holding('b', 'ben', 2, 10), holding('a', 'ann', 1, 10), holding('c', 'cid', 3, 10)]
    expect(jobsToDrop(holdings, quotas(10, 15))).toEqual(['a', 'b'])
  })

  it('take the oldest unfinished jobs of a requester beyond their number, whatever their size', () => {
    const holdings = [1, 2, 3, 4].map((at) => holding(`open ${at}`, 'ann', at, 0)).concat(holding('done', 'ann', 0, 10, true))
    expect(jobsToDrop([...holdings, holding('other', 'ben', 0, 1)], quotas(100, 100, 2))).toEqual(['open 1', 'open 2'])
  })
})
