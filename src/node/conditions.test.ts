import { afterEach, describe, expect, it, vi } from 'vitest'
import { watchConditions } from './conditions.ts'

describe('watching the conditions', () => {
  afterEach(() => void vi.unstubAllGlobals())

  it('goes on without the battery where the page may not ask for it', async () => {
    const page = new EventTarget()
    vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: true }))
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
    vi.stubGlobal('navigator', { getBattery: () => Promise.reject(new DOMException('not in this frame', 'NotAllowedError')) })
    const changed = vi.fn()
    const end = watchConditions(changed)
    await new Promise<void>((resolve) => setImmediate(resolve))
    expect(changed).toHaveBeenCalledWith({ onBattery: false, metered: false, idle: true })
    end()
  })
})
