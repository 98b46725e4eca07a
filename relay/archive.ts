import { join } from 'node:path'
import PQueue from 'p-queue'
import type { Job } from '../src/domain/job.ts'
import { hashOfCid } from '../src/domain/ids.ts'
import type { Cid, JobId, PeerId } from '../src/domain/ids.ts'
import type { DatabaseRecord, JobRecord } from '../src/domain/record.ts'
import type { Signer } from '../src/room/ports.ts'
import { levelStorage } from '../src/store/level.ts'
import { ARCHIVE_LIMITS, openStore } from '../src/store/index.ts'
import type { Store, StoreInit } from '../src/store/index.ts'
import { DEFAULT_QUOTAS, jobsToDrop } from './archive-quota.ts'
import type { ArchiveQuotas } from './archive-quota.ts'
import { Shelf } from './archive-shelf.ts'

export interface ArchiveInit {
  libp2p: StoreInit['libp2p']
  directory: string
  signer: Signer
  /** Called when a peer breaks the exchange's protocol. */
  offence?: (peer: PeerId) => void
  /** @default DEFAULT_QUOTAS */
  quotas?: ArchiveQuotas
}

export interface ArchiveStats {
  jobs: number
  blocks: number
  /** Bytes of the blocks. */
  bytes: number
  /** Blocks that records name and nobody has handed over yet. */
  missing: number
  /** Jobs whose blocks had to go for a quota, or that were taken back. */
  dropped: number
  quotas: ArchiveQuotas
  /** What a person should know about the files; empty when all is well. */
  detail: string
}

export interface Archive {
  /** The databases that the archive keeps. */
  readonly store: Store
  stats(): ArchiveStats
  stop(): Promise<void>
}

const FETCH_MS = 15_000
const FETCHES_AT_ONCE = 8
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000
/** Jobs whose results may come before their manifest. */
const MAX_EARLY_JOBS = 1_000
/** Most input blocks of one job: 64 GiB of blocks of 1 MiB. */
const MAX_INPUT_BLOCKS = 65_536

/** Keeps the job database and everything its records name, so that jobs outlive the tabs. Rejects with StorageError. */
export async function createArchive(init: ArchiveInit): Promise<Archive> {
  const files = await levelStorage(join(init.directory, 'archive'))
  const { libp2p, signer } = init
  const store = await openStore({
    ...(init.offence === undefined ? {} : { onOffence: init.offence }),
    libp2p,
    blockstore: files.blockstore,
    datastore: files.datastore,
    signer,
    archive: true,
    limits: ARCHIVE_LIMITS,
  })
  const shelf = new Shelf(files.datastore)
  await shelf.load()
  const keeper = new Keeper(store, shelf, init.quotas ?? DEFAULT_QUOTAS)
  keeper.keep(store.jobs.records())
  const end = store.jobs.onRecords((records) => keeper.keep(records))
  return {
    store,
    stats: () => ({ ...keeper.stats(), detail: files.detail }),
    stop: async () => {
      end()
      await keeper.stop()
      await store.stop()
      await files.close()
    },
  }
}

/** Fetches what records name, and drops what is beyond the quotas. */
class Keeper {
  readonly #store: Store
  readonly #shelf: Shelf
  readonly #quotas: ArchiveQuotas
  readonly #queue = new PQueue({ concurrency: FETCHES_AT_ONCE })
  readonly #stop = new AbortController()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  /** Blocks on their way, and for whom: a job, or `JOB REQUESTER` for the manifest of one that is announced. */
  readonly #wanted = new Map<Cid, Set<string>>()
  #missing = 0
  /** Jobs by id: the one record whose requester the manifest names. */
  readonly #known = new Map<JobId, { microjobs: number; complete: Set<string> }>()
  /** Results, partials and tombstones that came before the job's manifest. */
  readonly #early = new Map<JobId, DatabaseRecord[]>()

  constructor(store: Store, shelf: Shelf, quotas: ArchiveQuotas) {
    this.#store = store
    this.#shelf = shelf
    this.#quotas = quotas
  }

  stats(): Omit<ArchiveStats, 'detail'> {
    let [jobs, blocks, bytes, dropped] = [0, 0, 0, 0]
    for (const shelved of this.#shelf.all()) {
      if (shelved.dropped) dropped++
      else jobs++
      blocks += shelved.blocks
      bytes += shelved.bytes
    }
    return { jobs, blocks, bytes, dropped, missing: this.#missing, quotas: this.#quotas }
  }

  keep(records: readonly DatabaseRecord[]): void {
    for (const record of records) {
      // Whoever announces somebody else's job must not be in its requester's way.
      if (record.kind === 'job') this.#want(`${record.job} ${record.requester}`, record.job, (within) => this.#keepJob(record, within))
      else if (record.kind !== 'claim') this.#follow(record)
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#queue.clear()
    await this.#queue.onIdle()
  }

  async #keepJob(record: JobRecord, within: AbortSignal): Promise<void> {
    const job = await this.#store.blocks.getValue(record.job, within)
    // Whoever announces a job must be the one its manifest names.
    if (!isManifest(job) || job.requester !== record.requester) return this.#free(record.job, record.job)
    await this.#shelf.open(record.job, record.requester, record.createdAt)
    await this.#makeRoom(record.requester)
    this.#known.set(record.job, { microjobs: record.microjobs, complete: new Set() })
    await this.#fetch(record.job, record.job, within)
    for (const cid of [job.kernel, ...(job.input?.blocks ?? [])])
      this.#want(record.job, cid, (within) => this.#fetch(record.job, cid, within))
    const early = this.#early.get(record.job) ?? []
    this.#early.delete(record.job)
    this.keep(early)
  }

  #follow(record: Exclude<DatabaseRecord, { kind: 'job' | 'claim' }>): void {
    const known = this.#known.get(record.job)
    if (known === undefined) {
      const early = this.#early.get(record.job)
      if (early !== undefined) early.push(record)
      else this.#early.set(record.job, [record])
      if (this.#early.size > MAX_EARLY_JOBS) this.#early.delete(this.#early.keys().next().value!)
      return
    }
    if (record.kind === 'tombstone') return this.#do(() => this.#takeBack(record.job, record.requester))
    const outputs = record.kind === 'result' ? record.certificate.body.chunks : record.results
    for (const { output } of outputs) this.#want(record.job, output, (within) => this.#fetch(record.job, output, within))
    if (record.kind !== 'result') return
    known.complete.add(`${record.block}/${record.microjob}`)
    if (known.complete.size >= known.microjobs) this.#do(() => this.#shelf.finish(record.job))
  }

  /** Now, and again while the disk refuses it. */
  #do(work: () => Promise<void>, retryMs = FIRST_RETRY_MS): void {
    void this.#queue.add(() => work().catch(() => this.#later(retryMs, () => this.#do(work, Math.min(2 * retryMs, LAST_RETRY_MS)))))
  }

  async #takeBack(job: JobId, requester: string): Promise<void> {
    if (this.#shelf.get(job)?.requester === requester) await this.#drop(job)
  }

  async #fetch(job: JobId, cid: Cid, within: AbortSignal): Promise<void> {
    const shelved = this.#shelf.get(job)
    if (shelved?.dropped !== false) return this.#free(job, cid)
    if (await this.#shelf.has(job, cid)) return
    const bytes = await this.#store.blocks.get(cid, within)
    // The job may have had to go while its block was on the way.
    if (!(await this.#shelf.addBlock(job, cid, bytes.length))) return this.#free(job, cid)
    await this.#makeRoom(shelved.requester)
  }

  /** Forgets a block of a job that is not kept, unless it is, or is about to be, another job's as well. */
  async #free(job: JobId, cid: Cid): Promise<void> {
    const awaited = [...(this.#wanted.get(cid) ?? [])].some((other) => !other.startsWith(job))
    if (!awaited && !(await this.#shelf.isNeeded(cid))) await this.#store.blocks.delete(cid)
  }

  async #makeRoom(requester: PeerId): Promise<void> {
    if (!this.#shelf.isBeyond(requester, this.#quotas)) return
    const held = [...this.#shelf.all()].filter(({ dropped }) => !dropped)
    for (const job of jobsToDrop(held, this.#quotas)) await this.#drop(job)
  }

  async #drop(job: JobId): Promise<void> {
    for (const cid of await this.#shelf.drop(job)) await this.#free(job, cid)
  }

  /** Does it, and again while nobody who has the block is here: soon at first, because a request may get lost. */
  #want(job: string, cid: Cid, fetch: (within: AbortSignal) => Promise<void>, retryMs = FIRST_RETRY_MS): void {
    const jobs = this.#wanted.get(cid) ?? new Set()
    if (jobs.has(job) || this.#stop.signal.aborted) return
    this.#wanted.set(cid, jobs.add(job))
    this.#missing++
    void this.#queue.add(
      async () => {
        try {
          await fetch(this.#patience(Math.min(2 * retryMs, FETCH_MS)))
          this.#unwant(job, cid)
        } catch {
          this.#later(retryMs, () => {
            this.#unwant(job, cid)
            this.#want(job, cid, fetch, Math.min(2 * retryMs, LAST_RETRY_MS))
          })
        }
        // Blocks that nobody had the last time wait behind those that were just named: made-up ones hold up nobody.
      },
      { priority: -retryMs },
    )
  }

  #later(ms: number, work: () => void): void {
    if (this.#stop.signal.aborted) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, ms)
    this.#timers.add(timer.unref())
  }

  #unwant(job: string, cid: Cid): void {
    this.#missing--
    const jobs = this.#wanted.get(cid)!
    jobs.delete(job)
    if (jobs.size === 0) this.#wanted.delete(cid)
  }

  #patience(ms: number): AbortSignal {
    return AbortSignal.any([AbortSignal.timeout(ms), this.#stop.signal])
  }
}

/** Whether a manifest from a stranger names blocks that can be fetched. */
function isManifest(value: unknown): value is Pick<Job, 'requester' | 'kernel' | 'input'> {
  if (typeof value !== 'object' || value === null) return false
  const { requester, kernel, input } = value as Record<string, unknown>
  if (typeof requester !== 'string' || !isCid(kernel)) return false
  if (input === null) return true
  const { blocks } = (input ?? {}) as Record<string, unknown>
  return Array.isArray(blocks) && blocks.length <= MAX_INPUT_BLOCKS && blocks.every(isCid)
}

function isCid(value: unknown): value is Cid {
  try {
    return typeof value === 'string' && hashOfCid(value).length === 32
  } catch {
    return false
  }
}
