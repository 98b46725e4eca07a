import { describe, expect, it } from 'vitest'
import { epsilonHelp, epsilonLabel } from './epsilon.ts'

describe('the price of fewer wrong chunks', () => {
  it('fits into the field of a phone', () => {
    for (const epsilon of [0.05, 0.01, 0.001, 0.00001]) expect(epsilonLabel(epsilon).length).toBeLessThanOrEqual(36)
  })

  it('says what strangers cost where that is another price', () => {
    expect(epsilonLabel(0.01)).toBe('1 in 100: about 10% more work')
    expect(epsilonHelp(0.01)).toMatch(/the first 10 chunks are, so that strangers compute a small job twice/)
    expect(epsilonHelp(0.00001)).toMatch(/Here everything is\.$/)
  })
})
