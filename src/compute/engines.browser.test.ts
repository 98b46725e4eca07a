import { describe, expect, it, vi } from 'vitest'
import { CpuEngine } from './cpu/pool.ts'
import { describeEngine } from './engine-contract.ts'
import { createEngines } from './engines.ts'
import { GpuEngine } from './gpu/engine.ts'
import { testKernel, testTask } from './test-kernel.ts'

describeEngine('the CPU pool in a browser', async () => new CpuEngine({ workers: 2 }))
describeEngine('WebGPU in a browser', async () => new GpuEngine())

describe('the choice of an engine in a browser with a software adapter', () => {
  it('takes the CPU engine and names the adapter', async () => {
    const engines = await createEngines({ mode: 'auto', workers: 1 })
    expect(engines.engine.kind).toBe('cpu')
    expect(engines.reason).toMatch(/is itself only software/)
    expect(engines.reports.map((report) => [report.kind, report.available, report.fallback])).toEqual([
      ['cpu', true, false],
      ['webgpu', true, true],
    ])
    await engines.dispose()
  })

  it('has the script of the CPU engine’s worker before there is anything to compute: its server may be gone by then', async () => {
    const loaded = (): string[] =>
      performance.getEntriesByType('resource').flatMap(({ name }) => (name.includes('cpu/worker') ? [name] : []))
    performance.clearResourceTimings()
    const engines = await createEngines({ mode: 'webgpu', workers: 1 })
    await vi.waitFor(() => expect(loaded()).not.toEqual([]))
    await engines.dispose()
  })

  it('takes WebGPU when it is asked for, and changes over when the settings do', async () => {
    const engines = await createEngines({ mode: 'webgpu', workers: 1 })
    const seen: string[] = []
    engines.onChange(() => seen.push(engines.engine.kind))
    const kernel = testKernel('fn kernel(id: vec3<u32>) -> u32 { return id.x + 3u; }')
    const never = new AbortController().signal
    expect((await engines.engine.run(testTask(kernel, {}), never)).engine).toBe('webgpu')
    await engines.configure({ mode: 'cpu' })
    expect(seen).toEqual(['cpu'])
    expect((await engines.engine.run(testTask(kernel, {}), never)).engine).toBe('cpu')
    await engines.dispose()
  })
})
