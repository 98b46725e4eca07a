import type { JobId, PeerId } from './ids.ts'
import type { ClaimRecord, DatabaseRecord, PartialRecord, ResultRecord } from './record.ts'
import { countedResults } from './voided.ts'
import type { Convicted, CountedResult } from './voided.ts'

/** What the database says of one job. Microjobs go by {@link microjobName}. */
export interface JobRecords {
  records: readonly DatabaseRecord[]
  /** Whether there is a job's own record among them, whoever wrote it. */
  announced: boolean
  /** Who takes the job back: only its own requester may. */
  cancelledBy: ReadonlySet<PeerId>
  claims: ReadonlyMap<string, readonly ClaimRecord[]>
  partials: ReadonlyMap<string, readonly PartialRecord[]>
  /** Results that count, with what of them does not, in the order of their times. */
  results: ReadonlyMap<string, CountedResult>
  /** How many results there are of a microjob. */
  certificates: ReadonlyMap<string, number>
}

/** A microjob's name among those of its job. */
export function microjobName({ block, microjob }: Pick<ResultRecord, 'block' | 'microjob'>): string {
  return `${block}/${microjob}`
}

/** Records of the database by job. What follows from those of a job is found once, and again when they change. */
export class RecordIndex {
  #convicted: Convicted = new Map()
  #jobs = new Map<JobId, JobRecords>()

  /** Whose unchecked chunks count no longer. */
  get convicted(): Convicted {
    return this.#convicted
  }

  /** Takes these records for all there are. */
  update(records: readonly DatabaseRecord[], convicted: Convicted): void {
    const byJob = new Map<JobId, DatabaseRecord[]>()
    for (const record of records) append(byJob, record.job, record)
    const before = convicted === this.#convicted ? this.#jobs : null
    this.#convicted = convicted
    this.#jobs = new Map()
    for (const [job, own] of byJob) {
      const known = before?.get(job)
      this.#jobs.set(job, known !== undefined && isSame(known.records, own) ? known : sortOut(own, convicted))
    }
  }

  of(job: JobId): JobRecords {
    return this.#jobs.get(job) ?? NOTHING
  }
}

function sortOut(records: readonly DatabaseRecord[], convicted: Convicted): JobRecords {
  const cancelledBy = new Set<PeerId>()
  const claims = new Map<string, ClaimRecord[]>()
  const partials = new Map<string, PartialRecord[]>()
  const certificates = new Map<string, number>()
  let announced = false
  for (const record of records) {
    if (record.kind === 'job') announced = true
    else if (record.kind === 'tombstone') cancelledBy.add(record.requester)
    else if (record.kind === 'claim') append(claims, microjobName(record), record)
    else if (record.kind === 'partial') append(partials, microjobName(record), record)
    else certificates.set(microjobName(record), (certificates.get(microjobName(record)) ?? 0) + 1)
  }
  const results = new Map(countedResults(records, convicted).map((counted) => [microjobName(counted.record), counted]))
  return { records, announced, cancelledBy, claims, partials, results, certificates }
}

const NOTHING = sortOut([], new Map())

function isSame(before: readonly DatabaseRecord[], now: readonly DatabaseRecord[]): boolean {
  return before.length === now.length && before.every((record, i) => record === now[i])
}

function append<V>(lists: Map<string, V[]>, key: string, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
