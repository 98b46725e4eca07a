import { describe, expect, it } from 'vitest'
import { wantsHelp } from './wants-help.ts'

describe('wantsHelp', () => {
  it('counts a job that is computed and waits for somebody to check it', () => {
    const states = ['open', 'running', 'computed', 'verified', 'cancelled'] as const
    expect(states.filter((state) => wantsHelp({ state }))).toEqual(['open', 'running', 'computed'])
  })
})
