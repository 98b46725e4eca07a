import { describe, expect, it } from 'vitest'
import { mandelbrot } from './kernels/mandelbrot/index.ts'
import { sha256 } from './kernels/sha256/index.ts'
import { PaceCache } from './pace-cache.ts'
import type { PaceStorage } from './pace-cache.ts'

function memory(text: string | null = null): PaceStorage & { text: string | null } {
  return {
    text,
    getItem() {
      return this.text
    },
    setItem(_, value) {
      this.text = value
    },
  }
}

describe('paces that are kept', () => {
  it('are found again on the next visit, by device, kernel and parameters', () => {
    const storage = memory()
    new PaceCache(storage).set('GPU A', mandelbrot, { width: 10 }, 1234.5)
    const next = new PaceCache(storage)
    expect(next.get('GPU A', mandelbrot, { width: 10 })).toBe(1234.5)
    expect(next.get('GPU B', mandelbrot, { width: 10 })).toBeUndefined()
    expect(next.get('GPU A', mandelbrot, { width: 11 })).toBeUndefined()
    expect(next.get('GPU A', sha256, { width: 10 })).toBeUndefined()
    const changed = { ...mandelbrot, source: `${mandelbrot.source} ` }
    expect(next.get('GPU A', changed, { width: 10 })).toBeUndefined()
  })

  it('are not more than a few, the newest', () => {
    const storage = memory()
    const cache = new PaceCache(storage)
    for (let width = 1; width <= 100; width++) cache.set('GPU', mandelbrot, { width }, width)
    expect(new PaceCache(storage).get('GPU', mandelbrot, { width: 1 })).toBeUndefined()
    expect(new PaceCache(storage).get('GPU', mandelbrot, { width: 100 })).toBe(100)
    expect(JSON.parse(storage.text!)).toHaveLength(64)
  })

  it('are measured again where the storage holds something else, or nothing', () => {
    for (const text of ['{', '7', '[["x", -1], ["y"], 3]']) expect(new PaceCache(memory(text)).get('GPU', mandelbrot, {})).toBeUndefined()
    const full: PaceStorage = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError')
      },
    }
    const cache = new PaceCache(full)
    cache.set('GPU', mandelbrot, {}, 5)
    expect(cache.get('GPU', mandelbrot, {})).toBe(5)
  })
})
