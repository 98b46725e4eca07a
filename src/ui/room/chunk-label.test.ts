import { describe, expect, it } from 'vitest'
import { chunkLabel, chunkMark } from './chunk-label.ts'

describe('a chunk in words', () => {
  it('says who holds it and how long that may last', () => {
    const chunk = { id: 7, state: 'granted', peer: '12D3KooWabcdef', deadline: 12_000 } as const
    expect(chunkLabel(chunk, 'me', 4_500)).toBe('Chunk 7: granted to …abcdef, 8 s left')
    expect(chunkMark(chunk, 4_500)).toBe('8')
    expect(chunkMark(chunk, 99_000)).toBe('0')
  })

  it('says that it is your own', () => {
    expect(chunkLabel({ id: 1, state: 'done', peer: 'me', deadline: null }, 'me', 0)).toBe('Chunk 1: computed by you')
  })

  it('tells computed from verified without colour', () => {
    const marks = (['open', 'done', 'verified'] as const).map((state) => chunkMark({ id: 1, state, peer: 'a', deadline: null }, 0))
    expect(new Set(marks).size).toBe(3)
  })
})
