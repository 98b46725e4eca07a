import type { Clock, Unsubscribe } from '../room/ports.ts'

export interface SystemClock extends Clock {
  /** Timers that have not rung yet. */
  readonly pending: number
  /** Cancels every timer and ends the worker. */
  stop(): void
}

/** What rings: the platform's own timers, or a worker's. */
interface Bell {
  set(id: number, ms: number): void
  clear(id: number): void
  stop(): void
}

/**
 * The system's clock. In a page its timers run in a worker, because a hidden page's own timers ring once a second, or
 * once a minute; where there is no worker, or in Node, they are the platform's.
 */
export function createSystemClock(): SystemClock {
  const callbacks = new Map<number, () => void>()
  const ring = (id: number): void => {
    const callback = callbacks.get(id)
    callbacks.delete(id)
    callback?.()
  }
  const inPage = typeof window !== 'undefined' && typeof Worker === 'function'
  let bell: Bell = inPage ? workerBell(ring, fallBack) : platformBell(ring)
  const deadlines = new Map<number, number>()
  let lastId = 0

  function fallBack(): void {
    bell = platformBell(ring)
    for (const id of callbacks.keys()) bell.set(id, Math.max(0, (deadlines.get(id) ?? 0) - Date.now()))
  }

  return {
    get pending() {
      return callbacks.size
    },
    now: () => Date.now(),
    after(ms: number, callback: () => void): Unsubscribe {
      const id = ++lastId
      callbacks.set(id, () => {
        deadlines.delete(id)
        callback()
      })
      deadlines.set(id, Date.now() + ms)
      bell.set(id, ms)
      return () => {
        if (!callbacks.delete(id)) return
        deadlines.delete(id)
        bell.clear(id)
      }
    },
    stop() {
      callbacks.clear()
      deadlines.clear()
      bell.stop()
    },
  }
}

function platformBell(ring: (id: number) => void): Bell {
  const timers = new Map<number, ReturnType<typeof setTimeout>>()
  return {
    set(id, ms) {
      timers.set(
        id,
        setTimeout(() => {
          timers.delete(id)
          ring(id)
        }, ms),
      )
    },
    clear(id) {
      clearTimeout(timers.get(id))
      timers.delete(id)
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
    },
  }
}

function workerBell(ring: (id: number) => void, onFailure: () => void): Bell {
  const worker = new Worker(new URL('./clock-worker.ts', import.meta.url), { type: 'module', name: 'roomful-clock' })
  worker.onmessage = ({ data }: MessageEvent<number>) => ring(data)
  // A page whose policy forbids workers still needs timers.
  worker.onerror = onFailure
  return {
    set: (id, ms) => worker.postMessage({ id, ms }),
    clear: (id) => worker.postMessage({ id, ms: null }),
    stop: () => worker.terminate(),
  }
}
