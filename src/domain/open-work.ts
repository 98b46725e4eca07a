import type { Job, MicrojobRef } from './job.ts'
import { jobCid } from './job.ts'
import { microjobAt, microjobCount } from './plan.ts'
import type { ClaimRecord, JobRecord, PartialRecord } from './record.ts'
import { microjobName } from './record-index.ts'
import type { JobRecords, RecordIndex } from './record-index.ts'
import type { Convicted } from './voided.ts'

/**
 * Most microjobs of one job that are listed at once, the first open ones: a job may have millions. One that is listed
 * stays so until it is complete, because only those before it leave the list.
 */
export const MAX_OPEN_PER_JOB = 1_024

/** A job's record with the manifest it names. */
export interface ListedJob {
  record: JobRecord
  job: Job
}

/** One microjob that is not complete. */
export interface OpenWork {
  ref: MicrojobRef
  /** `claimed` while a claim is alive, `partial` when chunks of it are known, `open` otherwise. */
  state: 'open' | 'claimed' | 'partial'
  /** The claim that counts; of lapsed ones the one with the highest term, so that terms rise. */
  claim: ClaimRecord | null
  /** Chunks that need not be computed again, at most one result a chunk, in chunk order. */
  results: PartialRecord['results']
  /** Certificates of this microjob of which something was voided: it is opened again with each. */
  certificates: number
}

/** How far a job is, in microjobs. */
export interface JobProgress {
  microjobs: number
  complete: number
  claimed: number
  /** Chunks known from unfinished microjobs. */
  partialChunks: number
  cancelled: boolean
}

/**
 * Microjobs that are not complete, or of which chunks were voided, and whose job is not taken back, oldest job first, then in the job's order: the same
 * list on every replica with the same records. Jobs that their record does not describe truthfully are left out.
 * @param now ms since the epoch: decides which claims have lapsed
 */
export function openWork(jobs: readonly ListedJob[], index: RecordIndex, now: number): OpenWork[] {
  const unfinished = jobs.filter(
    (listed) => !finished.has(index.of(listed.record.job)) && !isCancelled(listed, index.of(listed.record.job)) && isTruthful(listed),
  )
  unfinished.sort((a, b) => a.record.createdAt - b.record.createdAt || order(a.record.job, b.record.job))
  return unfinished.flatMap((listed) => openIn(listed, index, now))
}

/** Records that leave nothing of their job open: whatever the time, until there are others. */
const finished = new WeakSet<JobRecords>()

function openIn({ record, job }: ListedJob, index: RecordIndex, now: number): OpenWork[] {
  const found = index.of(record.job)
  const open: OpenWork[] = []
  for (let i = 0; i < record.microjobs && open.length < MAX_OPEN_PER_JOB; i++) {
    const ref = refAt(job, i)
    const name = microjobName(ref)
    if (isComplete(found, name)) continue
    const claim = winningClaim(found.claims.get(name) ?? [], now)
    const results = knownResults(found, ref, index.convicted)
    const alive = claim !== null && claim.lapsesAt > now
    const certificates = found.certificates.get(name) ?? 0
    open.push({ ref, state: alive ? 'claimed' : results.length > 0 ? 'partial' : 'open', claim, results, certificates })
  }
  if (open.length === 0 && found.results.size > 0) finished.add(found)
  return open
}

/** Progress of one job. @param now ms since the epoch */
export function jobProgress(listed: ListedJob, index: RecordIndex, now: number): JobProgress {
  const { record, job } = listed
  const found = index.of(record.job)
  const progress: JobProgress = {
    microjobs: record.microjobs,
    complete: 0,
    claimed: 0,
    partialChunks: 0,
    cancelled: isCancelled(listed, found),
  }
  for (let i = 0; i < record.microjobs; i++) {
    const ref = refAt(job, i)
    const name = microjobName(ref)
    if (isComplete(found, name)) {
      progress.complete++
      continue
    }
    const claim = winningClaim(found.claims.get(name) ?? [], now)
    if (claim !== null && claim.lapsesAt > now) progress.claimed++
    progress.partialChunks += knownResults(found, ref, index.convicted).length
  }
  return progress
}

/**
 * Of several claims the one that counts: a living one before a lapsed one, then the higher term, then the earlier, then
 * the lower peer id. Null without claims. @param now ms since the epoch
 */
export function winningClaim(claims: readonly ClaimRecord[], now: number): ClaimRecord | null {
  const living = claims.filter(({ lapsesAt }) => lapsesAt > now)
  return (living.length > 0 ? living : claims).reduce<ClaimRecord | null>((best, claim) => {
    if (best === null) return claim
    if (claim.term !== best.term) return claim.term > best.term ? claim : best
    if (claim.createdAt !== best.createdAt) return claim.createdAt < best.createdAt ? claim : best
    return claim.peer < best.peer ? claim : best
  }, null)
}

function isComplete({ results }: JobRecords, name: string): boolean {
  return results.get(name)?.voided.length === 0
}

function isCancelled({ record }: ListedJob, { cancelledBy }: JobRecords): boolean {
  return cancelledBy.has(record.requester)
}

/**
 * One result a chunk: what stays of a certificate, then whose record is the earliest, then the lowest peer id. Chunks of
 * another microjob, and what somebody computed who was proven wrong, are left out.
 */
function knownResults(found: JobRecords, ref: MicrojobRef, convicted: Convicted): PartialRecord['results'] {
  const name = microjobName(ref)
  const byChunk = new Map<number, PartialRecord['results'][number]>()
  const add = (result: PartialRecord['results'][number]): void => {
    const belongs = result.chunk >= ref.firstChunk && result.chunk < ref.firstChunk + ref.chunkCount
    if (belongs && !byChunk.has(result.chunk)) byChunk.set(result.chunk, result)
  }
  const certified = found.results.get(name)
  for (const { chunk, peer, output, fuel } of certified?.record.certificate.body.chunks ?? []) {
    if (certified?.voided.includes(chunk) === false) add({ chunk, peer, output, fuel })
  }
  const partials = [...(found.partials.get(name) ?? [])].sort((a, b) => a.createdAt - b.createdAt || order(a.peer, b.peer))
  for (const { results } of partials) for (const result of results) if (!convicted.has(result.peer)) add(result)
  return [...byChunk.values()].sort((a, b) => a.chunk - b.chunk)
}

function isTruthful({ record, job }: ListedJob): boolean {
  return job.requester === record.requester && microjobCount(job) === record.microjobs && known(job).id === record.job
}

/** Hashes of a manifest, which never changes: the list is made every second, and each name costs two of them. */
const manifests = new WeakMap<Job, { id: string; refs: MicrojobRef[] }>()

function known(job: Job): { id: string; refs: MicrojobRef[] } {
  let entry = manifests.get(job)
  if (entry === undefined) manifests.set(job, (entry = { id: jobCid(job), refs: [] }))
  return entry
}

function refAt(job: Job, index: number): MicrojobRef {
  return (known(job).refs[index] ??= microjobAt(job, index))
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
