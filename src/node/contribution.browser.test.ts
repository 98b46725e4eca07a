import { afterEach, describe, expect, it, vi } from 'vitest'
import { testKernel, testTask } from '../compute/test-kernel.ts'
import type { Engine } from '../room/ports.ts'
import type { ContributionSettings } from './api.ts'
import { Contribution } from './contribution.ts'

class FakeBattery extends EventTarget {
  charging = true
  change(charging: boolean): void {
    this.charging = charging
    this.dispatchEvent(new Event('chargingchange'))
  }
}

const never = new AbortController().signal
const task = testTask(
  testKernel('fn kernel(id: vec3<u32>) -> u32 { var n = id.x; for (var i = 0u; i < 60000u; i++) { n = n * 3u + i; } return n; }'),
  { size: [2_000, 1, 1] },
)

describe('contributing under conditions', () => {
  let contribution: Contribution | null = null
  afterEach(async () => {
    await contribution?.dispose()
    contribution = null
    vi.restoreAllMocks()
  })

  async function start(settings: Partial<ContributionSettings>) {
    const battery = new FakeBattery()
    Object.defineProperty(navigator, 'getBattery', { configurable: true, value: async () => battery })
    const events: string[] = []
    let engine: Engine | null = null
    const started = new Contribution({
      runner: { dispatch: ({ type }: { type: string }) => events.push(type) } as never,
      computation: { use: (chosen: Engine) => (engine = chosen), cancelAll: () => {} } as never,
      engine: 'cpu',
      now: () => 0,
      problem: () => {},
      changed: () => {},
    })
    contribution = started
    await started.start({ workers: 1, ...settings })
    const view = () => started.view({ chunksDone: 0, fuelDone: 0 } as never, 0)
    return { battery, events, engine: engine as unknown as Engine, view, contribution: started }
  }

  it('is off, and says so, when the page is left: one that is gone back to may be the same', async () => {
    const { events, view } = await start({})
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
    expect(events.at(-1)).toBe('stop')
    expect(view().state).toBe('off')
  })

  it('stops its engines while the device runs on battery, says so, and finishes the chunk afterwards', async () => {
    const { battery, events, engine, view } = await start({ pauseOnBattery: true })
    let done = false
    battery.change(false)
    expect(view()).toMatchObject({ state: 'paused', pausedBecause: 'This device runs on battery.' })
    const run = engine.run(task, never).then(() => (done = true))
    // Another engine of the same device takes more time than the chunk would.
    const other = await start({})
    await other.engine.run({ ...task, chunk: { ...task.chunk, size: [4_000, 1, 1] } }, never)
    await other.contribution.dispose()
    expect(done).toBe(false)
    battery.change(true)
    await run
    expect(view().state).toBe('seeking')
    expect(events.filter((event) => event === 'pause' || event === 'resume')).toEqual(['pause', 'resume'])
  })

  it('goes on when nothing was asked of the battery', async () => {
    const { battery, view } = await start({ pauseOnBattery: false })
    battery.change(false)
    expect(view()).toMatchObject({ state: 'seeking', pausedBecause: '' })
  })

  it('waits while somebody uses the page, if it is only to use idle time, and goes on when the page is hidden', async () => {
    const { view } = await start({ onlyWhenIdle: true })
    expect(view()).toMatchObject({ state: 'paused', pausedBecause: expect.stringContaining('using this page') })
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
    document.dispatchEvent(new Event('visibilitychange'))
    expect(view().state).toBe('seeking')
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(false)
    dispatchEvent(new Event('pointermove'))
    expect(view().state).toBe('paused')
  })

  it('does not go on by itself when its owner paused it', async () => {
    const { battery, view, contribution: own } = await start({ pauseOnBattery: true })
    own.pause()
    battery.change(false)
    battery.change(true)
    expect(view()).toMatchObject({ state: 'paused', pausedBecause: 'Paused by you.' })
    own.resume()
    expect(view().state).toBe('seeking')
  })

  it('changes its workers and its share of the time while a chunk runs, without harm to it', async () => {
    const { engine, contribution: own } = await start({ workers: 2 })
    const runs = [engine.run(task, never), engine.run(task, never)]
    await own.configure({ workers: 1, dutyCycle: 90 })
    expect(engine.slots).toBe(1)
    await own.configure({ workers: 2, dutyCycle: 100 })
    const [one, other] = await Promise.all(runs)
    expect(one!.output).toEqual(other!.output)
  })
})
