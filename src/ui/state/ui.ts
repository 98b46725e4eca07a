import { useStore } from 'zustand'
import type { NodeSnapshot, RoomfulNode } from '../../node/api.ts'
import { createUiStore, notify, refreshFrom } from './store.ts'
import type { UiState } from './store.ts'

/** The store of this page. */
export const ui = createUiStore(globalThis.location?.hash ?? '')

/** A part of the store; the component renders again when that part, by identity, is another. */
export function useUi<T>(select: (state: UiState) => T): T {
  return useStore(ui, select)
}

/** A part of the node's snapshot, or `otherwise` before there is one. `otherwise` must be the same every time. */
export function useSnapshot<T>(select: (snapshot: NodeSnapshot) => T, otherwise: T): T {
  return useStore(ui, (state) => (state.snapshot === null ? otherwise : select(state.snapshot)))
}

/** Does something with the node that may fail; a failure is shown under `title`, and the page goes on. */
export function act(title: string, action: (node: RoomfulNode) => Promise<unknown> | void): void {
  const { node } = ui.getState()
  if (node === null) return
  try {
    Promise.resolve(action(node)).catch((cause: unknown) => notify(ui, title, cause))
  } catch (cause) {
    notify(ui, title, cause)
  }
}

/** What the node has just done is on the page that is gone to next. */
export function refresh(): void {
  const { node } = ui.getState()
  if (node !== null) refreshFrom(ui, node)
}

export function go(hash: string): void {
  location.hash = hash
}
