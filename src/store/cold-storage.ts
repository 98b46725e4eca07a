import { hex } from '../domain/bytes.ts'
import { keyOf, ownerOf } from '../domain/record.ts'
import type { PeerId } from '../domain/ids.ts'
import type { ReadEntry } from './log-entry.ts'
import type { LogStorage } from './log-storage.ts'
import type { Item } from './record-set.ts'

/** Most finished jobs of one requester that it is told of when it comes back. */
const MAX_OWN_GROUPS = 200
/** Finished jobs that a tab remembers by name, so that a late echo does not open them again. */
const MAX_GONE = 20_000

/**
 * What became of records that no newcomer needs: an archive keeps them on disk and finds them again by record, by job
 * and by requester; a tab forgets them and remembers only which jobs they belonged to.
 */
export class ColdStorage {
  readonly #storage: LogStorage
  readonly #keeps: boolean
  readonly #gone = new Set<string>()

  constructor(storage: LogStorage, keeps: boolean) {
    this.#storage = storage
    this.#keeps = keeps
  }

  async load(): Promise<void> {
    for await (const [group] of this.#storage.list('/g/')) this.#gone.add(group)
  }

  get groups(): number {
    return this.#gone.size
  }

  isGone(group: string): boolean {
    return this.#gone.has(group)
  }

  async has(digest: Uint8Array): Promise<boolean> {
    return this.#keeps && (await this.#storage.get(`/k/${hex(digest)}`)) !== undefined
  }

  /**
   * Takes a group's items out of the log's entries.
   * @param ends whether records of the group are expected no more
   * @param isHead whether the log still needs an entry
   */
  async take(group: string, items: readonly Item[], ends: boolean, isHead: (hash: string) => boolean): Promise<void> {
    if (ends) this.#end(group)
    for (const { hash, digest, record, key } of items) {
      const bytes = await this.#storage.getEntry(hash)
      if (this.#keeps && bytes !== undefined) this.#keep(group, { digest, record, key }, bytes)
      if (!isHead(hash)) this.#storage.deleteEntry(hash)
    }
  }

  /** Keeps a record of a group that is already gone. */
  add(group: string, { digest, signed, bytes }: ReadEntry): void {
    if (this.#keeps) this.#keep(group, { digest, record: signed.record, key: keyOf(signed.record) }, bytes)
  }

  /** Entries of the groups that these records belong to, and of the peer's own. */
  async answersTo(digests: Iterable<string>, has: ReadonlySet<string>, peer: PeerId): Promise<Uint8Array[]> {
    if (!this.#keeps) return []
    const groups = new Set<string>()
    for (const digest of digests) {
      const group = await this.#storage.get(`/k/${digest}`)
      if (group !== undefined) groups.add(new TextDecoder().decode(group))
    }
    const own: string[] = []
    for await (const [group] of this.#storage.list(`/o/${peer}/`)) own.push(group)
    for (const group of own.slice(-MAX_OWN_GROUPS)) groups.add(group)
    const entries: Uint8Array[] = []
    for (const group of groups) {
      for await (const [digest, bytes] of this.#storage.list(`/c/${group}/`)) if (!has.has(digest)) entries.push(bytes)
    }
    return entries
  }

  #keep(group: string, { digest, record }: Pick<Item, 'digest' | 'record' | 'key'>, bytes: Uint8Array): void {
    // What a claim or a partial said is settled once the job has ended.
    if (record.kind === 'claim' || record.kind === 'partial') return
    this.#storage.put(`/c/${group}/${hex(digest)}`, bytes)
    this.#storage.put(`/k/${hex(digest)}`, new TextEncoder().encode(group))
    if (record.kind === 'job') this.#storage.put(`/o/${ownerOf(record)}/${group}`, new Uint8Array(1))
  }

  #end(group: string): void {
    if (this.#gone.has(group)) return
    if (!this.#keeps && this.#gone.size >= MAX_GONE) {
      const oldest = this.#gone.values().next().value!
      this.#gone.delete(oldest)
      this.#storage.delete(`/g/${oldest}`)
    }
    this.#gone.add(group)
    this.#storage.put(`/g/${group}`, new Uint8Array(1))
  }
}
