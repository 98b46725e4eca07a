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
  /** Forgets all that was set. */
  silence(): void
}

/** A timer that has not rung. */
interface Timer {
  /** In the time of `performance.now`, ms: the system's may be set back meanwhile. */
  at: number
  callback: () => void
}

/**
 * The system's clock. A page that is seen uses the platform's own timers. Those of a hidden page ring once a second, or
 * once a minute: then a worker rings; where there is no worker, or in Node, the platform's have to do.
 */
export function createSystemClock(): SystemClock {
  const timers = new Map<number, Timer>()
  const ring = (id: number): void => {
    const timer = timers.get(id)
    timers.delete(id)
    timer?.callback()
  }
  const own = platformBell(ring)
  const inPage = typeof window !== 'undefined' && typeof Worker === 'function'
  let worker = inPage ? workerBell(ring, withoutWorker) : null
  let bell: Bell = own
  let lastId = 0

  function choose(): void {
    const next = worker !== null && document.visibilityState !== 'visible' ? worker : own
    if (next === bell) return
    bell.silence()
    bell = next
    const now = performance.now()
    for (const [id, { at }] of timers) bell.set(id, Math.max(0, at - now))
  }

  function withoutWorker(): void {
    worker = null
    choose()
  }

  if (worker !== null) document.addEventListener('visibilitychange', choose)
  choose()

  return {
    get pending() {
      return timers.size
    },
    now: () => Date.now(),
    after(ms: number, callback: () => void): Unsubscribe {
      const id = ++lastId
      timers.set(id, { at: performance.now() + ms, callback })
      bell.set(id, ms)
      return () => {
        if (timers.delete(id)) bell.clear(id)
      }
    },
    stop() {
      if (inPage) document.removeEventListener('visibilitychange', choose)
      timers.clear()
      bell.silence()
      worker?.stop()
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
    silence() {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
    },
  }
}

/** The worker knows of the earliest timer alone: each message to it and back costs more than the timer. */
function workerBell(ring: (id: number) => void, onFailure: () => void): Bell & { stop(): void } {
  const worker = new Worker(new URL('./clock-worker.ts', import.meta.url), { type: 'module', name: 'roomful-clock' })
  /** When each rings, in the time of `performance.now`, ms. */
  const timers = new Map<number, number>()
  /** When the worker rings. */
  let asked = Infinity
  const ask = (at: number): void => {
    if (at >= asked) return
    asked = at
    worker.postMessage(Math.max(0, Math.ceil(at - performance.now())))
  }
  worker.onmessage = () => {
    asked = Infinity
    const now = performance.now()
    const due = [...timers].filter(([, at]) => at <= now).sort(([a, first], [b, second]) => first - second || a - b)
    try {
      for (const [id] of due) if (timers.delete(id)) ring(id)
    } finally {
      // Whoever throws must not keep the others from being called.
      if (timers.size > 0) ask(Math.min(...timers.values()))
    }
  }
  // A page whose policy forbids workers still needs timers.
  worker.onerror = onFailure
  return {
    set(id, ms) {
      const at = performance.now() + ms
      timers.set(id, at)
      ask(at)
    },
    clear: (id) => void timers.delete(id),
    silence: () => timers.clear(),
    stop: () => worker.terminate(),
  }
}
