import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { jobCid } from '../domain/job.ts'
import type { ClaimRecord, DatabaseRecord, JobRecord } from '../domain/record.ts'
import { createSystemClock } from '../net/system-clock.ts'
import type { BlockStore, JobStore } from '../room/ports.ts'
import { MemoryStoreNetwork } from '../sim/memory-store.ts'
import { Catalogue } from './catalogue.ts'
import { provenJob } from './test-proof.ts'

/** A store whose records come and go as a test says. */
class Records implements JobStore {
  reads = 0
  #records: readonly DatabaseRecord[] = []
  #handler: (records: readonly DatabaseRecord[]) => void = () => undefined

  add(...fresh: DatabaseRecord[]): void {
    this.#records = [...this.#records, ...fresh]
    this.#handler(fresh)
  }

  /** Lets go of these without a word, as a store does with what has ended long ago. */
  drop(...gone: DatabaseRecord[]): void {
    this.#records = this.#records.filter((record) => !gone.includes(record))
  }

  records(): readonly DatabaseRecord[] {
    this.reads++
    return this.#records
  }

  onRecords(handler: (records: readonly DatabaseRecord[]) => void): () => void {
    this.#handler = handler
    return () => undefined
  }

  put = (): Promise<void> => Promise.reject(new Error('not of this store'))
  stop = (): Promise<void> => Promise.resolve()
}

async function setup() {
  const { proof, members, results } = await provenJob()
  const { job, kernel } = proof
  const [host] = members
  const common = { job: jobCid(job), requester: host!.self, createdAt: 1_000 }
  const record: JobRecord = { kind: 'job', ...common, kernel: job.kernel, title: job.title, chunks: 20, microjobs: 2 }
  const store = new Records()
  const { blocks } = new MemoryStoreNetwork().join(host!)
  let look: () => unknown = () => undefined
  const changed = vi.fn(() => void look())
  const catalogue = new Catalogue({ store, blocks, clock: createSystemClock(), builtIn: [kernel], changed })
  const claim = (term: number): ClaimRecord => {
    const { block, microjob, peer } = results[0]!
    return { kind: 'claim', job: record.job, block, microjob, peer, term, createdAt: 1_000, lapsesAt: 1_000 }
  }
  catalogue.add(record, job, kernel)
  const work = () => catalogue.work(() => true, null)
  look = work
  return { catalogue, store, changed, record, job, kernel, results, claim, work }
}

describe('the catalogue of jobs', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('tells of the first of a crowd of records at once, and of the others together, without reading the database for each', async () => {
    const { store, changed, claim } = await setup()
    vi.advanceTimersByTime(1_000)
    changed.mockClear()
    store.reads = 0
    for (let term = 1; term <= 1_000; term++) store.add(claim(term))
    expect(changed).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1_000)
    expect(changed).toHaveBeenCalledTimes(2)
    expect(store.reads).toBe(2)
  })

  it('shows whoever asks what has come, although nobody was told of it yet', async () => {
    const { catalogue, store, changed, record, results, claim, work } = await setup()
    store.add(record, claim(1))
    changed.mockClear()
    expect(work()).toHaveLength(2)
    store.add(results[0]!)
    expect(work()).toHaveLength(1)
    expect(catalogue.results(record.job)).toEqual([results[0]])
    store.add({ kind: 'tombstone', job: record.job, requester: record.requester, createdAt: 2_000 })
    expect(catalogue.isCancelled(record.job)).toBe(true)
    expect(work()).toEqual([])
    expect(changed).not.toHaveBeenCalled()
  })

  it('offers nothing of a job that has ended so long ago that the store has let go of it, until it comes again', async () => {
    const { catalogue, store, record, job, kernel, results, claim, work } = await setup()
    store.add(record, ...results)
    expect(work()).toEqual([])
    store.drop(record, ...results)
    store.add({ ...claim(1), job: 'another' })
    expect(work()).toEqual([])
    expect(catalogue.records()).toEqual([])
    store.add(record)
    catalogue.add(record, job, kernel)
    expect(work()).toHaveLength(2)
  })
})

describe('a job whose manifest nobody has', () => {
  async function missing(getValue: BlockStore['getValue']) {
    const due: { callback: () => void; cancel: ReturnType<typeof vi.fn> }[] = []
    const after = (_ms: number, callback: () => void) => {
      const cancel = vi.fn()
      due.push({ callback, cancel })
      return cancel
    }
    const store = new Records()
    const blocks = { getValue } as BlockStore
    const catalogue = new Catalogue({ store, blocks, clock: { now: () => 0, after }, builtIn: [], changed: () => undefined })
    store.add({ kind: 'job', job: 'job', requester: 'ann', createdAt: 1, kernel: 'kernel', title: '', chunks: 1, microjobs: 1 })
    const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
    return { catalogue, store, due, settled }
  }

  it('is cancelled once everybody who says to have submitted it has taken it back', async () => {
    const { catalogue, store } = await missing(async () => Promise.reject(new Error('nobody')))
    expect(catalogue.isCancelled('job')).toBe(false)
    const tombstone = (requester: string) => ({ kind: 'tombstone', job: 'job', requester, createdAt: 2 }) as const
    store.add({ kind: 'job', job: 'job', requester: 'stranger', createdAt: 1, kernel: 'kernel', title: '', chunks: 1, microjobs: 1 })
    store.add(tombstone('stranger'))
    expect(catalogue.isCancelled('job')).toBe(false)
    store.add(tombstone('ann'))
    expect(catalogue.isCancelled('job')).toBe(true)
    expect(catalogue.isCancelled('another')).toBe(false)
    catalogue.stop()
  })

  it('is asked for again and again, and leaves nothing behind', async () => {
    let asked = 0
    const { catalogue, due, settled } = await missing(async () => Promise.reject(new Error(`nobody, ${++asked}`)))
    const past: typeof due = []
    for (let i = 0; i < 10; i++) {
      await settled()
      past.push(...due.splice(0))
      for (const { callback } of past.slice(-2)) callback()
    }
    await settled()
    expect(asked).toBeGreaterThan(5)
    catalogue.stop()
    expect(past.filter(({ cancel }) => cancel.mock.calls.length > 0).length).toBeLessThan(2)
    expect(due.every(({ cancel }) => cancel.mock.calls.length > 0)).toBe(true)
  })

  it('is asked for no more once the node has stopped, not even when it was being asked for', async () => {
    const { promise, reject } = Promise.withResolvers<unknown>()
    const { catalogue, due, settled } = await missing(() => promise)
    catalogue.stop()
    const before = due.length
    reject(new Error('nobody'))
    await settled()
    expect(due.length).toBe(before)
  })
})
