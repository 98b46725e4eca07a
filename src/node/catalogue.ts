import { checkingFor } from '../domain/assurance.ts'
import { foundIn } from '../domain/find.ts'
import { kernelCid } from '../domain/kernel.ts'
import type { Kernel } from '../domain/kernel.ts'
import { hashOfCid } from '../domain/ids.ts'
import type { Cid, JobId, PeerId } from '../domain/ids.ts'
import type { Job } from '../domain/job.ts'
import { openWork } from '../domain/open-work.ts'
import { RecordIndex } from '../domain/record-index.ts'
import type { JobRecords } from '../domain/record-index.ts'
import type { Convicted, CountedResult } from '../domain/voided.ts'
import type { DatabaseRecord, JobRecord, PartialRecord, ResultRecord } from '../domain/record.ts'
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
/** Who is told of changes is told this seldom: records come in crowds. */
const SETTLE_MS = 100

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
  readonly #index = new RecordIndex()
  #indexIsOld = true
  #convicted: Convicted = new Map()
  /** Runs while nobody is told of a change. */
  #settling: Unsubscribe | null = null
  #untold = false
  readonly #ends: Unsubscribe[] = []
  /** Timers of the jobs whose manifest nobody has. */
  readonly #waiting = new Set<Unsubscribe>()
  #stopped = false
  /** Why a job of the database cannot be used, by job. */
  readonly refused = new Map<JobId, string>()

  constructor(parts: { store: JobStore; blocks: BlockStore; clock: Clock; builtIn: readonly Kernel[]; changed: () => void }) {
    this.#store = parts.store
    this.#blocks = parts.blocks
    this.#clock = parts.clock
    this.#builtIn = new Map(parts.builtIn.map((kernel) => [kernelCid(kernel), kernel]))
    this.#changed = parts.changed
    this.#ends.push(parts.store.onRecords((records) => this.#learn(records)))
    this.#learn(parts.store.records())
  }

  get(job: JobId): KnownJob | undefined {
    return this.#jobs.get(job)
  }

  /** Every job record, newest first, whether its manifest has arrived or not. */
  records(): JobRecord[] {
    this.#fresh()
    const records = [...this.#records].map(([job, byRequester]) => this.#jobs.get(job)?.record ?? byRequester.values().next().value!)
    return records.sort((a, b) => b.createdAt - a.createdAt)
  }

  /** What the database says of a job: another object when that has changed. */
  recordsOf(job: JobId): JobRecords {
    return this.#fresh().of(job)
  }

  /** Taken back by its own requester; while its manifest has not arrived, by everybody who says to be that. */
  isCancelled(job: JobId): boolean {
    const requester = this.#jobs.get(job)?.job.requester
    const requesters = requester === undefined ? [...(this.#records.get(job)?.keys() ?? [])] : [requester]
    const { cancelledBy } = this.recordsOf(job)
    return requesters.length > 0 && requesters.every((peer) => cancelledBy.has(peer))
  }

  /** Some room works on it now, by a claim that has not lapsed. */
  isClaimed(job: JobId): boolean {
    const now = this.#clock.now()
    return [...this.recordsOf(job).claims.values()].flat().some(({ lapsesAt }) => lapsesAt > now)
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
    const results = [...this.recordsOf(job).results.values()]
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
    this.#indexIsOld = true
    this.#change()
  }

  partials(job: JobId): readonly PartialRecord[] {
    return [...this.recordsOf(job).partials.values()].flat()
  }

  /** Knows a job before its record has been through the database. */
  add(record: JobRecord, job: Job, kernel: Kernel): void {
    this.#jobs.set(record.job, { record, job, kernel, builtIn: this.#builtIn.has(job.kernel) })
  }

  /** Open microjobs in the order in which rooms are tried: the preferred job first, then the oldest. */
  work(allow: (job: KnownJob) => boolean, preferred: JobId | null): WorkItem[] {
    const index = this.#fresh()
    const jobs = [...this.#jobs.values()].filter((entry) => allow(entry) && !this.isFound(entry.record.job))
    const items = openWork(jobs, index, this.#clock.now()).map((open): WorkItem => {
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
    this.#stopped = true
    for (const end of [...this.#ends, ...this.#waiting]) end()
    this.#settling?.()
  }

  #learn(records: readonly DatabaseRecord[]): void {
    for (const record of records) if (record.kind === 'job') this.#announce(record)
    this.#indexIsOld = true
    this.#change()
  }

  /** Says that something changed: the first time at once, and what changes soon after that together. */
  #change(): void {
    this.#untold = this.#settling !== null
    if (this.#untold) return
    this.#settling = this.#clock.after(SETTLE_MS, () => {
      this.#settling = null
      if (this.#untold) this.#change()
    })
    this.#changed()
  }

  /** By the records as they are now. */
  #fresh(): RecordIndex {
    if (this.#indexIsOld) {
      this.#indexIsOld = false
      this.#index.update(this.#store.records(), this.#convicted)
      for (const job of this.#records.keys()) if (!this.#index.of(job).announced) this.#forget(job)
    }
    return this.#index
  }

  /** The store no longer keeps what has ended long ago: nothing shows that it has, and it must not seem open. */
  #forget(job: JobId): void {
    this.#records.delete(job)
    this.#jobs.delete(job)
    this.refused.delete(job)
  }

  #announce(record: JobRecord): void {
    const known = this.#records.get(record.job)
    if (known?.has(record.requester) === true) return
    this.#records.set(record.job, new Map(known).set(record.requester, record))
    if (!this.#jobs.has(record.job)) void this.#load(record)
  }

  async #load(record: JobRecord): Promise<void> {
    while (!this.#stopped && this.#records.has(record.job) && !this.#jobs.has(record.job)) {
      try {
        const job = (await this.#blocks.getValue(record.job, AbortSignal.timeout(FETCH_MS))) as Job
        const kernel = this.#builtIn.get(job.kernel) ?? ((await this.#blocks.getValue(job.kernel, AbortSignal.timeout(FETCH_MS))) as Kernel)
        if (this.#stopped || !this.#records.has(record.job)) return
        const fault = strangersFault(record, job, kernel)
        if (fault === null) this.add(record, job, kernel)
        else this.refused.set(record.job, fault)
        this.#change()
        return
      } catch {
        // Whoever has the manifest is not here now.
        if (!this.#stopped) await this.#wait()
      }
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const end = this.#clock.after(RETRY_MS, () => {
        this.#waiting.delete(end)
        resolve()
      })
      this.#waiting.add(end)
    })
  }
}
