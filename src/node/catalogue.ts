import { checkingFor } from '../domain/assurance.ts'
import { foundIn } from '../domain/find.ts'
import { kernelCid } from '../domain/kernel.ts'
import type { Kernel } from '../domain/kernel.ts'
import { hashOfCid } from '../domain/ids.ts'
import type { Cid, JobId, PeerId } from '../domain/ids.ts'
import type { Job } from '../domain/job.ts'
import { openWork } from '../domain/open-work.ts'
import { countedResults } from '../domain/voided.ts'
import type { Convicted, CountedResult } from '../domain/voided.ts'
import type { JobRecord, PartialRecord, ResultRecord } from '../domain/record.ts'
import type { BlockStore, Clock, JobStore, Unsubscribe } from '../room/ports.ts'
import type { WorkItem } from '../room/state.ts'
import { strangersFault } from './strangers-job.ts'

/** A job whose manifest and kernel are here and fit each other. */
export interface KnownJob {
  record: JobRecord
  job: Job
  kernel: Kernel
  builtIn: boolean
}

const FETCH_MS = 20_000
const RETRY_MS = 5_000

/** Every job of the database, with its manifest and kernel fetched and checked. */
export class Catalogue {
  readonly #store: JobStore
  readonly #blocks: BlockStore
  readonly #clock: Clock
  readonly #builtIn: ReadonlyMap<Cid, Kernel>
  readonly #changed: () => void
  readonly #jobs = new Map<JobId, KnownJob>()
  /** By job and requester: a stranger may announce, or take back, somebody else's job under its own name. */
  readonly #records = new Map<JobId, Map<PeerId, JobRecord>>()
  readonly #cancelled = new Map<JobId, Set<PeerId>>()
  readonly #results = new Map<JobId, CountedResult[]>()
  #convicted: Convicted = new Map()
  readonly #partials = new Map<JobId, PartialRecord[]>()
  readonly #ends: Unsubscribe[] = []
  /** Why a job of the database cannot be used, by job. */
  readonly refused = new Map<JobId, string>()

  constructor(parts: { store: JobStore; blocks: BlockStore; clock: Clock; builtIn: readonly Kernel[]; changed: () => void }) {
    this.#store = parts.store
    this.#blocks = parts.blocks
    this.#clock = parts.clock
    this.#builtIn = new Map(parts.builtIn.map((kernel) => [kernelCid(kernel), kernel]))
    this.#changed = parts.changed
    this.#ends.push(parts.store.onRecords(() => this.#index()))
    this.#index()
  }

  get(job: JobId): KnownJob | undefined {
    return this.#jobs.get(job)
  }

  /** Every job record, newest first, whether its manifest has arrived or not. */
  records(): JobRecord[] {
    const records = [...this.#records].map(([job, byRequester]) => this.#jobs.get(job)?.record ?? byRequester.values().next().value!)
    return records.sort((a, b) => b.createdAt - a.createdAt)
  }

  /** Taken back by its own requester. */
  isCancelled(job: JobId): boolean {
    const known = this.#jobs.get(job)
    return known !== undefined && this.#cancelled.get(job)?.has(known.job.requester) === true
  }

  /** A search that has found something, by a certificate that says so: what is left of it need not be computed. */
  isFound(job: JobId): boolean {
    const known = this.#jobs.get(job)
    if (known?.kernel.manifest.reduce !== 'first') return false
    return this.#counted(job).some(({ record, voided }) => {
      const found = foundIn(known.kernel.manifest, record.certificate)
      return found !== null && !voided.includes(found)
    })
  }

  /** One verified result a microjob, each checked as thoroughly as the job asks. */
  results(job: JobId): readonly ResultRecord[] {
    return this.#counted(job).flatMap(({ record, voided }) => (voided.length === 0 ? [record] : []))
  }

  /** Results of microjobs that are open again, because a peer was proven wrong, with the chunks that count no longer. */
  reopened(job: JobId): readonly CountedResult[] {
    return this.#counted(job).filter(({ voided }) => voided.length > 0)
  }

  #counted(job: JobId): readonly CountedResult[] {
    const results = this.#results.get(job) ?? []
    const known = this.#jobs.get(job)
    if (known === undefined) return results
    const { chunksPerCheck, credibleAfter } = checkingFor(known.job.plan.epsilon)
    return results.filter(
      ({
        record: {
          certificate: { body },
        },
      }) => body.chunksPerCheck <= chunksPerCheck && body.credibleAfter >= credibleAfter,
    )
  }

  /** By the ledger: what these peers computed unchecked counts no longer. */
  convict(convicted: Convicted): void {
    if (convicted.size === this.#convicted.size && [...convicted].every(([peer, at]) => this.#convicted.get(peer) === at)) return
    this.#convicted = convicted
    this.#index()
  }

  partials(job: JobId): readonly PartialRecord[] {
    return this.#partials.get(job) ?? []
  }

  /** Knows a job before its record has been through the database. */
  add(record: JobRecord, job: Job, kernel: Kernel): void {
    this.#jobs.set(record.job, { record, job, kernel, builtIn: this.#builtIn.has(job.kernel) })
  }

  /** Open microjobs in the order in which rooms are tried: the preferred job first, then the oldest. */
  work(allow: (job: KnownJob) => boolean, preferred: JobId | null): WorkItem[] {
    const known = [...this.#jobs.values()].filter(
      (entry) => allow(entry) && !this.isCancelled(entry.record.job) && !this.isFound(entry.record.job),
    )
    const jobs = known.map(({ record, job }) => ({ record, job }))
    const items = openWork(jobs, this.#store.records(), this.#clock.now(), this.#convicted).map((open): WorkItem => {
      const { job } = this.#jobs.get(open.ref.job)!
      return {
        ref: open.ref,
        capacity: job.plan.capacity,
        deadlineMs: job.plan.deadlineMs,
        ...checkingFor(job.plan.epsilon),
        kernel: job.kernel,
        claim: open.claim === null ? null : { peer: open.claim.peer, term: open.claim.term, lapsesAt: open.claim.lapsesAt },
        results: open.results.map(({ chunk, peer, output, fuel }) => ({
          chunk,
          result: { peer, hash: hashOfCid(output), fuel, engine: 'cpu', bytes: 0 },
        })),
        certificates: open.certificates,
      }
    })
    const first = items.filter(({ ref }) => ref.job === preferred)
    // Whole: what is no longer listed counts as done.
    return [...first, ...items.filter(({ ref }) => ref.job !== preferred)]
  }

  stop(): void {
    for (const end of this.#ends) end()
  }

  #index(): void {
    const records = this.#store.records()
    this.#partials.clear()
    for (const record of records) {
      if (record.kind === 'tombstone') this.#cancelled.set(record.job, (this.#cancelled.get(record.job) ?? new Set()).add(record.requester))
      else if (record.kind === 'partial') append(this.#partials, record.job, record)
      else if (record.kind === 'job') this.#announce(record)
    }
    this.#results.clear()
    for (const counted of countedResults(records, this.#convicted)) append(this.#results, counted.record.job, counted)
    this.#changed()
  }

  #announce(record: JobRecord): void {
    const known = this.#records.get(record.job)
    if (known?.has(record.requester) === true) return
    this.#records.set(record.job, new Map(known).set(record.requester, record))
    if (!this.#jobs.has(record.job)) void this.#load(record)
  }

  async #load(record: JobRecord): Promise<void> {
    while (!this.#jobs.has(record.job) && this.#ends.length > 0) {
      try {
        const job = (await this.#blocks.getValue(record.job, AbortSignal.timeout(FETCH_MS))) as Job
        const kernel = this.#builtIn.get(job.kernel) ?? ((await this.#blocks.getValue(job.kernel, AbortSignal.timeout(FETCH_MS))) as Kernel)
        const fault = strangersFault(record, job, kernel)
        if (fault === null) this.add(record, job, kernel)
        else this.refused.set(record.job, fault)
        this.#changed()
        return
      } catch {
        // Whoever has the manifest is not here now.
        await new Promise<void>((resolve) => this.#ends.push(this.#clock.after(RETRY_MS, resolve)))
      }
    }
  }
}

function append<V>(lists: Map<PeerId, V[]>, key: string, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
