import { afterAll, describe, expect, it } from 'vitest'
import { describeEngine } from '../engine-contract.ts'
import { testKernel, testTask } from '../test-kernel.ts'
import { CpuEngine } from './pool.ts'

describeEngine('the CPU pool in Node', async () => new CpuEngine({ workers: 2 }))

describe('the CPU pool', () => {
  const engine = new CpuEngine({ workers: 1 })
  afterAll(() => engine.dispose())
  const never = new AbortController().signal

  it('adds fuel beyond 32 bits without loss', { timeout: 60_000 }, async () => {
    const kernel = testKernel('fn kernel(id: vec3<u32>) -> u32 { for (var i = 0u; i < 60000u; i++) { } return id.x; }')
    const items = 75_000
    const { fuel } = await engine.run(testTask(kernel, { size: [items, 1, 1] }), never)
    expect(fuel).toBe(items * 60_001)
    expect(fuel).toBeGreaterThan(2 ** 32)
  })

  it('computes nothing while it is paused and goes on when it is resumed', async () => {
    const kernel = testKernel(
      'fn kernel(id: vec3<u32>) -> u32 { var n = id.x; for (var i = 0u; i < 60000u; i++) { n = n * 3u + i; } return n; }',
    )
    await engine.prepare(kernel)
    engine.setDuty(0)
    let settled = false
    const run = engine.run(testTask(kernel, { size: [2000, 1, 1] }), never).then((result) => {
      settled = true
      return result
    })
    // A second engine gives the paused one more than the time that the chunk takes.
    const other = new CpuEngine({ workers: 1 })
    await other.run(testTask(kernel, { size: [4000, 1, 1] }), never)
    await other.dispose()
    expect(settled).toBe(false)
    engine.setDuty(1)
    expect((await run).fuel).toBe(2000 * 60_001)
  })

  it('works on with fewer workers and with more', async () => {
    const kernel = testKernel('fn kernel(id: vec3<u32>) -> u32 { return id.x + 7u; }')
    const all = async () => Promise.all(Array.from({ length: 8 }, (_, x) => engine.run(testTask(kernel, { origin: [x, 0, 0] }), never)))
    engine.resize(3)
    expect(engine.slots).toBe(3)
    expect((await all()).length).toBe(8)
    engine.resize(1)
    expect((await all()).map(({ output }) => output[0])).toEqual([7, 8, 9, 10, 11, 12, 13, 14])
  })
})
