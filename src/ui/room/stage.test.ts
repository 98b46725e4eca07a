import { describe, expect, it } from 'vitest'
import type { ChunkView } from '../../node/api.ts'
import { stageSentence } from './stage.ts'

const chunk = (state: ChunkView['state']): ChunkView => ({ id: 0, state, peer: null, deadline: null })

describe('stageSentence', () => {
  it('counts chunks with a result while the room works', () => {
    const chunks = [chunk('done'), chunk('verified'), chunk('granted'), chunk('open')]
    expect(stageSentence({ stage: 'working', chunks, verdict: null }).text).toMatch(/^2 of 4 chunks/)
  })

  it('calls nothing good before it is verified', () => {
    for (const stage of ['working', 'revealing', 'checking', 'unverified'] as const) {
      expect(stageSentence({ stage, chunks: [], verdict: null }).good).toBe(false)
    }
  })

  it('gives the verdict in the words of the room', () => {
    expect(stageSentence({ stage: 'complete', chunks: [], verdict: '3 of 3 agree' })).toEqual({
      title: 'Verified',
      text: '3 of 3 agree',
      good: true,
    })
  })
})
