import type { LogStorage } from './log-storage.ts'
import type { ReadEntry } from './log-entry.ts'

/** Most heads of a log: each append names them all, and an entry has a size limit. The oldest go first. */
export const MAX_HEADS = 32

/** Latest Lamport time that this node builds upon. */
export const MAX_HEAD_TIME = 2 ** 50

type Head = Pick<ReadEntry, 'entry' | 'hash'>

/**
 * The entries of a log that no other entry names, in the form in which OrbitDB reads them. OrbitDB's own way of joining
 * entries walks back to the very first one; here ancestors that were never fetched count as known, so that nobody has to
 * load, and nobody has to keep, a history of which nothing is left to learn.
 */
export class LogHeads {
  readonly #storage: LogStorage
  readonly #heads = new Map<string, Head>()

  constructor(storage: LogStorage) {
    this.#storage = storage
  }

  has(hash: string): boolean {
    return this.#heads.has(hash)
  }

  /** Reads the stored heads; those whose entry is not among `reads` are gone. */
  async load(reads: readonly Head[]): Promise<void> {
    const byHash = new Map(reads.map((read) => [read.hash, read]))
    for (const { hash } of parse(await this.#storage.get('/h/heads'))) {
      const read = byHash.get(hash)
      if (read !== undefined) this.#heads.set(hash, read)
    }
    this.#store()
  }

  /** An append of this node's own: it names all heads and is the only one now. */
  replaced(read: Head): void {
    this.#heads.clear()
    this.#heads.set(read.hash, read)
  }

  /** An entry from elsewhere. */
  joined(read: Head): void {
    for (const next of read.entry.next) {
      this.#heads.delete(next)
      this.#storage.pass(next)
    }
    // An ancestor of what is here already, or one whose time leaves no room for those that follow.
    if (!this.#storage.hasPassed(read.hash) && read.entry.clock.time <= MAX_HEAD_TIME) this.#heads.set(read.hash, read)
    while (this.#heads.size > MAX_HEADS) {
      const oldest = [...this.#heads.values()].reduce((a, b) => (b.entry.clock.time < a.entry.clock.time ? b : a))
      this.#heads.delete(oldest.hash)
    }
    this.#store()
  }

  #store(): void {
    const heads = Array.from(this.#heads.values(), ({ hash, entry }) => ({ hash, next: entry.next }))
    this.#storage.put('/h/heads', new TextEncoder().encode(JSON.stringify(heads)))
  }
}

function parse(bytes: Uint8Array | undefined): { hash: string }[] {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return Array.isArray(value) ? value.filter((head): head is { hash: string } => typeof head?.hash === 'string') : []
  } catch {
    return []
  }
}
