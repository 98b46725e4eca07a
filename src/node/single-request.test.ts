import { expect, it } from 'vitest'
import { kernelByName } from '../compute/kernels/index.ts'
import { excessForOne } from './single-request.ts'

const of = (name: string, space: [number, number, number], inputBytes = 0) => excessForOne(kernelByName(name)!.manifest, space, inputBytes)

it('one node is asked for no more than fits into the answer, the input or a chunk', () => {
  expect(of('mandelbrot', [1600, 1000, 1])).toEqual({ of: 'bytes of output', has: 6_400_000, most: 262_144 })
  expect(of('mandelbrot', [256, 256, 1])).toBeNull()
  expect(of('matmul', [2, 2, 1], 2 ** 25)).toEqual({ of: 'bytes of input', has: 2 ** 25, most: 2 ** 24 })
  expect(of('montecarlo', [2_000_000, 1, 1])).toEqual({ of: 'items', has: 2_000_000, most: 65_536 })
  expect(of('collatz', [20_000_000, 1, 1])).toBeNull()
})
