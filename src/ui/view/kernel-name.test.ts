import { expect, it } from 'vitest'
import { kernelByName } from '../../compute/kernels/index.ts'
import { kernelCid } from '../../domain/kernel.ts'
import { kernelName } from './kernel-name.ts'

it('a kernel goes by its name, and by the end of its address while nobody knows its name', () => {
  const cid = kernelCid(kernelByName('collatz')!)
  expect(kernelName({ kernel: 'mine', kernelCid: 'bafyqwertz' })).toBe('mine')
  expect(kernelName({ kernel: cid, kernelCid: cid })).toBe('collatz')
  expect(kernelName({ kernel: 'bafyqwertz', kernelCid: 'bafyqwertz' })).toBe('kernel …qwertz')
})
