import { describe, expect, it } from 'vitest'
import { instantiate } from '../cpu/compile.ts'
import { testKernel, testTask } from '../test-kernel.ts'
import { checkKernel } from '../wgsl/check.ts'
import { compileToShader } from '../wgsl/gpu-backend.ts'
import { generateKernel } from './generate.ts'
import { interpret } from './interpreter.ts'
import { hostileKernel } from './hostile.ts'

const PROGRAMS = Number(process.env['FUZZ_PROGRAMS'] ?? 150)
const FIRST = Number(process.env['FUZZ_FIRST'] ?? 1)
/** Lines that hold four neighbours and a rest, so that every way of computing them is taken. */
const SIZE: [number, number, number] = [6, 2, 1]

describe('the compiler against the interpreter', () => {
  for (const floats of [false, true]) {
    it(
      `agrees on ${PROGRAMS} generated programs ${floats ? 'with exact floats' : 'of integers'}, in result and fuel`,
      { timeout: 3_600_000 },
      () => {
        for (let seed = FIRST; seed < FIRST + PROGRAMS; seed++) {
          const kernel = testKernel(generateKernel(seed, { floats }), { elementsPerItem: 4 })
          const tile = { origin: [seed % 7, seed % 3, 0], size: SIZE, width: 0, height: 0, halo: 0 }
          const expected = interpret(checkKernel(kernel), kernel.manifest, {
            parameters: new Uint32Array(0),
            input: new Uint32Array(1),
            tile,
          })
          const instance = instantiate(kernel)
          instance.begin(testTask(kernel, { origin: [seed % 7, seed % 3, 0], size: SIZE }))
          instance.step(7)
          instance.step(100)
          const { output, fuel } = instance.finish()
          expect([seed, ...new Uint32Array(output.buffer)], kernel.source).toEqual([seed, ...expected.words])
          expect([seed, fuel]).toEqual([seed, expected.fuel])
        }
      },
    )
  }
})

describe('the compiler against hostile sources', () => {
  const inputs = Number(process.env['FUZZ_HOSTILE'] ?? 1500)

  it(`refuses or compiles ${inputs} broken sources with a position, none of them in more than a second`, { timeout: 3_600_000 }, () => {
    let refused = 0
    for (let seed = FIRST; seed < FIRST + inputs; seed++) {
      const kernel = hostileKernel(seed)
      const begun = process.threadCpuUsage()
      try {
        instantiate(kernel)
        compileToShader(checkKernel(kernel), kernel.manifest)
      } catch (error) {
        refused++
        expect(error, `seed ${seed}: ${String(error instanceof Error ? error.stack : error)}`).toMatchObject({ name: 'KernelError' })
        const { line, column } = error as { line: number; column: number }
        expect(line, `seed ${seed}`).toBeGreaterThan(0)
        expect(column, `seed ${seed}`).toBeGreaterThan(0)
      }
      const { user, system } = process.threadCpuUsage(begun)
      expect((user + system) / 1000, `seed ${seed}, ms of this thread`).toBeLessThan(1000)
    }
    expect(refused).toBeGreaterThan(inputs / 3)
    expect(refused).toBeLessThan(inputs)
  })
})
