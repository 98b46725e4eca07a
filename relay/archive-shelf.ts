import { Key } from 'interface-datastore'
import type { Batch, Datastore } from 'interface-datastore'
import PQueue from 'p-queue'
import { decodeCanonical, encodeCanonical } from '../src/domain/ids.ts'
import type { Cid, JobId, PeerId } from '../src/domain/ids.ts'
import type { ArchiveQuotas, Holding } from './archive-quota.ts'

const PREFIX = '/roomful/archive'

/** A job on the shelf. */
export interface Shelved extends Holding {
  blocks: number
  /** Dropped for a quota or taken back: its blocks are not fetched again. */
  dropped: boolean
}

/** What the jobs of one requester come to. */
interface Share {
  bytes: number
  /** Jobs that are neither finished nor dropped. */
  open: number
}

function isOpen({ finished, dropped }: Shelved): boolean {
  return !finished && !dropped
}

/** Book of which blocks are kept for which job, on disk; in memory only the sums. */
export class Shelf {
  readonly #datastore: Datastore
  readonly #jobs = new Map<JobId, Shelved>()
  readonly #shares = new Map<PeerId, Share>()
  #bytes = 0
  readonly #writes = new PQueue({ concurrency: 1 })

  constructor(datastore: Datastore) {
    this.#datastore = datastore
  }

  async load(): Promise<void> {
    for await (const { key, value } of this.#datastore.query({ prefix: `${PREFIX}/job/` })) {
      const job = key.toString().slice(`${PREFIX}/job/`.length)
      const shelved = decodeCanonical(value) as Shelved
      this.#jobs.set(job, shelved)
      this.#count(shelved.requester, shelved.bytes, isOpen(shelved) ? 1 : 0)
    }
  }

  get(job: JobId): Shelved | undefined {
    return this.#jobs.get(job)
  }

  all(): IterableIterator<Shelved> {
    return this.#jobs.values()
  }

  /** Whether anything of this requester's, or of all, has to go. Asked for each block, so it must not look at every job. */
  isBeyond(requester: PeerId, quotas: ArchiveQuotas): boolean {
    const { bytes, open } = this.#shares.get(requester) ?? { bytes: 0, open: 0 }
    return this.#bytes > quotas.bytes || bytes > quotas.bytesPerRequester || open > quotas.jobsPerRequester
  }

  async open(job: JobId, requester: PeerId, createdAt: number): Promise<void> {
    if (this.#jobs.has(job)) return
    this.#jobs.set(job, { job, requester, createdAt, finished: false, bytes: 0, blocks: 0, dropped: false })
    this.#count(requester, 0, 1)
    await this.#write(job)
  }

  async has(job: JobId, cid: Cid): Promise<boolean> {
    return this.#datastore.has(new Key(`${PREFIX}/block/${cid}/${job}`, false))
  }

  /** Gives false for a block of a job that is not on the shelf, or not any longer. */
  async addBlock(job: JobId, cid: Cid, bytes: number): Promise<boolean> {
    const known = await this.has(job, cid)
    const shelved = this.#jobs.get(job)
    if (shelved === undefined || shelved.dropped) return false
    if (known) return true
    shelved.bytes += bytes
    shelved.blocks++
    this.#count(shelved.requester, bytes, 0)
    await this.#write(job, (batch) => {
      batch.put(new Key(`${PREFIX}/block/${cid}/${job}`, false), new Uint8Array(1))
      batch.put(new Key(`${PREFIX}/of/${job}/${cid}`, false), new Uint8Array(1))
    })
    return true
  }

  async finish(job: JobId): Promise<void> {
    const shelved = this.#jobs.get(job)
    if (shelved === undefined || shelved.finished) return
    this.#count(shelved.requester, 0, isOpen(shelved) ? -1 : 0)
    shelved.finished = true
    await this.#write(job)
  }

  /** Takes a job off the shelf. Gives the blocks that it had; others may have them, too. */
  async drop(job: JobId): Promise<Cid[]> {
    const shelved = this.#jobs.get(job)
    if (shelved === undefined || shelved.dropped) return []
    this.#count(shelved.requester, -shelved.bytes, isOpen(shelved) ? -1 : 0)
    Object.assign(shelved, { dropped: true, bytes: 0, blocks: 0 })
    const cids: Cid[] = []
    const prefix = `${PREFIX}/of/${job}/`
    // Behind the blocks that are being written.
    await this.#writes.add(async () => {
      for await (const key of this.#datastore.queryKeys({ prefix })) cids.push(key.toString().slice(prefix.length))
    })
    await this.#write(job, (batch) => {
      for (const cid of cids) {
        batch.delete(new Key(`${PREFIX}/of/${job}/${cid}`, false))
        batch.delete(new Key(`${PREFIX}/block/${cid}/${job}`, false))
      }
    })
    return cids
  }

  /** Whether the block is that of any job on the shelf. */
  async isNeeded(cid: Cid): Promise<boolean> {
    for await (const _ of this.#datastore.queryKeys({ prefix: `${PREFIX}/block/${cid}/` })) return true
    return false
  }

  #count(requester: PeerId, bytes: number, open: number): void {
    const share = this.#shares.get(requester) ?? { bytes: 0, open: 0 }
    this.#bytes += bytes
    this.#shares.set(requester, { bytes: share.bytes + bytes, open: share.open + open })
  }

  /** Writes a job's sums with what else changes, one after the other: the disk may finish two batches in either order. */
  async #write(job: JobId, change: (batch: Batch) => void = () => {}): Promise<void> {
    await this.#writes.add(async () => {
      const batch = this.#datastore.batch()
      batch.put(new Key(`${PREFIX}/job/${job}`, false), encodeCanonical(this.#jobs.get(job)))
      change(batch)
      await batch.commit()
    })
  }
}
