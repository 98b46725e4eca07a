import type { PeerId } from './ids.ts'
import type { Job, MicrojobRef } from './job.ts'
import { jobCid } from './job.ts'
import { microjobAt, microjobCount } from './plan.ts'
import type { ClaimRecord, DatabaseRecord, JobRecord, PartialRecord, ResultRecord } from './record.ts'
import { countedResults } from './voided.ts'
import type { Convicted, CountedResult } from './voided.ts'

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

interface Found {
  cancelled: Set<string>
  claims: Map<string, ClaimRecord[]>
  partials: Map<string, PartialRecord[]>
  /** Results that count, with what of them does not. */
  results: Map<string, CountedResult>
  /** How many results there are of a microjob. */
  certificates: Map<string, number>
}

/**
 * Microjobs that are not complete, or of which chunks were voided, and whose job is not taken back, oldest job first, then in the job's order: the same
 * list on every replica with the same records. Jobs that their record does not describe truthfully are left out.
 * @param now ms since the epoch: decides which claims have lapsed
 * @param convicted whose unchecked chunks count no longer
 */
export function openWork(
  jobs: readonly ListedJob[],
  records: readonly DatabaseRecord[],
  now: number,
  convicted: Convicted = new Map(),
): OpenWork[] {
  const found = sortOut(records, convicted)
  const sorted = jobs.filter(isTruthful).sort((a, b) => a.record.createdAt - b.record.createdAt || order(a.record.job, b.record.job))
  const open: OpenWork[] = []
  for (const { record, job } of sorted) {
    if (found.cancelled.has(ownedJob(record))) continue
    let listed = 0
    for (let i = 0; i < record.microjobs && listed < MAX_OPEN_PER_JOB; i++) {
      const ref = refAt(job, i)
      const name = nameOf(ref)
      if (isComplete(found, name)) continue
      const claim = winningClaim(found.claims.get(name) ?? [], now)
      const results = knownResults(found, name, ref, convicted)
      const alive = claim !== null && claim.lapsesAt > now
      const certificates = found.certificates.get(name) ?? 0
      open.push({ ref, state: alive ? 'claimed' : results.length > 0 ? 'partial' : 'open', claim, results, certificates })
      listed++
    }
  }
  return open
}

/** Progress of one job. @param now ms since the epoch */
export function jobProgress(
  { record, job }: ListedJob,
  records: readonly DatabaseRecord[],
  now: number,
  convicted: Convicted = new Map(),
): JobProgress {
  const own = records.filter((other) => other.job === record.job)
  const found = sortOut(own, convicted)
  const progress: JobProgress = {
    microjobs: record.microjobs,
    complete: 0,
    claimed: 0,
    partialChunks: 0,
    cancelled: found.cancelled.has(ownedJob(record)),
  }
  for (let i = 0; i < record.microjobs; i++) {
    const ref = refAt(job, i)
    const name = nameOf(ref)
    if (isComplete(found, name)) {
      progress.complete++
      continue
    }
    const claim = winningClaim(found.claims.get(name) ?? [], now)
    if (claim !== null && claim.lapsesAt > now) progress.claimed++
    progress.partialChunks += knownResults(found, name, ref, convicted).length
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

function isComplete({ results }: Found, name: string): boolean {
  return results.get(name)?.voided.length === 0
}

function sortOut(records: readonly DatabaseRecord[], convicted: Convicted): Found {
  const results = new Map(countedResults(records, convicted).map((counted) => [nameOf(counted.record), counted]))
  const found: Found = { cancelled: new Set(), claims: new Map(), partials: new Map(), results, certificates: new Map() }
  for (const record of records) {
    if (record.kind === 'tombstone') found.cancelled.add(ownedJob(record))
    else if (record.kind === 'claim') gather(found.claims, record)
    else if (record.kind === 'partial') gather(found.partials, record)
    else if (record.kind === 'result') found.certificates.set(nameOf(record), (found.certificates.get(nameOf(record)) ?? 0) + 1)
  }
  return found
}

function gather<R extends ClaimRecord | PartialRecord>(into: Map<string, R[]>, record: R): void {
  const list = into.get(nameOf(record))
  if (list === undefined) into.set(nameOf(record), [record])
  else list.push(record)
}

/**
 * One result a chunk: what stays of a certificate, then whose record is the earliest, then the lowest peer id. Chunks of
 * another microjob, and what somebody computed who was proven wrong, are left out.
 */
function knownResults(found: Found, name: string, ref: MicrojobRef, convicted: Convicted): PartialRecord['results'] {
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

function ownedJob({ job, requester }: { job: string; requester: PeerId }): string {
  return `${job}/${requester}`
}

/** A microjob's name. The job's own id is part of it: a block id does not prove whose block it is. */
function nameOf({ job, block, microjob }: Pick<ResultRecord, 'job' | 'block' | 'microjob'>): string {
  return `${job}/${block}/${microjob}`
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
