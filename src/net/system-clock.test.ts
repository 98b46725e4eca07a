import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSystemClock } from './system-clock.ts'

describe('the system clock', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('calls back once after the time that was asked for, in order of time', () => {
    const clock = createSystemClock()
    const rung: string[] = []
    clock.after(20, () => rung.push('late'))
    clock.after(10, () => rung.push('early'))
    vi.advanceTimersByTime(9)
    expect(rung).toEqual([])
    vi.advanceTimersByTime(1_000)
    expect(rung).toEqual(['early', 'late'])
    expect(clock.pending).toBe(0)
  })

  it('calls nobody back who has cancelled, and cancelling twice does nothing', () => {
    const clock = createSystemClock()
    const callback = vi.fn()
    const cancel = clock.after(10, callback)
    cancel()
    cancel()
    vi.advanceTimersByTime(100)
    expect(callback).not.toHaveBeenCalled()
    expect(clock.pending).toBe(0)
  })

  it('calls nobody back after it is stopped', () => {
    const clock = createSystemClock()
    const callback = vi.fn()
    clock.after(10, callback)
    clock.stop()
    vi.advanceTimersByTime(100)
    expect(callback).not.toHaveBeenCalled()
  })

  it('lets a callback set the next timer', () => {
    const clock = createSystemClock()
    let count = 0
    const again = (): void => {
      if (++count < 3) clock.after(10, again)
    }
    clock.after(10, again)
    vi.advanceTimersByTime(100)
    expect(count).toBe(3)
  })
})
