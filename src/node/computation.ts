import { equalBytes } from '../domain/bytes.ts'
import { gatherFrom } from '../domain/chunk.ts'
import { compareOutputs, comparesByHash } from '../domain/compare.ts'
import { cidOfHash } from '../domain/ids.ts'
import type { Cid } from '../domain/ids.ts'
import type { JobInput, MicrojobRef } from '../domain/job.ts'
import { encodeParameters } from '../domain/parameters.ts'
import { chunkAt } from '../domain/plan.ts'
import { digest } from '../store/digest.ts'
import type { BlockStore, ChunkTask, Engine } from '../room/ports.ts'
import type { ChunkResult } from '../room/state.ts'
import type { KnownJob } from './catalogue.ts'
import type { OutputCache } from './output-cache.ts'

const INPUT_CACHE_BLOCKS = 64
/** How long a block of the input may take to arrive, ms. */
const INPUT_TIMEOUT_MS = 30_000

export interface Computed {
  result: ChunkResult
  ms: number
}

/** Computes chunks of known jobs: gathers their input, runs the engine, keeps the output under its address. */
export class Computation {
  readonly #blocks: BlockStore
  readonly #outputs: OutputCache
  readonly #find: (job: Cid) => KnownJob | undefined
  readonly #input = new Map<Cid, Promise<Uint8Array>>()
  readonly #running = new Map<string, AbortController>()
  #engine: Engine | null = null
  #reference: Engine | null = null

  constructor(parts: { blocks: BlockStore; outputs: OutputCache; find: (job: Cid) => KnownJob | undefined }) {
    this.#blocks = parts.blocks
    this.#outputs = parts.outputs
    this.#find = parts.find
  }

  /** Which engine computes, and which one checks: the reference is always the CPU. */
  use(engine: Engine | null, reference: Engine | null): void {
    this.#engine = engine
    this.#reference = reference
  }

  /** Chunks that the reference engine recomputes at once. */
  get checksAtOnce(): number {
    return this.#reference?.slots ?? 1
  }

  /** Rejects with why the chunk cannot be computed here, or when it is cancelled. */
  async compute(ref: MicrojobRef, chunk: number, self: string): Promise<Computed> {
    const key = `${ref.block}/${chunk}`
    const abort = new AbortController()
    this.#running.set(key, abort)
    try {
      return await this.computeFor(this.#known(ref.job), chunk, self, abort.signal)
    } finally {
      if (this.#running.get(key) === abort) this.#running.delete(key)
    }
  }

  /** As {@link compute}, of a job that need not be in the database. */
  async computeFor(known: Pick<KnownJob, 'job' | 'kernel'>, chunk: number, self: string, signal: AbortSignal): Promise<Computed> {
    const { output, fuel, ms, engine } = await this.#run(this.#engine, known, chunk, signal)
    const hash = await digest(output)
    this.#outputs.put(cidOfHash(hash), output)
    return { result: { peer: self, hash, fuel, engine, bytes: output.length }, ms }
  }

  /**
   * Hash of the output that is right: the claimed one where the kernel's compare rule takes it for as good as what the
   * reference engine makes of the chunk, otherwise the reference's own. The reference gives every node the same bytes,
   * so that honest checkers of a wrong claim agree.
   */
  async recompute(ref: MicrojobRef, chunk: number, claimed: Uint8Array | null, signal: AbortSignal): Promise<Uint8Array> {
    const known = this.#known(ref.job)
    const { output } = await this.#run(this.#reference, known, chunk, signal)
    const own = await digest(output)
    const { compare } = known.kernel.manifest
    // Whoever computed it may be gone, and what is certified must be had from somebody.
    if (claimed !== null && equalBytes(own, claimed)) this.#outputs.put(cidOfHash(own), output)
    if (claimed === null || equalBytes(own, claimed) || comparesByHash(compare)) return own
    const other = await this.#outputs.get(cidOfHash(claimed), signal)
    return compareOutputs(compare, other, output).agrees ? claimed : own
  }

  cancel(ref: { block: Cid }, chunk: number): void {
    this.#running.get(`${ref.block}/${chunk}`)?.abort(new DOMException('The chunk is no longer wanted', 'AbortError'))
  }

  cancelAll(): void {
    for (const abort of this.#running.values()) abort.abort(new DOMException('The node stopped', 'AbortError'))
  }

  #known(job: Cid): KnownJob {
    const known = this.#find(job)
    if (known === undefined) throw new Error(`job ${job} is not known here yet: its manifest has not arrived`)
    return known
  }

  async #run(
    engine: Engine | null,
    known: Pick<KnownJob, 'job' | 'kernel'>,
    chunk: number,
    signal: AbortSignal,
  ): ReturnType<Engine['run']> {
    if (engine === null) throw new Error('no engine is running: start contributing first')
    return engine.run(await this.#task(known, chunk), signal)
  }

  async #task({ job, kernel }: Pick<KnownJob, 'job' | 'kernel'>, id: number): Promise<ChunkTask> {
    const chunk = chunkAt(job, kernel.manifest, id)
    const { input } = kernel.manifest
    const stream = job.input
    return {
      kernel,
      parameters: encodeParameters(kernel.manifest, job.parameters),
      chunk,
      input:
        stream === null || input.kind === 'none'
          ? null
          : await gatherFrom((offset, length) => this.#read(stream, offset, length), stream.length, chunk, input.bytesPerItem),
    }
  }

  async #read(input: JobInput, offset: number, length: number): Promise<Uint8Array> {
    const out = new Uint8Array(length)
    for (let at = offset; at < offset + length;) {
      const index = Math.floor(at / input.blockBytes)
      const block = await this.#block(input.blocks[index]!)
      const from = at - index * input.blockBytes
      const part = block.subarray(from, Math.min(block.length, from + offset + length - at))
      out.set(part, at - offset)
      at += part.length
      if (part.length === 0) throw new Error(`block ${index} of the input is shorter than the job says`)
    }
    return out
  }

  #block(cid: Cid): Promise<Uint8Array> {
    const known = this.#input.get(cid)
    if (known !== undefined) return known
    const fetched = this.#blocks.get(cid, AbortSignal.timeout(INPUT_TIMEOUT_MS))
    this.#input.set(cid, fetched)
    // What failed is asked for again by the next chunk.
    fetched.catch(() => this.#input.delete(cid))
    if (this.#input.size > INPUT_CACHE_BLOCKS) this.#input.delete(this.#input.keys().next().value!)
    return fetched
  }
}
