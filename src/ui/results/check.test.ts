import { describe, expect, it } from 'vitest'
import { failureText } from './check.ts'

describe('failureText', () => {
  it('numbers microjobs and blocks from 1, as every other page does', () => {
    const finding = { claim: 'the data is what was certified', detail: 'chunk 1 has other bytes' }
    expect(failureText({ ...finding, microjob: '0/4' })).toBe(
      'Microjob 5 in block 1: the data is what was certified (chunk 1 has other bytes)',
    )
  })

  it('names no microjob for what concerns the whole file', () => {
    expect(failureText({ microjob: null, claim: 'every chunk is certified once', detail: 'chunk 3 is not' })).toBe(
      'every chunk is certified once (chunk 3 is not)',
    )
  })
})
