import { kernelCid } from '../../domain/kernel.ts'
import type { Kernel } from '../../domain/kernel.ts'
import type { ChunkOutput, ChunkTask, Engine, EngineReport } from '../../room/ports.ts'
import { EngineError } from '../errors.ts'
import { MAX_COMPILED_KERNELS } from '../limits.ts'
import { receiveError } from '../messages.ts'
import type { EngineAnswer, EngineRequest } from '../messages.ts'
import { shapeTask } from '../task.ts'
import { browserPort, isBrowser, nodePort } from '../worker-port.ts'
import type { WorkerHandlers, WorkerPort } from '../worker-port.ts'

/** How long a worker may take to let go of a chunk before it is ended, ms. */
const CANCEL_GRACE_MS = 2_000
/** Chunks at a worker at once: one that runs, and one so that it does not wait for a message. */
const DEPTH = 2
/** Workers that may die under a chunk before it is given up. */
const MAX_ATTEMPTS = 3

export interface CpuEngineInit {
  /** Workers, at least 1. @default processors - 1 */
  workers?: number
}

interface Pending {
  resolve(answer: EngineAnswer): void
  reject(error: Error): void
}

interface Member {
  port: Promise<WorkerPort>
  pending: Map<number, Pending>
  prepared: Map<string, Promise<void>>
  /** Chunks that it holds. */
  load: number
  gone: boolean
}

/** A chunk that waits for a worker. */
interface Queued {
  start(member: Member): void
}

/** The worker ended before it answered. */
class WorkerGoneError extends EngineError {}

/** The worker was ended because of another chunk: that is nobody's failed attempt. */
class EndedBesideError extends WorkerGoneError {}

/** Processors of this machine, as far as they can be known. */
export function processors(): number {
  return Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1)
}

/** Kernels as WebAssembly in a pool of Workers: the fallback, and the reference that a verifier uses. */
export class CpuEngine implements Engine {
  readonly kind = 'cpu'
  #size: number
  #members: Member[] = []
  #queue: Queued[] = []
  #ids = 0
  #share = 1
  #disposed = false
  readonly #keys = new WeakMap<Kernel, string>()

  constructor(init: CpuEngineInit = {}) {
    this.#size = Math.max(1, Math.floor(init.workers ?? processors() - 1))
  }

  get slots(): number {
    return this.#size
  }

  async probe(): Promise<EngineReport> {
    const device = `${processors()} core${processors() === 1 ? '' : 's'}, ${this.#size} worker${this.#size === 1 ? '' : 's'}`
    return {
      kind: 'cpu',
      available: typeof WebAssembly !== 'undefined',
      device,
      fallback: false,
      reason: typeof WebAssembly === 'undefined' ? 'this browser has no WebAssembly' : '',
    }
  }

  /** Starts a worker before it is needed: where its script comes from may be gone by then. */
  load(): void {
    this.#member(0)
  }

  /** Changes the number of workers; those that are too many finish what they hold. */
  resize(workers: number): void {
    this.#size = Math.max(1, Math.floor(workers))
    const extra = this.#members.splice(this.#size)
    for (const member of extra) this.#retire(member)
    this.#dispatch()
  }

  /** Share of time that every worker computes, 0 to 1; 0 pauses within a few milliseconds. */
  setDuty(share: number): void {
    this.#share = share
    for (const member of this.#members) void this.#post(member, { kind: 'duty', share })
  }

  async prepare(kernel: Kernel): Promise<void> {
    await this.#prepareOn(this.#member(0), kernel)
  }

  async run(task: ChunkTask, signal: AbortSignal): Promise<ChunkOutput> {
    signal.throwIfAborted()
    if (this.#disposed) throw new EngineError('the engine is disposed of')
    shapeTask(task, task.kernel.manifest)
    return new Promise((resolve, reject) => {
      let cancel: (() => void) | null = null
      let attempts = 0
      const abort = (): void => {
        reject(signal.reason instanceof Error ? signal.reason : new DOMException('the chunk was aborted', 'AbortError'))
        cancel?.()
        this.#queue = this.#queue.filter((entry) => entry !== queued)
      }
      const fail = (error: unknown): void => {
        // A chunk whose worker died for another's sake is computed by the next one.
        if (
          error instanceof WorkerGoneError &&
          (error instanceof EndedBesideError || ++attempts < MAX_ATTEMPTS) &&
          !signal.aborted &&
          !this.#disposed
        ) {
          this.#queue.unshift(queued)
          this.#dispatch()
          return
        }
        signal.removeEventListener('abort', abort)
        reject(error)
      }
      const queued: Queued = {
        start: (member) => {
          const id = ++this.#ids
          cancel = () => this.#cancel(member, id)
          this.#runOn(member, id, task, signal).then((output) => {
            signal.removeEventListener('abort', abort)
            resolve(output)
          }, fail)
        },
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#queue.push(queued)
      this.#dispatch()
    })
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    this.#queue = []
    for (const member of this.#members.splice(0)) this.#end(member, new EngineError('the engine is disposed of'))
  }

  /** Gives waiting chunks to the workers that hold the least. */
  #dispatch(): void {
    while (this.#queue.length > 0) {
      let best: Member | null = null
      for (let index = 0; index < this.#size; index++) {
        const member = this.#member(index)
        if (best === null || member.load < best.load) best = member
        if (member.load === 0) break
      }
      if (best === null || best.load >= DEPTH) return
      this.#queue.shift()!.start(best)
    }
  }

  async #runOn(member: Member, id: number, task: ChunkTask, signal: AbortSignal): Promise<ChunkOutput> {
    member.load++
    try {
      const { kernel, ...rest } = task
      await this.#prepareOn(member, kernel)
      signal.throwIfAborted()
      const answer = await this.#request(member, { kind: 'run', id, key: this.#key(kernel), task: rest })
      if (answer.kind !== 'computed') throw new EngineError(`the worker answered "${answer.kind}" instead of a result`)
      return { output: answer.output, fuel: answer.fuel, ms: answer.ms, engine: 'cpu' }
    } finally {
      member.load--
      this.#dispatch()
    }
  }

  #cancel(member: Member, id: number): void {
    if (!member.pending.has(id)) return
    void this.#post(member, { kind: 'cancel', id })
    setTimeout(() => {
      if (!member.pending.has(id)) return
      this.#members = this.#members.filter((other) => other !== member)
      this.#end(member, new EndedBesideError('a chunk beside this one did not stop, so that its worker was ended'))
      this.#dispatch()
    }, CANCEL_GRACE_MS)
  }

  #key(kernel: Kernel): string {
    let key = this.#keys.get(kernel)
    if (key === undefined) this.#keys.set(kernel, (key = kernelCid(kernel)))
    return key
  }

  #prepareOn(member: Member, kernel: Kernel): Promise<void> {
    const key = this.#key(kernel)
    const known = member.prepared.get(key)
    if (known !== undefined) return known
    if (member.prepared.size >= MAX_COMPILED_KERNELS / 2) member.prepared.delete(member.prepared.keys().next().value!)
    const prepared = this.#request(member, { kind: 'prepare', id: ++this.#ids, key, kernel }).then(() => undefined)
    member.prepared.set(key, prepared)
    prepared.catch(() => member.prepared.delete(key))
    return prepared
  }

  #member(index: number): Member {
    const known = this.#members[index]
    if (known !== undefined) return known
    const member: Member = { port: Promise.resolve(null as never), pending: new Map(), prepared: new Map(), load: 0, gone: false }
    const handlers: WorkerHandlers = {
      onMessage: (message) => this.#receive(member, message as EngineAnswer),
      onError: (reason) => {
        this.#members = this.#members.filter((other) => other !== member)
        this.#end(member, new WorkerGoneError(`a worker of the CPU engine failed: ${reason}`))
        this.#dispatch()
      },
    }
    member.port = isBrowser()
      ? Promise.resolve(browserPort(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }), handlers))
      : nodePort(new URL('./worker.ts', import.meta.url), handlers)
    this.#members[index] = member
    if (this.#share !== 1) void this.#post(member, { kind: 'duty', share: this.#share })
    return member
  }

  #receive(member: Member, answer: EngineAnswer): void {
    const pending = member.pending.get(answer.id)
    member.pending.delete(answer.id)
    if (answer.kind === 'failed') pending?.reject(receiveError(answer.error))
    else pending?.resolve(answer)
  }

  #request(member: Member, request: EngineRequest & { id: number }): Promise<EngineAnswer> {
    return new Promise((resolve, reject) => {
      member.pending.set(request.id, { resolve, reject })
      if (member.gone) this.#end(member, new WorkerGoneError('the worker is gone'))
      else void this.#post(member, request)
    })
  }

  async #post(member: Member, request: EngineRequest): Promise<void> {
    const port = await member.port
    if (!member.gone) port.post(request)
  }

  #retire(member: Member): void {
    if (member.load === 0) this.#end(member, new EngineError('the worker was retired'))
    else setTimeout(() => this.#retire(member), 100)
  }

  #end(member: Member, error: Error): void {
    member.gone = true
    for (const pending of member.pending.values()) pending.reject(error)
    member.pending.clear()
    void member.port.then((port) => port.terminate())
  }
}
