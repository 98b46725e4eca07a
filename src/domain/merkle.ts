import { concat } from './bytes.ts'
import { hashBytes } from './ids.ts'

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/**
 * Merkle tree hash of the leaves (RFC 6962, section 2.1): leaves and inner nodes are hashed under different
 * prefixes, so that neither passes for the other.
 * @returns 32 bytes; for no leaves the hash of nothing
 */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return hashBytes(new Uint8Array(0))
  if (leaves.length === 1) return hashBytes(concat(LEAF, leaves[0]!))
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return hashBytes(concat(NODE, merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split))))
}
