import type { Unsubscribe } from '../room/ports.ts'

/** What a contributor's limits depend on. */
export interface Conditions {
  onBattery: boolean
  metered: boolean
  /** Nobody has touched the page for a while, or it is hidden. */
  idle: boolean
}

/** Untouched for this long counts as idle, ms. */
export const IDLE_MS = 60_000

interface Battery extends EventTarget {
  charging: boolean
}
interface Connection extends EventTarget {
  saveData?: boolean
  type?: string
}

/** Watches battery, connection and the person at the page; outside a browser nothing ever changes. */
export function watchConditions(changed: (conditions: Conditions) => void): Unsubscribe {
  const now: Conditions = { onBattery: false, metered: false, idle: typeof document === 'undefined' }
  if (typeof document === 'undefined') return () => {}
  const abort = new AbortController()
  const listen = { signal: abort.signal, passive: true }
  const browser = navigator as Navigator & { getBattery?: () => Promise<Battery>; connection?: Connection }
  const watchBattery = (battery: Battery): void => {
    const read = (): void => update({ onBattery: !battery.charging })
    battery.addEventListener('chargingchange', read, listen)
    read()
  }
  // A page in a frame may not be allowed to ask: then it counts as plugged in.
  browser.getBattery?.().then(watchBattery, () => undefined)
  const { connection } = browser
  if (connection !== undefined) {
    const read = (): void => update({ metered: connection.saveData === true || connection.type === 'cellular' })
    connection.addEventListener('change', read, listen)
    read()
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  const touched = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => update({ idle: true }), IDLE_MS)
    update({ idle: document.hidden })
  }
  for (const type of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) addEventListener(type, touched, listen)
  document.addEventListener('visibilitychange', touched, listen)
  touched()

  function update(part: Partial<Conditions>): void {
    const before = { ...now }
    Object.assign(now, part)
    if (before.onBattery !== now.onBattery || before.metered !== now.metered || before.idle !== now.idle) changed({ ...now })
  }
  return () => {
    abort.abort()
    clearTimeout(timer)
  }
}

/** Why contributing has to wait under these settings, in words; empty when it need not. */
export function reasonToPause(
  settings: { pauseOnBattery: boolean; pauseOnMetered: boolean; onlyWhenIdle: boolean },
  conditions: Conditions,
): string {
  if (settings.pauseOnBattery && conditions.onBattery) return 'This device runs on battery.'
  if (settings.pauseOnMetered && conditions.metered) return 'This connection is metered.'
  if (settings.onlyWhenIdle && !conditions.idle)
    return 'Somebody is using this page. Computing goes on once it has been left alone for a minute.'
  return ''
}
