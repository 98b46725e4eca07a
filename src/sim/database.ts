import type { Certificate, Conviction } from '../domain/certificate.ts'
import { blockCid, roomTopic } from '../domain/job.ts'
import type { MicrojobRef } from '../domain/job.ts'
import { cidOfValue, hashOfCid } from '../domain/ids.ts'
import type { Cid, PeerId } from '../domain/ids.ts'
import { chunksOfLiars } from '../domain/voided.ts'
import type { ChunkResult, WorkItem } from '../room/state.ts'
import { auditConviction } from './audit.ts'

interface Claim {
  peer: PeerId
  term: number
  lapsesAt: number
}

interface Entry {
  ref: MicrojobRef
  claims: Map<PeerId, Claim>
  partials: Map<PeerId, { chunk: number; result: ChunkResult }[]>
  /** All there are, oldest first. */
  certificates: Certificate[]
  /** The one that counts: of several the one with the fewest voided chunks, then the first. */
  certificate: Certificate | null
  /** Chunks of it that count no longer; null without one. */
  voided: number[] | null
}

/** What a job of the simulated world looks like. Counts. */
export interface JobShape {
  chunks: number
  chunksPerMicrojob: number
  microjobsPerBlock: number
  capacity: number
  deadlineMs: number
  credibleAfter: number
}

/** The job database as everybody would see it once replicated. Who sees it when is the world's affair. */
export class SimDatabase {
  readonly kernel: Cid = cidOfValue('kernel')
  readonly entries = new Map<string, Entry>()
  readonly liars = new Set<PeerId>()
  /** Checks that peers have passed, by job, and under '' in all of them. */
  readonly #passed = new Map<string, Map<PeerId, number>>()
  readonly #credited: [PeerId, number][] = []
  /** Microjobs with a certificate of which nothing is voided. */
  complete = 0
  /** Certified chunks that were voided. */
  voided = 0
  /** Certificates beyond the first of a microjob. */
  repeated = 0
  #version = 1
  readonly #versions = new Map<string, number>()
  readonly #byJob = new Map<string, Entry[]>()
  readonly #shapes = new Map<string, JobShape>()

  /** Adds a job; chunk ids begin at `firstChunk`, so that no two jobs share an output. */
  addJob(name: string, shape: JobShape, firstChunk: number): void {
    const job = cidOfValue(name)
    this.#shapes.set(job, shape)
    const microjobs = Math.ceil(shape.chunks / shape.chunksPerMicrojob)
    for (let i = 0; i < microjobs; i++) {
      const blockIndex = Math.floor(i / shape.microjobsPerBlock)
      const first = i * shape.chunksPerMicrojob
      const ref: MicrojobRef = {
        job,
        block: blockCid(job, blockIndex),
        blockIndex,
        microjob: i % shape.microjobsPerBlock,
        firstChunk: firstChunk + first,
        chunkCount: Math.min(shape.chunksPerMicrojob, shape.chunks - first),
      }
      const entry: Entry = { ref, claims: new Map(), partials: new Map(), certificates: [], certificate: null, voided: null }
      this.entries.set(roomTopic(ref), entry)
      this.#byJob.set(job, [...(this.#byJob.get(job) ?? []), entry])
    }
  }

  /** Rises with every record: of one job, or of any. */
  version(job: string | null): number {
    return job === null ? this.#version : (this.#versions.get(job) ?? 1)
  }

  #changed({ job }: MicrojobRef): void {
    this.#version++
    this.#versions.set(job, this.version(job) + 1)
  }

  /**
   * The ledger takes a conviction whose proof holds. It costs the culprit all that it earned, and what it computed
   * unchecked counts no longer.
   */
  convict(culprit: PeerId, proof: Conviction): void {
    if (this.liars.has(culprit) || !auditConviction(proof).includes(culprit)) return
    this.liars.add(culprit)
    for (const entry of this.entries.values()) this.#choose(entry)
    this.#countChecks()
  }

  /** Chooses the certificate of a microjob that counts. */
  #choose(entry: Entry): void {
    const before = entry.voided
    entry.voided = null
    for (const certificate of entry.certificates) {
      const voided = chunksOfLiars(certificate.body, (peer) => this.liars.has(peer))
      if (entry.voided !== null && (entry.voided as number[]).length <= voided.length) continue
      entry.certificate = certificate
      entry.voided = voided
    }
    this.complete += Number(isComplete(entry)) - Number(before?.length === 0)
    this.voided += Math.max(0, (entry.voided ?? []).length - (before ?? []).length)
    this.#changed(entry.ref)
  }

  #countChecks(): void {
    this.#passed.clear()
    for (const [peer, passed] of this.#credited) this.#pass(peer, passed, [...this.#byJob.keys()])
    for (const { ref, certificate } of this.entries.values()) if (certificate !== null) this.#passChecks(ref.job, certificate)
  }

  /** What a liar found right is nothing. */
  #passChecks(job: string, { body: { checked, verifier, second } }: Certificate): void {
    for (const { peer } of checked) if (!this.liars.has((peer === verifier ? second : verifier) ?? '')) this.#pass(peer, 1, [job])
  }

  /** The peer has passed so many checks in jobs before. */
  credit(peer: PeerId, passed: number): void {
    this.#credited.push([peer, passed])
    this.#pass(peer, passed, [...this.#byJob.keys()])
  }

  #pass(peer: PeerId, checks: number, jobs: string[]): void {
    for (const job of ['', ...jobs]) {
      const passed = this.#passed.get(job) ?? new Map<PeerId, number>()
      passed.set(peer, (passed.get(peer) ?? 0) + checks)
      this.#passed.set(job, passed)
    }
  }

  /** Checks that peers have passed, by the ledger: in one job, or in all. */
  standings(job: string | null = null): Map<PeerId, number> {
    return new Map([...(this.#passed.get(job ?? '') ?? []), ...[...this.liars].map((peer): [PeerId, number] => [peer, 0])])
  }

  claim(peer: PeerId, ref: MicrojobRef, term: number, lapsesAt: number): void {
    const entry = this.entries.get(roomTopic(ref))
    if (entry === undefined || isComplete(entry)) return
    entry.claims.set(peer, { peer, term, lapsesAt })
    this.#changed(ref)
  }

  recordPartial(peer: PeerId, ref: MicrojobRef, results: { chunk: number; result: ChunkResult }[]): void {
    const entry = this.entries.get(roomTopic(ref))
    if (entry === undefined || isComplete(entry)) return
    entry.partials.set(
      peer,
      results.map(({ chunk, result }) => ({ chunk, result: { ...result } })),
    )
    this.#changed(ref)
  }

  /** True for a certificate that completes its microjob; further ones are counted and change nothing. */
  record(certificate: Certificate): boolean {
    const entry = this.entries.get(roomTopic(certificate.body))
    if (entry === undefined) return false
    if (isComplete(entry)) {
      this.repeated++
      return false
    }
    entry.certificates.push(certificate)
    this.#choose(entry)
    if (entry.certificates.length > 1) this.#countChecks()
    else this.#passChecks(entry.ref.job, certificate)
    return isComplete(entry)
  }

  /** The open work at a time, of one job or of all, at most `most` items: a pure function of the records. */
  work(now: number, most: number, job: string | null = null): WorkItem[] {
    const items: WorkItem[] = []
    for (const entry of job === null ? this.entries.values() : (this.#byJob.get(job) ?? [])) {
      if (isComplete(entry)) continue
      if (items.length >= most) break
      const shape = this.#shapes.get(entry.ref.job)!
      items.push({
        ref: entry.ref,
        capacity: shape.capacity,
        deadlineMs: shape.deadlineMs,
        chunksPerCheck: 10,
        credibleAfter: shape.credibleAfter,
        kernel: this.kernel,
        claim: bestClaim([...entry.claims.values()], now),
        results: this.#known(entry),
        certificates: entry.certificates.length,
      })
    }
    return items
  }

  /** What stays of the certificate, then what was recorded without one. */
  #known({ certificate, voided, partials }: Entry): { chunk: number; result: ChunkResult }[] {
    const certified = (certificate?.body.chunks ?? [])
      .filter(({ chunk }) => voided?.includes(chunk) === false)
      .map(({ chunk, peer, output, fuel, engine }) => ({ chunk, result: { peer, hash: hashOfCid(output), fuel, engine, bytes: 0 } }))
    return merged([certified, ...partials.values()]).filter(({ result }) => !this.liars.has(result.peer))
  }
}

function isComplete({ voided }: Entry): boolean {
  return voided?.length === 0
}

/** Of the claims that live, the highest term, then the lowest peer; of lapsed ones the highest term, so that terms rise. */
function bestClaim(claims: Claim[], now: number): Claim | null {
  const live = claims.filter(({ lapsesAt }) => lapsesAt > now)
  const pool = live.length > 0 ? live : claims
  const best = pool.reduce<Claim | null>((a, b) => (a === null || b.term > a.term || (b.term === a.term && b.peer < a.peer) ? b : a), null)
  return best === null ? null : { ...best }
}

function merged(partials: { chunk: number; result: ChunkResult }[][]): { chunk: number; result: ChunkResult }[] {
  const byChunk = new Map<number, ChunkResult>()
  for (const results of partials) for (const { chunk, result } of results) if (!byChunk.has(chunk)) byChunk.set(chunk, result)
  return [...byChunk].map(([chunk, result]) => ({ chunk, result }))
}
