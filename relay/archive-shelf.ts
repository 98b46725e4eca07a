import { Key } from 'interface-datastore'
import type { Datastore } from 'interface-datastore'
import { decodeCanonical, encodeCanonical } from '../src/domain/ids.ts'
import type { Cid, JobId, PeerId } from '../src/domain/ids.ts'
import type { Holding } from './archive-quota.ts'

const PREFIX = '/roomful/archive'

/** A job on the shelf. */
export interface Shelved extends Holding {
  blocks: number
  /** Dropped for a quota or taken back: its blocks are not fetched again. */
  dropped: boolean
}

/** Book of which blocks are kept for which job, on disk; in memory only the sums. */
export class Shelf {
  readonly #datastore: Datastore
  readonly #jobs = new Map<JobId, Shelved>()

  constructor(datastore: Datastore) {
    this.#datastore = datastore
  }

  async load(): Promise<void> {
    for await (const { key, value } of this.#datastore.query({ prefix: `${PREFIX}/job/` })) {
      const job = key.toString().slice(`${PREFIX}/job/`.length)
      this.#jobs.set(job, decodeCanonical(value) as Shelved)
    }
  }

  get(job: JobId): Shelved | undefined {
    return this.#jobs.get(job)
  }

  all(): IterableIterator<Shelved> {
    return this.#jobs.values()
  }

  async open(job: JobId, requester: PeerId, createdAt: number): Promise<void> {
    if (this.#jobs.has(job)) return
    this.#jobs.set(job, { job, requester, createdAt, finished: false, bytes: 0, blocks: 0, dropped: false })
    await this.#write(job)
  }

  async has(job: JobId, cid: Cid): Promise<boolean> {
    return this.#datastore.has(new Key(`${PREFIX}/block/${cid}/${job}`, false))
  }

  async addBlock(job: JobId, cid: Cid, bytes: number): Promise<void> {
    const shelved = this.#jobs.get(job)
    if (shelved === undefined || shelved.dropped || (await this.has(job, cid))) return
    shelved.bytes += bytes
    shelved.blocks++
    const batch = this.#datastore.batch()
    batch.put(new Key(`${PREFIX}/block/${cid}/${job}`, false), new Uint8Array(1))
    batch.put(new Key(`${PREFIX}/of/${job}/${cid}`, false), new Uint8Array(1))
    batch.put(new Key(`${PREFIX}/job/${job}`, false), encodeCanonical(shelved))
    await batch.commit()
  }

  async finish(job: JobId): Promise<void> {
    const shelved = this.#jobs.get(job)
    if (shelved === undefined || shelved.finished) return
    shelved.finished = true
    await this.#write(job)
  }

  /** Takes a job off the shelf. Gives the blocks that no other job needs. */
  async drop(job: JobId): Promise<Cid[]> {
    const shelved = this.#jobs.get(job)
    if (shelved === undefined || shelved.dropped) return []
    Object.assign(shelved, { dropped: true, bytes: 0, blocks: 0 })
    const cids: Cid[] = []
    const prefix = `${PREFIX}/of/${job}/`
    for await (const key of this.#datastore.queryKeys({ prefix })) cids.push(key.toString().slice(prefix.length))
    const batch = this.#datastore.batch()
    batch.put(new Key(`${PREFIX}/job/${job}`, false), encodeCanonical(shelved))
    for (const cid of cids) {
      batch.delete(new Key(`${PREFIX}/of/${job}/${cid}`, false))
      batch.delete(new Key(`${PREFIX}/block/${cid}/${job}`, false))
    }
    await batch.commit()
    const free: Cid[] = []
    for (const cid of cids) if (!(await this.#isNeeded(cid))) free.push(cid)
    return free
  }

  async #isNeeded(cid: Cid): Promise<boolean> {
    for await (const _ of this.#datastore.queryKeys({ prefix: `${PREFIX}/block/${cid}/` })) return true
    return false
  }

  async #write(job: JobId): Promise<void> {
    await this.#datastore.put(new Key(`${PREFIX}/job/${job}`, false), encodeCanonical(this.#jobs.get(job)))
  }
}
