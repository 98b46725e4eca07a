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

/** Stands for the worker: keeps what it is asked for, and rings when it is told to. */
class ClockWorker {
  static last: ClockWorker
  readonly asked: number[] = []
  onmessage = (): void => undefined
  onerror = (): void => undefined
  terminate = vi.fn()
  constructor() {
    ClockWorker.last = this
  }
  postMessage(ms: number): void {
    this.asked.push(ms)
  }
}

describe('the system clock of a page', () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  const show = (state: 'visible' | 'hidden'): void => {
    page.visibilityState = state
    page.dispatchEvent(new Event('visibilitychange'))
  }
  beforeEach(() => {
    vi.useFakeTimers()
    page.visibilityState = 'visible'
    vi.stubGlobal('window', globalThis)
    vi.stubGlobal('document', page)
    vi.stubGlobal('Worker', ClockWorker)
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  it('asks no worker for anything while the page is seen', () => {
    const clock = createSystemClock()
    const callback = vi.fn()
    clock.after(10, callback)
    vi.advanceTimersByTime(10)
    expect(callback).toHaveBeenCalledOnce()
    expect(ClockWorker.last.asked).toEqual([])
    clock.stop()
    expect(ClockWorker.last.terminate).toHaveBeenCalledOnce()
  })

  it('asks the worker of a hidden page for the earliest timer alone, and uses none of the page’s own', () => {
    page.visibilityState = 'hidden'
    const clock = createSystemClock()
    const rung: string[] = []
    clock.after(30, () => rung.push('late'))
    const cancel = clock.after(20, () => rung.push('never'))
    clock.after(10, () => {
      rung.push('early')
      cancel()
    })
    clock.after(40, () => rung.push('last'))
    expect(ClockWorker.last.asked).toEqual([30, 20, 10])
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(10)
    ClockWorker.last.onmessage()
    expect(rung).toEqual(['early'])
    expect(ClockWorker.last.asked.slice(3)).toEqual([20])
    vi.advanceTimersByTime(30)
    ClockWorker.last.onmessage()
    expect(rung).toEqual(['early', 'late', 'last'])
    expect(clock.pending).toBe(0)
    clock.stop()
  })

  it('takes its timers along when the page is hidden and when it is seen again', () => {
    const clock = createSystemClock()
    const [first, second] = [vi.fn(), vi.fn()]
    clock.after(50, first)
    clock.after(80, second)
    vi.advanceTimersByTime(20)
    show('hidden')
    expect(ClockWorker.last.asked).toEqual([30])
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(30)
    ClockWorker.last.onmessage()
    expect(first).toHaveBeenCalledOnce()
    show('visible')
    expect(second).not.toHaveBeenCalled()
    vi.advanceTimersByTime(30)
    expect(second).toHaveBeenCalledOnce()
    expect(clock.pending).toBe(0)
    clock.stop()
  })

  it('calls back whoever comes after one that throws', () => {
    page.visibilityState = 'hidden'
    const clock = createSystemClock()
    const callback = vi.fn()
    clock.after(10, () => {
      throw new Error('thrown by a callback')
    })
    clock.after(10, callback)
    vi.advanceTimersByTime(10)
    expect(() => ClockWorker.last.onmessage()).toThrow('thrown by a callback')
    expect(ClockWorker.last.asked).toEqual([10, 0])
    ClockWorker.last.onmessage()
    expect(callback).toHaveBeenCalledOnce()
    clock.stop()
  })

  it('uses its own timers in a hidden page that may have no worker', () => {
    page.visibilityState = 'hidden'
    const clock = createSystemClock()
    const callback = vi.fn()
    clock.after(10, callback)
    ClockWorker.last.onerror()
    vi.advanceTimersByTime(10)
    expect(callback).toHaveBeenCalledOnce()
    clock.stop()
  })
})
