import { describe, expect, it } from 'vitest'
import type { JobView } from '../../node/api.ts'
import { progressSentence, recomputedSentence, timeLeft } from './progress-sentence.ts'

const job = (change: Partial<JobView>) =>
  ({ state: 'running', etaSeconds: null, chunksDone: 3, chunks: 10, found: false, ...change }) as const

describe('recomputedSentence', () => {
  it('says what is computed again, and because of whom', () => {
    const nameOf = (peer: string) => peer.toUpperCase()
    expect(recomputedSentence([], nameOf)).toBeNull()
    expect(recomputedSentence([{ peer: 'ann', chunks: 1 }], nameOf)).toBe('1 chunk of ANN is computed again, because it was proven wrong.')
    const both = [
      { peer: 'ann', chunks: 2 },
      { peer: 'ben', chunks: 3 },
    ]
    expect(recomputedSentence(both, nameOf)).toBe('5 chunks of ANN, BEN are computed again, because they were proven wrong.')
  })
})

describe('timeLeft', () => {
  it('gives a time only when one is known', () => {
    expect(timeLeft(job({ etaSeconds: 95 }))).toBe('About 1 min 35 s left at the pace of the last minute.')
    expect(timeLeft(job({ etaSeconds: 0.4 }))).toBe('Nearly done.')
    expect(timeLeft(job({}))).toMatch(/not known yet/)
  })

  it('says nothing of a job that does not run', () => {
    for (const state of ['open', 'computed', 'verified', 'cancelled'] as const) expect(timeLeft(job({ state, etaSeconds: 5 }))).toBeNull()
  })
})

describe('progressSentence', () => {
  it('stays the same while a job runs, so that it is read aloud once', () => {
    expect(progressSentence(job({ etaSeconds: 95, chunksDone: 4 }))).toBe(progressSentence(job({ etaSeconds: 12, chunksDone: 9 })))
  })

  it('does not call a computed job done', () => {
    expect(progressSentence(job({ state: 'computed', chunksDone: 10 }))).toMatch(/not verified/)
  })

  it('says of a search that has ended why not every chunk was computed', () => {
    expect(progressSentence(job({ state: 'verified', found: true }))).toMatch(/^Found and verified/)
    expect(progressSentence(job({ state: 'verified' }))).toBe('Complete and verified.')
  })

  it('says that an open job waits for somebody', () => {
    expect(progressSentence(job({ state: 'open' }))).toMatch(/Waiting/)
  })
})
