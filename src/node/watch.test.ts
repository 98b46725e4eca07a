import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { JobOutput } from './api.ts'
import { watchOutput } from './watch.ts'

describe('watching an output', () => {
  it('leaves nothing behind on the signal of the one who watches, however often it changes', async () => {
    const handlers = new Set<() => void>()
    const abort = new AbortController()
    let looks = 0
    const look = async (): Promise<JobOutput> => {
      queueMicrotask(() => handlers.forEach((handler) => handler()))
      return { verified: ++looks === 20 } as JobOutput
    }
    const onChange = (handler: () => void): (() => void) => (handlers.add(handler), () => handlers.delete(handler))
    let most = 0
    for await (const _ of watchOutput(look, onChange, abort.signal)) most = Math.max(most, getEventListeners(abort.signal, 'abort').length)
    expect(looks).toBe(20)
    expect(most).toBe(1)
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
    expect(handlers.size).toBe(0)
  })
})
