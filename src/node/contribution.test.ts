import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngines, kernelByName } from '../compute/index.ts'
import type { Engines } from '../compute/index.ts'
import { completeParameters } from '../domain/parameters.ts'
import { Contribution } from './contribution.ts'

vi.mock(import('../compute/index.ts'), async (original) => ({ ...(await original()), createEngines: vi.fn() }))

function fakeEngines() {
  const engines = {
    paused: false,
    pause: vi.fn(() => void (engines.paused = true)),
    resume: vi.fn(() => void (engines.paused = false)),
    engine: { kind: 'cpu', slots: 2 },
    // What is paused computes nothing.
    pace: () => new Promise<number>((resolve) => (engines.paused ? undefined : resolve(600))),
    reports: [],
    onChange: () => () => undefined,
    configure: async () => undefined,
    dispose: async () => undefined,
  }
  return engines
}

function setup() {
  const events: string[] = []
  const problems: string[] = []
  const contribution = new Contribution({
    runner: { dispatch: ({ type }: { type: string }) => void events.push(type) } as never,
    computation: { use: () => undefined, cancelAll: () => undefined } as never,
    engine: 'cpu',
    now: () => 0,
    problem: (_code, message) => problems.push(message),
    changed: () => undefined,
  })
  const view = () => contribution.view({ chunksDone: 0, fuelDone: 0 } as never, 0)
  return { contribution, events, problems, view }
}

describe('contributing', () => {
  const create = vi.mocked(createEngines)
  beforeEach(() => void create.mockReset())

  it('does not begin when it was stopped while the engines were being prepared', async () => {
    const { promise, resolve } = Promise.withResolvers<Engines>()
    create.mockReturnValue(promise)
    const { contribution, events, view } = setup()
    const starting = contribution.start({})
    contribution.stop()
    resolve(fakeEngines() as never)
    await starting
    expect(view().state).toBe('off')
    expect(events).not.toContain('start')
  })

  it('begins when it was stopped and started again while the engines were being prepared', async () => {
    const { promise, resolve } = Promise.withResolvers<Engines>()
    create.mockReturnValue(promise)
    const { contribution, view } = setup()
    const first = contribution.start({})
    contribution.stop()
    const second = contribution.start({})
    resolve(fakeEngines() as never)
    await Promise.all([first, second])
    expect(view().state).toBe('seeking')
  })

  it('looks for an engine again when there was none the last time', async () => {
    create.mockRejectedValueOnce(new Error('the worker did not load'))
    const { contribution, problems, view } = setup()
    await contribution.start({})
    expect(view().state).toBe('off')
    expect(problems).toEqual([expect.stringContaining('the worker did not load')])
    create.mockResolvedValueOnce(fakeEngines() as never)
    await contribution.start({})
    expect(view().state).toBe('seeking')
  })

  it('computes when it is started while paused', async () => {
    const engines = fakeEngines()
    create.mockResolvedValue(engines as never)
    const { contribution, view } = setup()
    await contribution.start({})
    contribution.pause()
    await contribution.start({})
    expect(view()).toMatchObject({ state: 'seeking', pausedBecause: '' })
    expect(engines.paused).toBe(false)
  })

  it('stays paused by its owner, in whatever words, when settings or conditions change', async () => {
    create.mockResolvedValue(fakeEngines() as never)
    const { contribution, view } = setup()
    await contribution.start({})
    contribution.pause('A call is on.')
    await contribution.configure({ dutyCycle: 50 })
    expect(view()).toMatchObject({ state: 'paused', pausedBecause: 'A call is on.' })
  })

  it('tells the pace of one slot, and that there is none while it is paused', async () => {
    create.mockResolvedValue(fakeEngines() as never)
    const { contribution } = setup()
    const kernel = kernelByName('mandelbrot')!
    const request = { kernel, parameters: completeParameters(kernel.manifest, {}), input: null } as never
    await contribution.start({})
    expect(await contribution.pace(request)).toBe(300)
    contribution.pause()
    expect(await contribution.pace(request)).toBe(null)
  })
})
