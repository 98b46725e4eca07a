import { createHash } from 'node:crypto'
import { textBytes } from '../domain/bytes.ts'
import { encodeCanonical, hashBytes } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'

const right = new Map<number, Uint8Array>()

/** sha2-256 of the right output of a chunk. */
export function rightHash(chunk: number): Uint8Array {
  let hash = right.get(chunk)
  if (hash === undefined) {
    hash = hashBytes(textBytes(`output of chunk ${chunk}`))
    right.set(chunk, hash)
  }
  return hash
}

/** sha2-256 of a wrong output; colluding peers share a name, and so their lie. */
export function wrongHash(chunk: number, liar: string): Uint8Array {
  return hashBytes(encodeCanonical(['lie', chunk, liar]))
}

export const FUEL = 1_000

/** A signature of the simulated world: nobody forges it, because nobody tries to. Hashed natively, because there are many. */
export function sign(peer: PeerId, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`${peer}\n`).update(bytes).digest())
}
