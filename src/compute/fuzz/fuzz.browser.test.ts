import { afterAll, describe, expect, it } from 'vitest'
import { CpuEngine } from '../cpu/pool.ts'
import { GpuEngine } from '../gpu/engine.ts'
import { testKernel, testTask } from '../test-kernel.ts'
import { generateKernel } from './generate.ts'

const PROGRAMS = Number(import.meta.env['VITE_FUZZ_PROGRAMS'] ?? 40)
const FIRST = Number(import.meta.env['VITE_FUZZ_FIRST'] ?? 1)

describe('WebGPU against the CPU engine', () => {
  const [cpu, gpu] = [new CpuEngine({ workers: 1 }), new GpuEngine()]
  afterAll(() => Promise.all([cpu.dispose(), gpu.dispose()]))
  const never = new AbortController().signal

  for (const floats of [false, true]) {
    it(
      `agrees on ${PROGRAMS} generated programs ${floats ? 'with exact floats' : 'of integers'}, in result and fuel`,
      { timeout: 3_600_000 },
      async () => {
        for (let seed = FIRST; seed < FIRST + PROGRAMS; seed++) {
          const kernel = testKernel(generateKernel(seed, { floats }), { elementsPerItem: 4 })
          const task = testTask(kernel, { origin: [seed % 7, seed % 3, 0], size: [6, 2, 1] })
          const [one, other] = await Promise.all([cpu.run(task, never), gpu.run(task, never)])
          expect([seed, ...new Uint32Array(other.output.buffer)], kernel.source).toEqual([seed, ...new Uint32Array(one.output.buffer)])
          expect([seed, other.fuel]).toEqual([seed, one.fuel])
        }
      },
    )
  }
})
