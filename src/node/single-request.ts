import type { KernelManifest } from '../domain/kernel.ts'
import { CHUNK_OUTPUT_BYTES, MAX_CHUNK_INPUT_BYTES, MAX_CHUNK_ITEMS } from '../domain/plan.ts'

/** What a piece of work has too much of for one node. */
export interface Excess {
  of: 'bytes of output' | 'bytes of input' | 'items'
  has: number
  most: number
}

/** Why work over an index space cannot be the one chunk of a single request; null when it can. */
export function excessForOne(manifest: KernelManifest, space: readonly [number, number, number], inputBytes: number): Excess | null {
  const items = space[0] * space[1] * space[2]
  const outputBytes = (manifest.reduce === 'concat' ? items : 1) * manifest.output.elementsPerItem * 4
  const excesses: Excess[] = [
    { of: 'bytes of output', has: outputBytes, most: CHUNK_OUTPUT_BYTES },
    { of: 'bytes of input', has: inputBytes, most: MAX_CHUNK_INPUT_BYTES },
    { of: 'items', has: items, most: manifest.maxChunkItems ?? MAX_CHUNK_ITEMS },
  ]
  return excesses.find(({ has, most }) => has > most) ?? null
}
