import type { Certificate } from './certificate.ts'
import { cidOfHash, hashBytes } from './ids.ts'
import type { Cid } from './ids.ts'
import type { KernelManifest } from './kernel.ts'

type Search = Pick<KernelManifest, 'reduce' | 'output'>

/** True when a chunk of a search has found something: the fold `first` gives nothing but zeros where it has not. */
export function isFind({ reduce, output }: Search, chunkOutput: Cid): boolean {
  return reduce === 'first' && chunkOutput !== cidOfHash(hashBytes(new Uint8Array(output.elementsPerItem * 4)))
}

/**
 * The chunk whose find ends its whole job, or null. A find counts only where somebody else has recomputed it: one that no
 * check has looked at must not end a search.
 */
export function foundIn(manifest: Search, { body }: Pick<Certificate, 'body'>): number | null {
  if (manifest.reduce !== 'first' || body.verdict !== 'verified') return null
  const find = body.checked.find(({ agrees, expected }) => agrees && isFind(manifest, expected))
  return find?.chunk ?? null
}
