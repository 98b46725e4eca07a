import { scatter, windowLength } from '../domain/chunk.ts'
import type { Window } from '../domain/chunk.ts'
import type { Certificate } from '../domain/certificate.ts'
import { cidOfHash } from '../domain/ids.ts'
import type { Cid, JobId } from '../domain/ids.ts'
import { chunkAt, chunkCount, outputLength } from '../domain/plan.ts'
import type { RoomState } from '../room/state.ts'
import type { JobOutput } from './api.ts'
import type { Catalogue, KnownJob } from './catalogue.ts'
import type { OutputCache } from './output-cache.ts'

/** Whoever has the data may come to have it only after it was asked: better ask again than wait long. */
const FETCH_MS = 6_000
const FETCHES_AT_ONCE = 8

/** The job is not in the database, or its manifest has not arrived. */
class UnknownJobError extends Error {
  override readonly name = 'UnknownJobError'
}

/** The outputs of jobs, as far as anybody here has asked for them. */
export class OutputShelf {
  readonly #catalogue: Catalogue
  readonly #runner: { readonly outputs: OutputCache; readonly state: RoomState }
  readonly #lookAgain: () => void
  readonly #assemblers = new Map<JobId, OutputAssembler>()

  /** @param lookAgain is called when an output lacks data that may yet come */
  constructor(catalogue: Catalogue, runner: { readonly outputs: OutputCache; readonly state: RoomState }, lookAgain: () => void) {
    this.#catalogue = catalogue
    this.#runner = runner
    this.#lookAgain = lookAgain
  }

  /** The output as it stands. @throws UnknownJobError */
  async output(job: JobId): Promise<JobOutput> {
    const known = this.#catalogue.get(job)
    if (known === undefined) {
      throw new UnknownJobError(`Job ${job} is not known here yet: ${this.#catalogue.refused.get(job) ?? 'its manifest has not arrived'}.`)
    }
    let assembler = this.#assemblers.get(job)
    if (assembler === undefined) this.#assemblers.set(job, (assembler = new OutputAssembler(known, this.#runner.outputs)))
    const output = await assembler.update(this.#catalogue, this.#runner.state)
    if (assembler.waiting) this.#lookAgain()
    return output
  }
}

/** Assembles a job's output from its chunks, each fetched once. */
class OutputAssembler {
  readonly #known: KnownJob
  readonly #outputs: OutputCache
  readonly #output: Uint8Array
  /** Which content fills each chunk's place. */
  readonly #placed: (Cid | null)[]
  readonly #states: JobOutput['chunkStates']
  #waiting = false

  constructor(known: KnownJob, outputs: OutputCache) {
    this.#known = known
    this.#outputs = outputs
    this.#output = new Uint8Array(outputLength(known.job, known.kernel.manifest))
    const count = chunkCount(known.job)
    this.#placed = Array.from({ length: count }, () => null)
    this.#states = Array.from({ length: count }, () => 'missing' as const)
  }

  /** Some chunks are known, but nobody had their data at hand: it is worth asking again. */
  get waiting(): boolean {
    return this.#waiting
  }

  /** The output as it stands. Chunks whose data nobody has at hand stay missing until the next call. */
  async update(catalogue: Catalogue, state: RoomState): Promise<JobOutput> {
    const { record, job, kernel } = this.#known
    const wanted = wantedChunks(catalogue, state, record.job)
    const todo = [...wanted].filter(([chunk, { output }]) => this.#placed[chunk] !== output)
    await inParallel(todo, FETCHES_AT_ONCE, async ([chunk, { output }]) => {
      try {
        const data = await this.#outputs.get(output, AbortSignal.timeout(FETCH_MS))
        scatter(data, chunkAt(job, kernel.manifest, chunk).output, this.#output)
        this.#placed[chunk] = output
      } catch {
        this.#placed[chunk] = null
      }
    })
    for (const [chunk, placed] of this.#placed.entries()) {
      if (wanted.has(chunk)) continue
      // What was voided is a hole until somebody has computed it again.
      if (placed !== null) clear(this.#output, chunkAt(job, kernel.manifest, chunk).output)
      this.#placed[chunk] = null
      this.#states[chunk] = 'missing'
    }
    for (const [chunk, { output, verified }] of wanted) {
      this.#states[chunk] = this.#placed[chunk] !== output ? 'missing' : verified ? 'verified' : 'computed'
    }
    const results = catalogue.results(record.job)
    const found = catalogue.isFound(record.job)
    // Of a search that has ended what is certified has to be here; the rest stays zero, as where nothing was found.
    const certified = [...wanted].filter(([, { verified }]) => verified).map(([chunk]) => chunk)
    const isDone = (fits: (state: JobOutput['chunkStates'][number]) => boolean): boolean =>
      found ? certified.every((chunk) => fits(this.#states[chunk]!)) : this.#states.every(fits)
    this.#waiting = todo.some(([chunk]) => this.#placed[chunk] === null)
    return {
      job,
      kernel,
      output: this.#output,
      chunkStates: [...this.#states],
      certificates: results.map(({ certificate }): Certificate => certificate),
      complete: isDone((chunk) => chunk !== 'missing'),
      verified: isDone((chunk) => chunk === 'verified'),
      found,
    }
  }
}

function clear(output: Uint8Array, window: Window): void {
  scatter(new Uint8Array(windowLength(window)), window, output)
}

/** The best known answer for each chunk: certified, else recorded, else in the room. */
function wantedChunks(catalogue: Catalogue, state: RoomState, job: JobId): Map<number, { output: Cid; verified: boolean }> {
  const wanted = new Map<number, { output: Cid; verified: boolean }>()
  if (state.room?.job === job) {
    for (const { slots } of state.room.rounds) {
      for (const { chunk, result } of slots) if (result !== null) wanted.set(chunk, { output: cidOfHash(result.hash), verified: false })
    }
  }
  for (const { results } of catalogue.partials(job)) {
    for (const { chunk, output } of results) if (!wanted.has(chunk)) wanted.set(chunk, { output, verified: false })
  }
  for (const { certificate } of catalogue.results(job)) {
    for (const { chunk, output } of certificate.body.chunks) wanted.set(chunk, { output, verified: true })
  }
  for (const { record, voided } of catalogue.reopened(job)) {
    for (const { chunk, output } of record.certificate.body.chunks)
      if (!voided.includes(chunk)) wanted.set(chunk, { output, verified: true })
  }
  return wanted
}

async function inParallel<T>(items: T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  await Promise.all(
    Array.from({ length: Math.min(most, queue.length) }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
    }),
  )
}
