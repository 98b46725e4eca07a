import type { PeerId } from '../domain/ids.ts'
import type { SimNode } from './node.ts'

/** The archive's name among those who have outputs. */
export const ARCHIVE = 'archive'

/** Who has which output in its block store. What a tab has, it has again when it comes back. */
export class Outputs {
  readonly #holders = new Map<bigint, Set<PeerId>>()

  keep(peer: PeerId, hash: Uint8Array): void {
    const name = nameOf(hash)
    const holders = this.#holders.get(name)
    if (holders === undefined) this.#holders.set(name, new Set([peer]))
    else holders.add(peer)
  }

  has(peer: PeerId, hash: Uint8Array): boolean {
    return this.#holders.get(nameOf(hash))?.has(peer) === true
  }

  /** Whether somebody who could be asked now has it. */
  isAtHand(hash: Uint8Array, nodes: ReadonlyMap<PeerId, SimNode>): boolean {
    const holders = [...(this.#holders.get(nameOf(hash)) ?? [])]
    return holders.some((peer) => peer === ARCHIVE || (nodes.get(peer)?.alive === true && nodes.get(peer)?.backlog === null))
  }
}

/** Enough of a hash to tell the outputs of one history apart. */
function nameOf(hash: Uint8Array): bigint {
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(0)
}
