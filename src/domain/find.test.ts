import { describe, expect, it } from 'vitest'
import { foundIn, isFind } from './find.ts'
import type { CertificateBody, CheckedChunk } from './certificate.ts'
import { cidOfHash, hashBytes } from './ids.ts'

const search = { reduce: 'first', output: { element: 'u32', elementsPerItem: 2 } } as const
const nothing = cidOfHash(hashBytes(new Uint8Array(8)))
const find = cidOfHash(hashBytes(Uint8Array.of(1, 0, 0, 0, 7, 0, 0, 0)))

function certificate(checked: CheckedChunk[], verdict: CertificateBody['verdict'] = 'verified') {
  const chunks = [4, 5, 6].map((chunk) => ({ chunk, peer: 'a', output: chunk === 5 ? find : nothing, fuel: 1, engine: 'cpu' as const }))
  return { body: { chunks, checked, verdict } as unknown as CertificateBody }
}

describe('a find of a search', () => {
  it('is every output but zeros of the right length', () => {
    expect(isFind(search, find)).toBe(true)
    expect(isFind(search, nothing)).toBe(false)
    expect(isFind({ ...search, reduce: 'min' }, find)).toBe(false)
  })

  it('ends its job only where it was recomputed and found right', () => {
    const of = (chunk: number, expected: string, agrees: boolean): CheckedChunk => ({ chunk, peer: 'a', expected, agrees })
    expect(foundIn(search, certificate([of(4, nothing, true), of(5, find, true)]))).toBe(5)
    expect(foundIn(search, certificate([of(4, nothing, true)]))).toBeNull()
    expect(foundIn(search, certificate([of(5, find, false)]))).toBeNull()
    expect(foundIn(search, certificate([of(5, find, true)], 'refused'))).toBeNull()
    expect(foundIn({ ...search, reduce: 'max' }, certificate([of(5, find, true)]))).toBeNull()
  })
})
