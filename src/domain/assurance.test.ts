import { describe, expect, it } from 'vitest'
import { checkingCost, checkingFor, worstErrorRate } from './assurance.ts'

const chunksPerCheck = (epsilon: number): number => checkingFor(epsilon).chunksPerCheck

describe('assurance', () => {
  it('accepts under one wrong chunk in a hundred when one in ten is checked', () => {
    expect(worstErrorRate(0.1)).toBeLessThan(0.0093)
    expect(chunksPerCheck(0.01)).toBe(10)
  })

  it('checks more the less may be wrong, and everything in the end', () => {
    const wanted = [0.05, 0.01, 0.004, 0.002, 0.001, 0.000001].map(chunksPerCheck)
    expect(wanted).toEqual([...wanted].sort((a, b) => b - a))
    expect(wanted.at(-1)).toBe(1)
  })

  it('never accepts more than it was asked to', () => {
    for (const epsilon of [0.01, 0.005, 0.002, 0.001]) {
      expect(worstErrorRate(1 / chunksPerCheck(epsilon))).toBeLessThanOrEqual(epsilon)
    }
  })

  it('costs a tenth of the work among workers that are believed, and a third over the first forty chunks of strangers', () => {
    const checking = checkingFor(0.01)
    expect(checking).toEqual({ chunksPerCheck: 10, credibleAfter: 10 })
    expect(checkingCost(checking, 10)).toBeCloseTo(0.1)
    expect(checkingCost(checking, 99)).toBeCloseTo(0.1)
    expect(checkingCost(checking, 0, 40)).toBeCloseTo(0.325)
    expect(checkingCost(checking, 4, 40)).toBeCloseTo(0.235)
    expect(checkingCost(checking, 0, 5)).toBe(1)
  })
})
