import { describe, expect, it } from 'vitest'
import { kernelByName } from '../../compute/kernels/index.ts'
import type { Job } from '../../domain/job.ts'
import { kernelCid } from '../../domain/kernel.ts'
import type { ParameterValues } from '../../domain/kernel.ts'
import { findings } from './findings.ts'

function result(name: string, words: number[], parameters: ParameterValues = {}, cid?: string) {
  const kernel = kernelByName(name)!
  return { kernel, job: { kernel: cid ?? kernelCid(kernel), parameters } as Job, output: new Uint8Array(new Uint32Array(words).buffer) }
}

describe('findings', () => {
  it('name the number with the longest chain of all chunks', () => {
    expect(findings(result('collatz', [111, 27, 0, 350, 77031, 0, 0, 0, 0]))).toEqual([
      { name: 'Longest chain', value: '350 steps' },
      { name: 'Of the number', value: '77,031' },
    ])
  })

  it('put the words of a wide number together', () => {
    expect(findings(result('collatz', [9, 1, 2]))[1]!.value).toBe('8,589,934,593')
  })

  it('say whether a search has found something', () => {
    expect(findings(result('sha256', [0, 0, 1, 77]))).toEqual([{ name: 'Number found', value: '77' }])
    expect(findings(result('sha256', [0, 0, 0, 0]))[0]!.value).toBe('none so far')
    expect(findings(result('sha256', [1, 5], { nonceHigh: 1 }))[0]!.value).toBe('4,294,967,301')
  })

  it('give a price only once there are paths', () => {
    expect(findings(result('montecarlo', [0, 0, 0, 0, 0, 0]))).toEqual([])
    expect(findings(result('montecarlo', [0, 1, 0, 1, 0, 16])).map(({ name }) => name)).toEqual([
      'Price, × first price',
      'Standard error',
      'Paths',
    ])
  })

  it('say nothing about a stranger’s kernel of the same name', () => {
    expect(findings(result('collatz', [9, 1, 0], {}, 'bafystranger'))).toEqual([])
  })
})
