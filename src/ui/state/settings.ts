import * as v from 'valibot'
import type { ContributionSettings, EnginePreference } from '../../node/api.ts'

const KEY = 'roomful.settings'

const Saved = v.partial(
  v.object({
    engine: v.picklist(['auto', 'webgpu', 'cpu']),
    workers: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256)),
    dutyCycle: v.pipe(v.number(), v.minValue(10), v.maxValue(100)),
    allowCustomKernels: v.boolean(),
    pauseOnBattery: v.boolean(),
    pauseOnMetered: v.boolean(),
    onlyWhenIdle: v.boolean(),
  }),
)

/** A place for small texts; `localStorage` is one. */
export interface TextStore {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** The browser's own store, or one that forgets where the browser keeps nothing: reading the property then throws. */
export function browserStore(scope: { readonly localStorage: TextStore }): TextStore {
  try {
    return scope.localStorage
  } catch {
    return { getItem: () => null, setItem: () => undefined }
  }
}

/** What this person chose on an earlier visit. Empty when there is nothing, or nothing that is understood. */
export function loadSettings(store: TextStore): Partial<ContributionSettings> {
  try {
    const parsed = v.safeParse(Saved, JSON.parse(store.getItem(KEY) ?? '{}'))
    return parsed.success ? parsed.output : {}
  } catch {
    return {}
  }
}

/** Remembers choices for the next visit; a browser that keeps nothing forgets them, which harms nobody. */
export function saveSettings(store: TextStore, settings: Partial<ContributionSettings>): void {
  try {
    store.setItem(KEY, JSON.stringify({ ...loadSettings(store), ...settings }))
  } catch {
    // Private windows refuse to store: the choice then lasts as long as the page.
  }
}

/** `?engine=cpu|webgpu|auto` in the page's address; null when it is absent or something else. */
export function engineInQuery(search: string): EnginePreference | null {
  const engine = new URLSearchParams(search).get('engine')
  return engine === 'auto' || engine === 'cpu' || engine === 'webgpu' ? engine : null
}
