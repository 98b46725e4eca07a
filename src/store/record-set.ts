import { equalBytes, hex } from '../domain/bytes.ts'
import { keyOf, ownerOf, supersedes } from '../domain/record.ts'
import type { JobId, PeerId } from '../domain/ids.ts'
import { voidedChunks } from '../domain/voided.ts'
import type { Convicted } from '../domain/voided.ts'
import type { AnyRecord, ReadEntry } from './log-entry.ts'

/** A record in memory, with the entry that brought it. */
export interface Item {
  key: string
  record: AnyRecord
  hash: string
  /** Of the record, see `ReadEntry.digest`. */
  digest: Uint8Array
}

/** Bounds of what one replica keeps in memory. Counts. */
export interface SetLimits {
  /** Unfinished jobs of one requester. The oldest goes first. */
  jobsPerRequester: number
  /** Claims, partials or tombstones of one peer, of each kind. The oldest goes first. */
  recordsPerPeer: number
  /** Refusals that one peer reports: they need no proof, and must not crowd out what has one. The oldest goes first. */
  refusalsPerPeer: number
  /** Finished jobs that stay in memory beside those of this node's own. */
  finishedJobs: number
  /** Ledger entries that stay in memory. */
  ledgerEntries: number
  /** Convictions that stay beside them, however old. The oldest goes first. */
  convictions: number
}

export const TAB_LIMITS: SetLimits = {
  jobsPerRequester: 1_000,
  recordsPerPeer: 2_000,
  refusalsPerPeer: 50,
  finishedJobs: 200,
  ledgerEntries: 2_000,
  convictions: 200,
}

type Incoming = Pick<ReadEntry, 'signed' | 'hash' | 'digest'>

/** What became of a record that was added, and which items no longer count. */
interface Addition {
  added: 'new' | 'replaced' | 'known' | 'stale'
  dropped: Item[]
}

export const ARCHIVE_LIMITS: SetLimits = { ...TAB_LIMITS, finishedJobs: 500 }

/** What a database keeps of its records, and which of them every replica needs. */
export interface RecordSet {
  readonly size: number
  /** Keeps the record unless a better one with its key is here. `dropped` are the items that no longer count. */
  add(read: Incoming): Addition
  has(digest: Uint8Array): boolean
  records(): AnyRecord[]
  /** What a newcomer must have before it can work. @param now ms since the epoch */
  live(now: number): Item[]
  /** The rest of what is in memory. */
  rest(now: number): Item[]
  /** What a peer that holds these needs beyond what is live: how jobs of its own, and jobs it believes open, have ended. */
  answersTo(digests: ReadonlySet<string>, peer: PeerId): Item[]
  /** Takes out of memory what is beyond the limits, as groups under a name. */
  compact(): { group: string; items: Item[] }[]
}

/** How an item stands to the one with its key. */
function standing({ record, digest }: Item, current: Item | undefined): Addition['added'] {
  if (current === undefined) return 'new'
  if (equalBytes(current.digest, digest)) return 'known'
  return supersedes(record, current.record) ? 'replaced' : 'stale'
}

/** A record that a limit took at once is nothing new: nobody is told of it, and it is not written. */
function unlessDropped(item: Item, addition: Addition): Addition {
  return addition.dropped.includes(item) ? { added: 'stale', dropped: addition.dropped.filter((other) => other !== item) } : addition
}

/** The older first. */
function byAge(a: Item, b: Item): number {
  return a.record.createdAt - b.record.createdAt || (a.key < b.key ? -1 : 1)
}

/** Jobs of which there are records but not the job's own: those that wait for it, and those that somebody made up. */
export const MAX_UNANNOUNCED_JOBS = 1_000

/** Finished jobs that a newcomer is told of, so that it sees what goes on here. */
export const RECENT_FINISHED_JOBS = 20

interface JobItems {
  keys: Set<string>
  jobs: Map<PeerId, Item>
  tombstones: Set<PeerId>
  /** Microjobs with a result of which nothing is voided. */
  complete: Set<string>
  /** Rises with each record: what finished last is compacted last. */
  touched: number
}

/** The job database's records, by job. */
export class JobSet implements RecordSet {
  readonly #items = new Map<string, Item>()
  readonly #digests = new Map<string, Item>()
  readonly #jobs = new Map<JobId, JobItems>()
  readonly #counts = new Map<string, Set<string>>()
  readonly #unannounced = new Set<JobId>()
  readonly #limits: SetLimits
  readonly #self: PeerId
  #convicted: Convicted = new Map()
  #touched = 0

  constructor(limits: SetLimits, self: PeerId) {
    this.#limits = limits
    this.#self = self
  }

  get size(): number {
    return this.#items.size
  }

  add({ signed: { record }, hash, digest }: Incoming): Addition {
    const item = { key: keyOf(record), record, hash, digest }
    const current = this.#items.get(item.key)
    const added = standing(item, current)
    if (added === 'known' || added === 'stale') return { added, dropped: [] }
    const dropped = current === undefined ? [] : [current]
    if (current !== undefined) this.#remove(current)
    this.#insert(item)
    for (const beyond of [...this.#overQuota(record), ...this.#overUnannounced()]) {
      this.#remove(beyond)
      dropped.push(beyond)
    }
    return unlessDropped(item, { added, dropped })
  }

  /** By the ledger: jobs that lack a chunk for it are open again. */
  convict(convicted: Convicted): void {
    this.#convicted = convicted
    for (const job of this.#jobs.values()) {
      job.complete.clear()
      for (const { record } of this.#of(job)) this.#noteComplete(job, record)
    }
  }

  #noteComplete(job: JobItems, record: AnyRecord): void {
    if (record.kind === 'result' && voidedChunks(record, this.#convicted).length === 0)
      job.complete.add(`${record.block}/${record.microjob}`)
  }

  has(digest: Uint8Array): boolean {
    return this.#digests.has(hex(digest))
  }

  records(): AnyRecord[] {
    return Array.from(this.#items.values(), ({ record }) => record)
  }

  live(now: number): Item[] {
    const live: Item[] = []
    for (const job of this.#jobs.values()) {
      if (!isOpen(job)) continue
      for (const key of job.keys) {
        const item = this.#items.get(key)!
        if (item.record.kind !== 'claim' || item.record.lapsesAt > now) live.push(item)
      }
    }
    return live
  }

  rest(now: number): Item[] {
    const live = new Set(this.live(now))
    return [...this.#items.values()].filter((item) => !live.has(item))
  }

  answersTo(digests: ReadonlySet<string>, peer: PeerId): Item[] {
    const answers: Item[] = []
    const finished = [...this.#jobs.values()].filter((job) => job.jobs.size > 0 && !isOpen(job)).sort((a, b) => b.touched - a.touched)
    for (const [at, job] of finished.entries()) {
      const asked = [...job.jobs.values()].some(({ record, digest }) => ownerOf(record) === peer || digests.has(hex(digest)))
      if (asked || at < RECENT_FINISHED_JOBS)
        answers.push(...this.#of(job).filter(({ record }) => record.kind !== 'claim' && record.kind !== 'partial'))
    }
    return answers
  }

  compact(): { group: string; items: Item[] }[] {
    const finished = [...this.#jobs].filter(([, job]) => job.jobs.size > 0 && !isOpen(job) && !job.jobs.has(this.#self))
    finished.sort(([, a], [, b]) => a.touched - b.touched)
    return finished.slice(0, Math.max(0, finished.length - this.#limits.finishedJobs)).map(([id, job]) => {
      const items = this.#of(job)
      for (const item of items) this.#remove(item)
      return { group: id, items }
    })
  }

  #of(job: JobItems): Item[] {
    return Array.from(job.keys, (key) => this.#items.get(key)!)
  }

  #insert(item: Item): void {
    const { record, key } = item
    this.#items.set(key, item)
    this.#digests.set(hex(item.digest), item)
    let job = this.#jobs.get(record.job)
    if (job === undefined) {
      job = { keys: new Set(), jobs: new Map(), tombstones: new Set(), complete: new Set(), touched: 0 }
      this.#jobs.set(record.job, job)
    }
    job.keys.add(key)
    job.touched = ++this.#touched
    if (record.kind === 'job') job.jobs.set(record.requester, item)
    if (record.kind === 'tombstone') job.tombstones.add(record.requester)
    this.#noteComplete(job, record)
    if (job.jobs.size > 0) this.#unannounced.delete(record.job)
    else this.#unannounced.add(record.job)
    this.#count(record).add(key)
  }

  #remove({ record, key, digest }: Item): void {
    this.#items.delete(key)
    this.#digests.delete(hex(digest))
    const count = this.#count(record)
    count.delete(key)
    if (count.size === 0) this.#counts.delete(`${record.kind}/${ownerOf(record)}`)
    const job = this.#jobs.get(record.job)!
    job.keys.delete(key)
    if (record.kind === 'job') job.jobs.delete(record.requester)
    if (record.kind === 'tombstone') job.tombstones.delete(record.requester)
    if (job.keys.size === 0) {
      this.#jobs.delete(record.job)
      this.#unannounced.delete(record.job)
    }
  }

  #count(record: AnyRecord): Set<string> {
    const name = `${record.kind}/${ownerOf(record)}`
    let count = this.#counts.get(name)
    if (count === undefined) this.#counts.set(name, (count = new Set()))
    return count
  }

  /** The records of the job that has waited longest for its own record, when too many do. */
  #overUnannounced(): Item[] {
    if (this.#unannounced.size <= MAX_UNANNOUNCED_JOBS) return []
    return this.#of(this.#jobs.get(this.#unannounced.values().next().value!)!)
  }

  /** A peer's oldest records of a kind beyond its share; of jobs the unfinished ones. Results are proof and have none. */
  #overQuota(record: AnyRecord): Item[] {
    if (record.kind === 'result') return []
    const limit = record.kind === 'job' ? this.#limits.jobsPerRequester : this.#limits.recordsPerPeer
    const keys = this.#count(record)
    if (keys.size <= limit) return []
    const items = Array.from(keys, (key) => this.#items.get(key)!).filter(
      (item) => item.record.kind !== 'job' || isOpen(this.#jobs.get(item.record.job)!),
    )
    return items.sort(byAge).slice(0, Math.max(0, items.length - limit))
  }
}

/** Whether there is still work, or may be: the job is known, not taken back, and not all of it is complete. */
function isOpen({ jobs, tombstones, complete }: JobItems): boolean {
  for (const [requester, { record }] of jobs) {
    if (record.kind === 'job' && !tombstones.has(requester) && complete.size < record.microjobs) return true
  }
  return false
}

/** Newest ledger entries that a newcomer gets at once. */
export const LIVE_LEDGER_ENTRIES = 128

function isConviction({ record }: Item): boolean {
  return record.kind === 'conviction'
}

/** The ledger's records, the newest of them in memory. */
export class LedgerSet implements RecordSet {
  readonly #items = new Map<string, Item>()
  readonly #digests = new Set<string>()
  /** By who reports them. */
  readonly #refusals = new Map<PeerId, Set<Item>>()
  readonly #limits: SetLimits
  #sorted: Item[] | null = null

  constructor(limits: SetLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#items.size
  }

  add({ signed: { record }, hash, digest }: Incoming): Addition {
    const item = { key: keyOf(record), record, hash, digest }
    const current = this.#items.get(item.key)
    const added = standing(item, current)
    if (added === 'known' || added === 'stale') return { added, dropped: [] }
    const dropped = current === undefined ? [] : [current]
    if (current !== undefined) this.#remove(current)
    this.#items.set(item.key, item)
    this.#digests.add(hex(digest))
    this.#sorted = null
    if (record.kind === 'refusal') {
      const own = (this.#refusals.get(record.peer) ?? new Set()).add(item)
      this.#refusals.set(record.peer, own)
      const beyond = [...own].sort(byAge).slice(0, Math.max(0, own.size - this.#limits.refusalsPerPeer))
      for (const old of beyond) this.#remove(old)
      dropped.push(...beyond)
    }
    return unlessDropped(item, { added, dropped })
  }

  has(digest: Uint8Array): boolean {
    return this.#digests.has(hex(digest))
  }

  records(): AnyRecord[] {
    return this.#byAge().map(({ record }) => record)
  }

  /** Whoever is new must not compute with those who were proven wrong, nor count what they did. */
  live(): Item[] {
    const sorted = this.#byAge()
    return sorted.filter(({ record }, i) => record.kind === 'conviction' || i >= sorted.length - LIVE_LEDGER_ENTRIES)
  }

  rest(): Item[] {
    return this.#byAge()
      .slice(0, -LIVE_LEDGER_ENTRIES)
      .filter(({ record }) => record.kind !== 'conviction')
  }

  answersTo(): Item[] {
    return []
  }

  compact(): { group: string; items: Item[] }[] {
    const [convictions, others] = [this.#byAge().filter(isConviction), this.#byAge().filter((item) => !isConviction(item))]
    const old = [
      ...convictions.slice(0, Math.max(0, convictions.length - this.#limits.convictions)),
      ...others.slice(0, Math.max(0, others.length - this.#limits.ledgerEntries)),
    ]
    if (old.length === 0) return []
    for (const item of old) this.#remove(item)
    return [{ group: 'old', items: old }]
  }

  #remove(item: Item): void {
    this.#items.delete(item.key)
    this.#digests.delete(hex(item.digest))
    this.#sorted = null
    if (item.record.kind !== 'refusal') return
    const own = this.#refusals.get(item.record.peer)!
    own.delete(item)
    if (own.size === 0) this.#refusals.delete(item.record.peer)
  }

  #byAge(): Item[] {
    this.#sorted ??= [...this.#items.values()].sort(byAge)
    return this.#sorted
  }
}
