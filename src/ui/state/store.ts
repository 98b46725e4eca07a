import { createStore } from 'zustand/vanilla'
import type { StoreApi } from 'zustand/vanilla'
import type { NodeSnapshot, PreflightCheck, RoomfulNode } from '../../node/api.ts'
import { parseRoute } from './route.ts'
import type { Route } from './route.ts'
import { shareStructure } from './share-structure.ts'

/** Something that went wrong on this page, for the person in front of it. */
export interface Notice {
  id: number
  title: string
  message: string
}

export type Startup = { phase: 'starting'; step: string } | { phase: 'ready' } | { phase: 'failed'; message: string }

/** Everything that the pages show. */
export interface UiState {
  startup: Startup
  node: RoomfulNode | null
  /** Parts that did not change keep their identity from one snapshot to the next. */
  snapshot: NodeSnapshot | null
  preflight: PreflightCheck[] | null
  /** Why no relay was found; empty when one was. */
  relayProblem: string
  /** What this browser or origin lacks; empty when it lacks nothing. */
  environmentProblem: string
  route: Route
  notices: Notice[]
  /** A new version waits; null otherwise. Calling it reloads the page. */
  update: (() => void) | null
}

export type UiStore = StoreApi<UiState>

export function createUiStore(hash = ''): UiStore {
  return createStore<UiState>()(() => ({
    startup: { phase: 'starting', step: 'Starting …' },
    node: null,
    snapshot: null,
    preflight: null,
    relayProblem: '',
    environmentProblem: '',
    route: parseRoute(hash),
    notices: [],
    update: null,
  }))
}

/** When the page may take the next snapshot; returns how to call it off. */
export type Schedule = (refresh: () => void) => () => void

/** The first change is shown at once, those within `ms` after it together at its end. */
export function throttle(ms: number): Schedule {
  let last = -Infinity
  return (refresh) => {
    const wait = Math.max(0, last + ms - performance.now())
    const timer = setTimeout(() => {
      last = performance.now()
      refresh()
    }, wait)
    return () => clearTimeout(timer)
  }
}

/** Shows the node as it is now, without waiting for its next change. */
export function refreshFrom(store: UiStore, node: RoomfulNode): void {
  store.setState((state) => ({ snapshot: shareStructure(state.snapshot, node.snapshot()) }))
}

/** Feeds the store from the node until the returned function is called. */
export function attachNode(store: UiStore, node: RoomfulNode, schedule: Schedule): () => void {
  const refresh = () => refreshFrom(store, node)
  let pending = false
  let cancel = () => {}
  const unsubscribe = node.onChange(() => {
    if (pending) return
    pending = true
    cancel = schedule(() => {
      pending = false
      refresh()
    })
  })
  store.setState({ node })
  refresh()
  return () => {
    unsubscribe()
    cancel()
  }
}

let notices = 0

/** Shows a message until the person closes it. The same message is not shown twice. */
export function notify(store: UiStore, title: string, cause: unknown): void {
  const message = cause instanceof Error ? cause.message : String(cause)
  store.setState((state) =>
    state.notices.some((notice) => notice.title === title && notice.message === message)
      ? state
      : { notices: [...state.notices, { id: ++notices, title, message }].slice(-5) },
  )
}

export function dismiss(store: UiStore, id: number): void {
  store.setState((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) }))
}
