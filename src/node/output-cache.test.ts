import { describe, expect, it } from 'vitest'
import { cidOfHash, hashBytes } from '../domain/ids.ts'
import type { BlockStore } from '../room/ports.ts'
import { OutputCache } from './output-cache.ts'

describe('the outputs in memory', () => {
  it('stay there however often two have fetched the same one at once', async () => {
    const large = new Uint8Array(1024 * 1024)
    const blocks = { get: async () => large, put: async () => '' } as unknown as BlockStore
    const outputs = new OutputCache(blocks)
    const signal = new AbortController().signal
    for (let i = 0; i < 40; i++) {
      const cid = cidOfHash(hashBytes(Uint8Array.of(i)))
      await Promise.all([outputs.get(cid, signal), outputs.get(cid, signal), outputs.get(cid, signal)])
    }
    expect(outputs.peek(cidOfHash(hashBytes(Uint8Array.of(0))))).toBe(large)
  })
})
