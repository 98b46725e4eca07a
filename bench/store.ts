import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Datastore } from 'interface-datastore'
import type { Signer } from '../src/room/ports.ts'
import { jobRecord, sign } from '../src/room/store-fixtures.ts'
import { levelStorage } from '../src/store/level.ts'
import { ARCHIVE_LIMITS } from '../src/store/record-set.ts'
import { connect, newSigner, startTestNode } from '../src/store/test-node.ts'
import type { TestNode } from '../src/store/test-node.ts'
import { openLedgerReplica, openReplica } from '../src/store/test-replica.ts'
import { finishedJob, openJob } from './store-entries.ts'

/** Milliseconds. */
interface Spread {
  p50: number
  p95: number
}

interface NewcomerResult {
  finishedJobs: number
  /** ms until the relay has read its files. */
  relayOpenMs: number
  /** Heap and buffers that the relay's node and stores take, after a collection, MiB. */
  relayMiB: number
  /** ms from dialling the relay until every open job is known. */
  readyMs: number
  /** ms until the ledger is there, too. */
  syncedMs: number
  /** Bytes of the exchanges of both databases. */
  readyBytes: number
}

export interface StoreResult {
  appendMs: Spread
  replicateMs: Spread
  /** A new tab that needs 1,000 open jobs. */
  sync1000Ms: number
  newcomers: NewcomerResult[]
}

const OPEN_JOBS = 20
const APPENDS = 200
const MEMBERS = 11

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function memoryMiB(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1024 ** 2
}

function spread(samples: number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = (share: number): number => Math.round(sorted[Math.floor(share * sorted.length)]! * 10) / 10
  return { p50: at(0.5), p95: at(0.95) }
}

/** Resolves when the store has so many records. */
function recordsOf({ store }: TestNode, count: number): Promise<void> {
  return new Promise((resolve) => {
    const end = store.jobs.onRecords(check)
    function check(): void {
      if (store.jobs.records().length < count) return
      end()
      resolve()
    }
    check()
  })
}

async function measureAppends(directory: string): Promise<Pick<StoreResult, 'appendMs' | 'replicateMs'>> {
  const files = await levelStorage(join(directory, 'append'))
  const [writer, reader] = [await startTestNode({ blockstore: files.blockstore, datastore: files.datastore }), await startTestNode()]
  await connect(writer, reader)
  await writer.store.jobs.put(await sign(writer.signer, jobRecord(writer.signer, 'first')))
  await recordsOf(reader, 1)
  const append: number[] = []
  const replicate: number[] = []
  for (let i = 0; i < APPENDS; i++) {
    const record = await sign(writer.signer, jobRecord(writer.signer, `job ${i}`))
    const arrived = recordsOf(reader, i + 2)
    const start = performance.now()
    await writer.store.jobs.put(record)
    append.push(performance.now() - start)
    await arrived
    replicate.push(performance.now() - start)
  }
  await Promise.all([writer.stop(), reader.stop()])
  await files.close()
  return { appendMs: spread(append), replicateMs: spread(replicate) }
}

async function measureSync(): Promise<number> {
  const source = await startTestNode()
  const puts = Array.from({ length: 1_000 }, async (_, i) =>
    source.store.jobs.put(await sign(source.signer, jobRecord(source.signer, `job ${i}`))),
  )
  await Promise.all(puts)
  const tab = await startTestNode()
  const start = performance.now()
  await connect(tab, source)
  await recordsOf(tab, 1_000)
  const ms = performance.now() - start
  await Promise.all([tab.stop(), source.stop()])
  return Math.round(ms)
}

async function measureNewcomers(directory: string, sizes: readonly number[]): Promise<NewcomerResult[]> {
  const results: NewcomerResult[] = []
  const members = await Promise.all(Array.from({ length: MEMBERS }, newSigner))
  let written = 0
  for (const size of sizes) {
    const files = await levelStorage(join(directory, 'relay'))
    await fill(files.datastore, members, written, size)
    written = size
    await files.close()

    const again = await levelStorage(join(directory, 'relay'))
    const base = memoryMiB()
    const opening = performance.now()
    const relay = await startTestNode({ blockstore: again.blockstore, datastore: again.datastore, archive: true, limits: ARCHIVE_LIMITS })
    const relayOpenMs = Math.round(performance.now() - opening)
    const relayMiB = Math.round((memoryMiB() - base) * 10) / 10
    const tab = await startTestNode()
    const start = performance.now()
    await connect(tab, relay)
    await openJobsOf(tab)
    const readyMs = Math.round(performance.now() - start)
    // The rest of the same exchanges: the ledger, and how the last jobs ended.
    while ([tab.store.stats().jobs, tab.store.stats().ledger].some(({ exchanges }) => exchanges === 0))
      await new Promise<void>((resolve) => setTimeout(resolve, 5))
    const syncedMs = Math.round(performance.now() - start)
    const { jobs, ledger } = tab.store.stats()
    const readyBytes = [jobs, ledger].reduce((sum, { bytesReceived, bytesSent }) => sum + bytesReceived + bytesSent, 0)
    results.push({ finishedJobs: size, relayOpenMs, relayMiB, readyMs, syncedMs, readyBytes })
    await Promise.all([tab.stop(), relay.stop()])
    await again.close()
  }
  return results
}

/** Finished jobs from `from` to `to`, and at the very first the open ones, as the archive would have received them. */
async function fill(datastore: Datastore, members: readonly Signer[], from: number, to: number): Promise<void> {
  const options = { datastore, archive: true, limits: ARCHIVE_LIMITS }
  const signer = await newSigner()
  const [database, ledger] = [await openReplica(signer, options), await openLedgerReplica(signer, options)]
  const addresses = { jobs: database.address, ledger: ledger.address }
  if (from === 0) {
    await database.accept(
      await Promise.all(Array.from({ length: OPEN_JOBS }, (_, i) => openJob(addresses.jobs, members[i % MEMBERS]!, `open ${i}`))),
    )
  }
  for (let i = from; i < to; i += 100) {
    const jobs = await Promise.all(
      Array.from({ length: Math.min(100, to - i) }, (_, at) => finishedJob(addresses, members, `finished ${i + at}`)),
    )
    const accepted = [await database.accept(jobs.flatMap((job) => job.jobs)), await ledger.accept(jobs.map((job) => job.ledger))]
    for (const { refused } of accepted) if (refused.length > 0) throw new Error(`the benchmark's own records were refused: ${refused[0]}`)
  }
  await database.stop()
  await ledger.stop()
}

/** Resolves when the tab knows every open job: it can work then. */
async function openJobsOf(tab: TestNode): Promise<void> {
  const open = (): number => tab.store.jobs.records().filter((record) => record.kind === 'job' && record.title.startsWith('open')).length
  while (open() < OPEN_JOBS) await new Promise<void>((resolve) => setTimeout(resolve, 5))
}

/** Measures the job database. @param sizes finished jobs that a newcomer finds */
export async function benchStore(sizes: readonly number[] = [100, 1_000, 10_000]): Promise<StoreResult> {
  const directory = await mkdtemp(join(tmpdir(), 'roomful-bench-store-'))
  try {
    return { ...(await measureAppends(directory)), sync1000Ms: await measureSync(), newcomers: await measureNewcomers(directory, sizes) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

if (process.argv[1]?.endsWith('store.ts') === true) {
  const sizes = process.argv.includes('--quick') ? [100, 1_000] : undefined
  const result = await benchStore(sizes)
  if (process.argv.includes('--json')) console.log(JSON.stringify(result, null, 2))
  else {
    console.log(`append     p50 ${result.appendMs.p50} ms, p95 ${result.appendMs.p95} ms`)
    console.log(`replicate  p50 ${result.replicateMs.p50} ms, p95 ${result.replicateMs.p95} ms`)
    console.log(`1,000 open jobs reach a new tab in ${result.sync1000Ms} ms`)
    console.table(result.newcomers)
  }
}
