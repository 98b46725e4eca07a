import { describe, expect, it } from 'vitest'
import { rawInput, sampleItems } from './raw-input.ts'

describe('an input of plain items', () => {
  it('has as many rows as its bytes make', () => {
    expect(rawInput('a.bin', new Uint8Array(48), 3, 4)).toMatchObject({ width: 3, height: 4, name: 'a.bin' })
  })

  it('is refused with the figures when its bytes are not whole rows', () => {
    expect(rawInput('a.bin', new Uint8Array(50), 3, 4)).toEqual({
      problem: expect.stringMatching(/“a.bin” has 50 bytes.*rows of 3 items of 4 bytes/),
    })
  })

  it('is refused when it is empty or its rows are', () => {
    expect(rawInput('a.bin', new Uint8Array(0), 3, 4)).toHaveProperty('problem')
    expect(rawInput('a.bin', new Uint8Array(8), 0, 4)).toHaveProperty('problem')
    expect(rawInput('a.bin', new Uint8Array(8), Number.NaN, 4)).toHaveProperty('problem')
  })

  it('has a sample of two square matrices', () => {
    expect(rawInput('sample', sampleItems(16), 16, 4)).toMatchObject({ width: 16, height: 32 })
  })
})
