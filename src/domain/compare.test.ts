import { describe, expect, it } from 'vitest'
import { compareOutputs, comparesByHash } from './compare.ts'

const floats = (...values: number[]) => new Uint8Array(new Float32Array(values).buffer)
const approx = { rule: 'approx', abs: 0.01, rel: 0.1, maxBadFraction: 0 } as const

describe('the comparison of outputs', () => {
  it('agrees under "exact" only where every byte is the same', () => {
    expect(compareOutputs({ rule: 'exact' }, floats(1, 2), floats(1, 2))).toEqual({ agrees: true, bad: 0, elements: 2 })
    expect(compareOutputs({ rule: 'exact' }, floats(1, 2), floats(1, 2.5))).toEqual({ agrees: false, bad: 1, elements: 2 })
    expect(compareOutputs({ rule: 'exact' }, floats(1), floats(1, 2)).agrees).toBe(false)
  })

  it('allows the absolute tolerance near zero and the relative one far from it', () => {
    expect(compareOutputs(approx, floats(0.009, 109), floats(0, 100)).bad).toBe(0)
    expect(compareOutputs(approx, floats(0.011, 111), floats(0, 100)).bad).toBe(2)
  })

  it('allows a share of bad elements and not one more', () => {
    const rule = { ...approx, maxBadFraction: 0.5 }
    expect(compareOutputs(rule, floats(9, 1), floats(1, 1)).agrees).toBe(true)
    expect(compareOutputs(rule, floats(9, 9), floats(1, 1)).agrees).toBe(false)
  })

  it('never takes a NaN or an infinity for a number', () => {
    const wide = { ...approx, abs: 1e30, rel: 1e30 }
    expect(compareOutputs(wide, floats(Number.NaN, Infinity, Infinity, 1), floats(1, 1, -Infinity, Number.NaN)).bad).toBe(4)
    expect(compareOutputs(wide, floats(Number.NaN, Infinity), floats(Number.NaN, Infinity)).bad).toBe(0)
  })

  it('compares outputs that do not begin at the start of their buffer', () => {
    const shifted = new Uint8Array(9)
    shifted.set(floats(1, 2), 1)
    expect(compareOutputs(approx, shifted.subarray(1), floats(1, 2)).agrees).toBe(true)
  })

  it('says which rules a hash decides', () => {
    expect(comparesByHash({ rule: 'exact' })).toBe(true)
    expect(comparesByHash(approx)).toBe(false)
  })
})
