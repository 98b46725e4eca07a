import { afterEach, describe, expect, it } from 'vitest'
import { createEngines } from './engines.ts'
import type { Engines } from './engines.ts'
import { describeEngine } from './engine-contract.ts'
import { tryKernel } from './pace.ts'
import { testKernel } from './test-kernel.ts'
import { mandelbrot } from './kernels/mandelbrot/index.ts'

describe('the choice of an engine without WebGPU', () => {
  let engines: Engines | null = null
  afterEach(() => engines?.dispose())

  it('takes the CPU engine and says why', async () => {
    engines = await createEngines({ mode: 'auto', workers: 1 })
    expect(engines.engine.kind).toBe('cpu')
    expect(engines.reason).toContain('WebGPU is a part of browsers')
    expect(engines.reports.map((report) => [report.kind, report.available])).toEqual([
      ['cpu', true],
      ['webgpu', false],
    ])
  })

  it('takes the CPU engine without looking further when it is asked for', async () => {
    engines = await createEngines({ mode: 'cpu', workers: 1 })
    expect(engines.reports.map((report) => report.kind)).toEqual(['cpu'])
    expect(engines.reason).toBe('the CPU engine was asked for')
  })

  it('measures the pace of a kernel once', async () => {
    engines = await createEngines({ mode: 'cpu', workers: 1 })
    const first = await engines.pace(mandelbrot, {}, [1600, 1000, 1])
    expect(first).toBeGreaterThan(1000)
    expect(await engines.pace(mandelbrot, {}, [1600, 1000, 1])).toBe(first)
  })
})

describe('a trial of a kernel', () => {
  it('tells items, fuel and output of one small chunk', async () => {
    const engines = await createEngines({ mode: 'cpu', workers: 1 })
    const kernel = testKernel('fn kernel(id: vec3<u32>) -> u32 { var n = 0u; for (var i = 0u; i < 9u; i++) { n += id.x; } return n; }')
    const trial = await tryKernel(engines.engine, kernel, {}, [1000, 1, 1], 100, new AbortController().signal)
    expect(trial).toMatchObject({ items: 100, fuelPerItem: 10 })
    expect(new Uint32Array(trial.output.buffer)[0]).toBe(450 * 9)
    await engines.dispose()
  })
})

describeEngine('the chosen engine in Node', async () => (await createEngines({ mode: 'auto', workers: 2 })).engine)
