import { afterEach, describe, expect, it } from 'vitest'
import { createEngines } from './engines.ts'
import type { Engines } from './engines.ts'
import { describeEngine } from './engine-contract.ts'
import { PaceCache } from './pace-cache.ts'
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

  it('takes the pace that an earlier visit has measured', async () => {
    const paces = new PaceCache(null)
    engines = await createEngines({ mode: 'cpu', workers: 1, paces })
    const measured = await engines.pace(mandelbrot, {}, [1600, 1000, 1])
    const later = await createEngines({ mode: 'cpu', workers: 2, paces })
    expect(await later.pace(mandelbrot, {}, [1600, 1000, 1])).toBe(measured * 2)
    await later.dispose()
  })
})

describeEngine('the chosen engine in Node', async () => (await createEngines({ mode: 'auto', workers: 2 })).engine)
