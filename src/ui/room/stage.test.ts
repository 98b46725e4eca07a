import { describe, expect, it } from 'vitest'
import type { ChunkView } from '../../node/api.ts'
import { roomSentence } from '../contribute/role.ts'
import { stageSentence, verdictSentence } from './stage.ts'

const chunk = (state: ChunkView['state']): ChunkView => ({ id: 0, state, peer: null, deadline: null })

describe('stageSentence', () => {
  it('counts chunks with a result while the room works', () => {
    const chunks = [chunk('done'), chunk('verified'), chunk('granted'), chunk('open')]
    expect(stageSentence({ stage: 'working', chunks }).text).toMatch(/^2 of 4 chunks/)
  })

  it('calls nothing good before it is verified', () => {
    for (const stage of ['working', 'revealing', 'checking', 'unverified'] as const) {
      expect(stageSentence({ stage, chunks: [] }).good).toBe(false)
    }
  })

  it('calls a microjob verified when it is complete', () => {
    expect(stageSentence({ stage: 'complete', chunks: [] })).toMatchObject({ title: 'Verified', good: true })
  })
})

describe('verdictSentence', () => {
  it('numbers a microjob as the headline of the room does', () => {
    expect(roomSentence({ microjob: 3, blockIndex: 0 })).toMatch(/^Microjob 4 /)
    expect(verdictSentence({ microjob: 3, verifier: null, verdict: 'verified' })).toBe('Microjob 4 before it: verified')
  })
})
