import { registerSW } from 'virtual:pwa-register'
import type { UiStore } from './store.ts'

/** Offers a new version when one is ready; it never starts by itself, because a chunk may be running. */
export function watchForUpdates(store: UiStore): void {
  if (!('serviceWorker' in navigator)) return
  const activate = registerSW({
    onNeedRefresh: () => store.setState({ update: () => void reloadWith(activate) }),
    // Without a service worker the page works all the same, only not offline.
    onRegisterError: () => undefined,
  })
}

/** A page of a first visit is not under the old worker's control, so that nothing else would reload it. */
async function reloadWith(activate: (reload: boolean) => Promise<void>): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration()
  const next = registration?.waiting ?? null
  if (next === null) return location.reload()
  next.addEventListener('statechange', () => {
    if (next.state === 'activated') location.reload()
  })
  await activate(true)
}
