import { describe, expect, it } from 'vitest'
import type { NodeSnapshot, RoomfulNode } from '../../node/api.ts'
import { attachNode, createUiStore, dismiss, notify } from './store.ts'

/** Only what the store uses of a node. */
function nodeWith(snapshots: Partial<NodeSnapshot>[]): { node: RoomfulNode; change(): void; left(): boolean } {
  let handler: (() => void) | null = null
  let at = 0
  const node = {
    snapshot: () => snapshots[Math.min(at++, snapshots.length - 1)],
    onChange(listener: () => void) {
      handler = listener
      return () => {
        handler = null
      }
    },
  } as unknown as RoomfulNode
  return { node, change: () => handler?.(), left: () => handler === null }
}

describe('attachNode', () => {
  it('shows the node as it is at once', () => {
    const store = createUiStore()
    const { node } = nodeWith([{ peer: 'me' }])
    attachNode(store, node, () => () => undefined)
    expect(store.getState().snapshot?.peer).toBe('me')
    expect(store.getState().node).toBe(node)
  })

  it('takes one snapshot for many changes', () => {
    const store = createUiStore()
    const due: (() => void)[] = []
    const { node, change } = nodeWith([{ peer: 'a' }, { peer: 'b' }, { peer: 'c' }])
    attachNode(store, node, (refresh) => {
      due.push(refresh)
      return () => undefined
    })
    change()
    change()
    expect(due).toHaveLength(1)
    due[0]!()
    expect(store.getState().snapshot?.peer).toBe('b')
    change()
    expect(due).toHaveLength(2)
  })

  it('keeps the identity of what did not change', () => {
    const store = createUiStore()
    const job = () => ({ id: 'j', chunksDone: 1 }) as NodeSnapshot['jobs'][number]
    const { node, change } = nodeWith([
      { peer: 'a', jobs: [job()] },
      { peer: 'b', jobs: [job()] },
    ])
    attachNode(store, node, (refresh) => {
      refresh()
      return () => undefined
    })
    const before = store.getState().snapshot!.jobs
    change()
    expect(store.getState().snapshot!.peer).toBe('b')
    expect(store.getState().snapshot!.jobs).toBe(before)
  })

  it('stops listening and calls off what is due when it is detached', () => {
    const store = createUiStore()
    let cancelled = false
    const { node, change, left } = nodeWith([{ peer: 'a' }])
    const detach = attachNode(store, node, () => () => {
      cancelled = true
    })
    change()
    detach()
    expect([left(), cancelled]).toEqual([true, true])
  })
})

describe('notices', () => {
  it('say a thing once and go when they are closed', () => {
    const store = createUiStore()
    notify(store, 'Submitting failed', new Error('no relay'))
    notify(store, 'Submitting failed', new Error('no relay'))
    expect(store.getState().notices.map((notice) => notice.message)).toEqual(['no relay'])
    dismiss(store, store.getState().notices[0]!.id)
    expect(store.getState().notices).toEqual([])
  })
})
