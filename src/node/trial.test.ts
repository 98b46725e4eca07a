import { describe, expect, it } from 'vitest'
import { kernelByName } from '../compute/kernels/index.ts'
import { sampleImage } from '../compute/kernels/samples.ts'
import { testKernel } from '../compute/test-kernel.ts'
import type { Kernel } from '../domain/kernel.ts'
import type { SubmitRequest } from './api.ts'
import { previewJob } from './submission.ts'
import { tryChunk } from './trial.ts'

const width = { name: 'width', type: 'u32', label: 'Width', default: 1000, min: 1, max: 100_000 } as const

/** A kernel over a line of items. */
function kernelOf(body: string, fuelPerItem = 1): Kernel {
  const space = { from: 'parameters' as const, axes: ['width'] }
  return testKernel(`fn kernel(id: vec3<u32>) -> u32 { ${body} }`, { manifest: { parameters: [width], space, fuelPerItem } })
}

function requestOf(kernel: Kernel, more: Partial<SubmitRequest> = {}): SubmitRequest {
  return { title: 'T', kernel, parameters: {}, input: null, epsilon: 0.01, chunk: [100, 1, 1], ...more }
}

describe('the trial of a kernel before it is submitted', () => {
  it('tells items, time and fuel of the middle chunk', async () => {
    const trial = await tryChunk(requestOf(kernelOf('var n = 0u; for (var i = 0u; i < 9u; i++) { n += id.x; } return n;')), 'cpu')
    expect(trial).toMatchObject({ chunk: 5, items: 100, fuel: 1000, engines: ['cpu'] })
    expect(trial.ms).toBeGreaterThan(0)
  })

  it('gives the kernel its part of the real input', async () => {
    const kernel = kernelByName('convolve')!
    const input = { bytes: sampleImage(64, 48), width: 64, height: 48, name: 'photo' }
    expect((await tryChunk(requestOf(kernel, { input, chunk: [16, 16, 1] }), 'cpu')).items).toBe(256)
    await expect(tryChunk(requestOf(kernel, { input: null }), 'cpu')).rejects.toMatchObject({ name: 'InputError' })
  })

  it('refuses a kernel that does not compile, with its place', async () => {
    await expect(tryChunk(requestOf(kernelOf('return id.w;')), 'cpu')).rejects.toMatchObject({ name: 'KernelError', line: 1 })
    expect(() => previewJob(requestOf(kernelOf('return id.w;')), null)).toThrow(/line 1, column 45/)
  })

  it('refuses a kernel that never ends', async () => {
    await expect(tryChunk(requestOf(kernelOf('loop { if (id.x > 4000000u) { break; } } return 1u;')), 'cpu')).rejects.toMatchObject({
      name: 'FuelError',
    })
  })
})
