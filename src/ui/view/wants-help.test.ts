import { describe, expect, it } from 'vitest'
import { builtInKernels } from '../../compute/kernels/index.ts'
import { kernelCid } from '../../domain/kernel.ts'
import type { NodeSnapshot } from '../../node/api.ts'
import { openElsewhere, openHere, wantsHelp } from './wants-help.ts'

describe('wantsHelp', () => {
  it('counts a job that is computed and waits for somebody to check it', () => {
    const states = ['open', 'running', 'computed', 'verified', 'cancelled'] as const
    expect(states.filter((state) => wantsHelp({ state }))).toEqual(['open', 'running', 'computed'])
  })
})

it('jobs whose kernels are not built in are left to others until they are allowed', () => {
  const jobs = [kernelCid(builtInKernels[0]!), 'bafystranger', 'bafystranger'].map((cid, i) => ({
    kernelCid: cid,
    state: i === 2 ? 'verified' : 'open',
  }))
  const snapshot = (allowCustomKernels: boolean) =>
    ({ jobs, contribution: { settings: { allowCustomKernels } } }) as unknown as NodeSnapshot
  expect([openHere(snapshot(false)), openElsewhere(snapshot(false))]).toEqual([1, 1])
  expect([openHere(snapshot(true)), openElsewhere(snapshot(true))]).toEqual([2, 0])
})
