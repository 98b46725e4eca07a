import type { Database, LogEntry, OrbitDB } from '@orbitdb/core'
import PQueue from 'p-queue'
import { hex } from '../domain/bytes.ts'
import { recordBytes, checkSigned } from '../domain/record-check.ts'
import { keyOf, ownerOf } from '../domain/record.ts'
import type { Signed } from '../domain/record.ts'
import type { PeerId } from '../domain/ids.ts'
import type { Signer, Unsubscribe } from '../room/ports.ts'
import { ColdStorage } from './cold-storage.ts'
import { RecordRefusedError } from './errors.ts'
import { isSigned, readEntry, recordOf } from './log-entry.ts'
import type { AnyRecord, ReadEntry } from './log-entry.ts'
import { LogHeads } from './log-heads.ts'
import type { LogStorage } from './log-storage.ts'
import type { RecordSet } from './record-set.ts'

/** Signatures checked before the thread is given back to whoever else needs it. */
const CHECKS_AT_ONCE = 32
/** Records named further ahead in time than this are not believed, ms. */
const MAX_CLOCK_SKEW_MS = 10 * 60_000

export interface ReplicaInit<R extends AnyRecord> {
  name: string
  orbitdb: OrbitDB
  storage: LogStorage
  signer: Signer
  set: RecordSet
  /** Which kinds of record belong into this database. */
  accepts: (record: AnyRecord) => record is R
  /** Whether the certificate of a result, or the proof of a conviction, holds. */
  isProven: (record: AnyRecord) => Promise<boolean>
  /** Whether a group that leaves the memory has ended, so that late records of it change nothing. */
  groupsEnd: boolean
  /** Whether what leaves the memory stays on disk. */
  archive: boolean
  /** ms since the epoch. */
  now: () => number
}

/** What came of entries from a peer. */
export interface Accepted {
  fresh: ReadEntry[]
  /** Why entries were refused, one reason each. */
  refused: string[]
}

/**
 * One node's copy of a database: an OrbitDB log whose entries each carry one signed record. Its state is the set of the
 * records, which does not depend on the order in which they arrive; the log names the entries and links them. Entries
 * are believed only after everything about them has been checked here, whoever sent them.
 */
export class Replica<R extends AnyRecord> {
  readonly #init: ReplicaInit<R>
  readonly #cold: ColdStorage
  readonly #heads: LogHeads
  readonly #handlers = new Set<(records: readonly R[]) => void>()
  readonly #queue = new PQueue({ concurrency: 1 })
  #database: Database | null = null
  #snapshot: readonly R[] | null = null
  /** Entries of the local copy that were damaged and are left out. */
  damaged = 0

  private constructor(init: ReplicaInit<R>) {
    this.#init = init
    this.#cold = new ColdStorage(init.storage, init.archive)
    this.#heads = new LogHeads(init.storage)
  }

  /** Opens the database and reads the local copy. The same name is the same database on every node. */
  static async open<R extends AnyRecord>(init: ReplicaInit<R>): Promise<Replica<R>> {
    const replica = new Replica(init)
    const AccessController = Object.assign(
      async () => ({
        type: 'roomful',
        address: `/roomful/${init.name}`,
        canAppend: (entry: LogEntry) => replica.#canAppend(entry),
      }),
      { type: 'roomful' },
    )
    replica.#database = await init.orbitdb.open(init.name, {
      type: 'events',
      sync: false,
      AccessController,
      referencesCount: 0,
      ...init.storage.storages,
    })
    await replica.#load()
    return replica
  }

  /** Address of the database, and topic of its gossip. */
  get address(): string {
    return this.#database!.address
  }

  get set(): RecordSet {
    return this.#init.set
  }

  /** Jobs that are on disk alone. */
  get coldGroups(): number {
    return this.#cold.groups
  }

  records(): readonly R[] {
    this.#snapshot ??= this.#init.set.records() as R[]
    return this.#snapshot
  }

  onRecords(handler: (records: readonly R[]) => void): Unsubscribe {
    this.#handlers.add(handler)
    return () => void this.#handlers.delete(handler)
  }

  /**
   * Appends a record of this node's own; resolves with its entry when it is kept on this device, and with null when
   * the record or a better one is already here. Rejects with RecordRefusedError, or with StorageError when the device
   * did not keep it: it is then in memory, reaches others by exchanges, and is written with the next record.
   */
  async put(signed: Signed<AnyRecord>): Promise<ReadEntry | null> {
    const checked = checkSigned(signed)
    if (!checked.ok) throw new RecordRefusedError(`the record's ${checked.fault.field || 'form'} ${checked.fault.reason}`)
    const { record } = checked.record
    const { signer, accepts, isProven, set } = this.#init
    const owner = ownerOf(record)
    if (owner !== signer.self)
      throw new RecordRefusedError(`a ${record.kind} record of ${owner} can be written by that peer alone; this one is ${signer.self}`)
    if (!accepts(record)) throw new RecordRefusedError(`a ${record.kind} record does not belong into the database ${this.#init.name}`)
    if (!(await signer.verify(owner, recordBytes(record), signed.signature)))
      throw new RecordRefusedError(`the ${record.kind} record is not signed by its owner ${owner}`)
    if (!(await isProven(record))) throw new RecordRefusedError(`the certificate or proof of ${keyOf(record)} does not hold`)
    const read = await this.#queue.add(async () => {
      const entry = await this.#database!.log.append({ op: 'ADD', key: null, value: checked.record }, { referencesCount: 0 })
      const bytes = (await this.#init.storage.getEntry(entry.hash))!
      const result = readEntry(bytes, this.address)
      if (!result.ok) throw new RecordRefusedError(`the record makes ${result.reason}`)
      this.#heads.replaced(result.read)
      const { added, dropped } = set.add(result.read)
      for (const item of dropped) this.#forget(item.hash)
      await this.#compact()
      return added === 'new' || added === 'replaced' ? result.read : null
    })
    // It counts here and is told to others even if this device does not keep it.
    if (read) this.#announce([read])
    await this.#init.storage.commit()
    return read ?? null
  }

  /** Checks entries from a peer and keeps those that hold. Never rejects because of what they contain. */
  async accept(entries: readonly Uint8Array[]): Promise<Accepted> {
    const accepted: Accepted = { fresh: [], refused: [] }
    const candidates: ReadEntry[] = []
    for (const bytes of entries) {
      const result = readEntry(bytes, this.address)
      if (!result.ok) accepted.refused.push(result.reason)
      else if (!this.#init.accepts(result.read.signed.record)) accepted.refused.push('a record that does not belong into this database')
      else if (result.read.signed.record.createdAt > this.#init.now() + MAX_CLOCK_SKEW_MS) accepted.refused.push('a record from the future')
      else if (!(await this.knowsDigest(result.read.digest))) candidates.push(result.read)
    }
    for (let i = 0; i < candidates.length; i += CHECKS_AT_ONCE) {
      const group = candidates.slice(i, i + CHECKS_AT_ONCE)
      const hold = await Promise.all(
        group.map(async (read) => (await isSigned(read, this.#init.signer)) && (await this.#init.isProven(read.signed.record))),
      )
      for (const [at, read] of group.entries()) {
        if (!hold[at]) accepted.refused.push(`a ${read.signed.record.kind} record whose signatures or proof do not hold`)
      }
      const good = group.filter((_, at) => hold[at])
      await this.#queue.add(() => this.#integrate(good, accepted.fresh))
    }
    this.#announce(accepted.fresh)
    return accepted
  }

  /** Bytes of entries in memory or on disk. Those that were dropped meanwhile are left out. */
  async entries(hashes: readonly string[]): Promise<Uint8Array[]> {
    const found = await Promise.all(hashes.map((hash) => this.#init.storage.getEntry(hash)))
    return found.filter((bytes) => bytes !== undefined)
  }

  /**
   * Entries that tell a peer how jobs of these records have ended, from memory and from the archive.
   * @param has digests of all that the peer has, which it is not sent again
   * @param live digests of the records that it takes for unfinished
   */
  async answersTo(has: ReadonlySet<string>, live: ReadonlySet<string>, peer: PeerId): Promise<Uint8Array[]> {
    const { set } = this.#init
    const items = set.answersTo(live, peer).filter(({ digest }) => !has.has(hex(digest)))
    const warm = await this.entries(items.map(({ hash }) => hash))
    const unknown = [...live].filter((digest) => !set.has(fromHexText(digest)))
    return [...warm, ...(await this.#cold.answersTo(unknown, has, peer))]
  }

  /** Whether a record with this digest is in memory or in the archive. */
  async knowsDigest(digest: Uint8Array): Promise<boolean> {
    return this.#init.set.has(digest) || (await this.#cold.has(digest))
  }

  async stop(): Promise<void> {
    this.#handlers.clear()
    await this.#queue.onIdle()
    // Whoever put what a full disk does not take was told.
    await this.#init.storage.commit().catch(() => {})
    await this.#database?.close()
  }

  async #canAppend(entry: LogEntry): Promise<boolean> {
    const signed = recordOf(entry)
    if (typeof signed === 'string' || !this.#init.accepts(signed.record)) return false
    return isSigned({ entry, signed }, this.#init.signer)
  }

  async #integrate(reads: readonly ReadEntry[], fresh: ReadEntry[]): Promise<void> {
    const { set, storage, groupsEnd } = this.#init
    for (const read of reads) {
      const { record } = read.signed
      if (groupsEnd && this.#cold.isGone(record.job)) {
        this.#cold.add(record.job, read)
        storage.pass(read.hash)
        continue
      }
      const { added, dropped } = set.add(read)
      const counts = added === 'new' || added === 'replaced'
      if (counts) {
        storage.putEntry(read.hash, read.bytes)
        this.#heads.joined(read)
        fresh.push(read)
      } else storage.pass(read.hash)
      for (const item of dropped) this.#forget(item.hash)
    }
    await this.#compact()
    // Others can send these again: nobody was told that they are safe here.
    storage.commit().catch(() => {})
  }

  async #compact(): Promise<void> {
    const { set, groupsEnd } = this.#init
    for (const { group, items } of set.compact()) await this.#cold.take(group, items, groupsEnd, (hash) => this.#heads.has(hash))
  }

  /** OrbitDB must find its heads; they go when they are heads no more and the copy is read again. */
  #forget(hash: string): void {
    if (!this.#heads.has(hash)) this.#init.storage.deleteEntry(hash)
  }

  #announce(reads: readonly ReadEntry[]): void {
    if (reads.length === 0) return
    this.#snapshot = null
    const records = reads.map(({ signed }) => signed.record as R)
    for (const handler of this.#handlers) handler(records)
  }

  async #load(): Promise<void> {
    const { storage, set, groupsEnd } = this.#init
    await this.#cold.load()
    const bad: string[] = []
    const reads: ReadEntry[] = []
    for await (const [hash, bytes] of storage.list('/e/')) {
      const result = readEntry(bytes, this.address)
      if (result.ok && result.read.hash === hash) reads.push(result.read)
      else bad.push(hash)
    }
    this.damaged = bad.length
    for (const hash of bad) storage.deleteEntry(hash)
    await this.#heads.load(reads)
    reads.sort((a, b) => a.signed.record.createdAt - b.signed.record.createdAt)
    for (const read of reads) {
      // Only a head of the log can be left of a job that has ended.
      if (groupsEnd && this.#cold.isGone(read.signed.record.job)) {
        this.#forget(read.hash)
        continue
      }
      const { added, dropped } = set.add(read)
      if (added === 'known' || added === 'stale') this.#forget(read.hash)
      for (const item of dropped) this.#forget(item.hash)
    }
    await this.#compact()
    // A full disk is no reason not to start: nothing new is in this.
    await storage.commit().catch(() => {})
  }
}

function fromHexText(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}
