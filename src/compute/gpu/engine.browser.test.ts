import { afterEach, describe, expect, it } from 'vitest'
import { CpuEngine } from '../cpu/pool.ts'
import { createEngines } from '../engines.ts'
import { testKernel, testTask } from '../test-kernel.ts'
import { GpuEngine } from './engine.ts'

const never = new AbortController().signal
/** Work for several dispatches: the first has 1,024 items, and each next one at most four times as many. */
const kernel = testKernel(
  'fn kernel(id: vec3<u32>) -> u32 { var n = id.x; for (var i = 0u; i < 2000u; i++) { n = n * 1664525u + i; } return n; }',
)
const task = testTask(kernel, { size: [20_000, 1, 1] })
/** It would take hours. */
const endless = testTask(
  testKernel('fn kernel(id: vec3<u32>) -> u32 { var n = id.x; for (var i = 0u; i < 60000u; i++) { n = n * 3u + i; } return n; }', {
    reduce: 'sum',
  }),
  { size: [2 ** 30, 1, 1] },
)

let channels = 0
/** An engine whose worker tells what it gets and submits, and loses devices after so many submits each. */
function observed(losses: number[] = []) {
  const channel = `observed-${++channels}`
  const events: string[] = []
  const listener = new BroadcastChannel(channel)
  const waiting: { fits: () => boolean; resolve: () => void }[] = []
  listener.onmessage = ({ data }: MessageEvent<string>) => {
    events.push(data)
    for (const entry of waiting) if (entry.fits()) entry.resolve()
  }
  const engine = new GpuEngine({
    worker: () =>
      new Worker(new URL('./testing/observed-worker.ts', import.meta.url), { type: 'module', name: JSON.stringify({ channel, losses }) }),
  })
  const until = (fits: () => boolean) => new Promise<void>((resolve) => (fits() ? resolve() : waiting.push({ fits, resolve })))
  const submits = () => events.filter((event) => event === 'submit').length
  return { engine, events, until, submits, close: () => listener.close() }
}

describe('WebGPU that goes away', () => {
  const open: { dispose(): Promise<void> }[] = []
  afterEach(async () => {
    for (const engine of open.splice(0)) await engine.dispose()
  })
  const expected = async (): Promise<Uint8Array> => {
    const cpu = new CpuEngine({ workers: 1 })
    open.push(cpu)
    return (await cpu.run(task, never)).output
  }

  it('computes a chunk again on a new device when the first is lost in its middle', { timeout: 60_000 }, async () => {
    const { engine, submits, close } = observed([2])
    open.push(engine)
    const result = await engine.run(task, never)
    expect(result.output).toEqual(await expected())
    expect(result.engine).toBe('webgpu')
    expect(submits()).toBeGreaterThan(3)
    close()
  })

  it('gives up a device that is lost again, and the CPU computes the chunk: whoever asks is told', { timeout: 60_000 }, async () => {
    // The first device is the probe's.
    const { engine, close } = observed([Infinity, 2, 2])
    const engines = await createEngines({ mode: 'webgpu', workers: 1, gpu: engine })
    open.push(engines)
    const kinds: string[] = []
    engines.onChange(() => kinds.push(engines.engine.kind))
    const result = await engines.engine.run(task, never)
    expect(result.output).toEqual(await expected())
    expect(result.engine).toBe('cpu')
    expect(kinds).toEqual(['cpu'])
    expect(engines.reason).toMatch(/WebGPU failed: .*lost again/)
    expect(engines.report.kind).toBe('cpu')
    close()
  })
})

describe('WebGPU that is stopped', () => {
  it('submits at most one more dispatch of a chunk that is aborted, and goes on with the next', { timeout: 60_000 }, async () => {
    const { engine, events, until, submits, close } = observed()
    const control = new AbortController()
    const run = engine.run(endless, control.signal)
    await until(() => submits() >= 3)
    control.abort(new Error('enough'))
    await expect(run).rejects.toThrow('enough')
    expect((await engine.run(task, never)).output.length).toBe(80_000)
    const [, after] = events.join(' ').split('cancel')
    expect(after!.split('prepare')[0]!.match(/submit/g)?.length ?? 0).toBeLessThanOrEqual(1)
    await engine.dispose()
    close()
  })

  it('submits at most one more dispatch when it is paused, and goes on when it is resumed', { timeout: 60_000 }, async () => {
    const { engine, events, until, submits, close } = observed()
    const run = engine.run(task, never)
    await until(() => submits() >= 1)
    engine.setDuty(0)
    await until(() => events.includes('duty'))
    const cpu = new CpuEngine({ workers: 1 })
    // Takes longer than the whole chunk would.
    await cpu.run({ ...task, chunk: { ...task.chunk, size: [80_000, 1, 1] } }, never)
    const paused = submits()
    expect(events.slice(events.indexOf('duty')).filter((event) => event === 'submit').length).toBeLessThanOrEqual(1)
    engine.setDuty(1)
    expect((await run).output).toEqual((await cpu.run(task, never)).output)
    expect(submits()).toBeGreaterThan(paused)
    await Promise.all([engine.dispose(), cpu.dispose()])
    close()
  })
})
