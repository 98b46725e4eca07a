import { kernelCid } from '../../domain/kernel.ts'
import type { Kernel } from '../../domain/kernel.ts'
import type { ChunkOutput, ChunkTask, Engine, EngineReport } from '../../room/ports.ts'
import { EngineError } from '../errors.ts'
import { receiveError } from '../messages.ts'
import type { EngineAnswer, EngineRequest } from '../messages.ts'
import { shapeTask } from '../task.ts'
import { browserPort, isBrowser } from '../worker-port.ts'
import type { WorkerPort } from '../worker-port.ts'

/** Chunks in flight: while one is read back, the next ones compute. */
const SLOTS = 3

interface Pending {
  resolve(answer: EngineAnswer): void
  reject(error: Error): void
}

export interface GpuEngineInit {
  /** Makes the worker. @default a Worker of `./worker.ts` */
  worker?: () => Worker
}

/** Kernels on the GPU, by WebGPU in a dedicated Worker. Outside a browser it reports that it is not available. */
export class GpuEngine implements Engine {
  readonly kind = 'webgpu'
  readonly slots = SLOTS
  #port: WorkerPort | null = null
  #ids = 0
  #share = 1
  readonly #pending = new Map<number, Pending>()
  #prepared = new Map<string, Promise<void>>()
  readonly #keys = new WeakMap<Kernel, string>()
  readonly #worker: () => Worker

  constructor(init: GpuEngineInit = {}) {
    this.#worker = init.worker ?? (() => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }))
  }

  async probe(): Promise<EngineReport> {
    if (!isBrowser()) return unavailable('WebGPU is a part of browsers, and this is none')
    try {
      const answer = await this.#request({ kind: 'probe', id: ++this.#ids })
      return answer.kind === 'probed' ? answer.report : unavailable('the worker gave no report')
    } catch (error) {
      return unavailable(error instanceof Error ? error.message : String(error))
    }
  }

  /** Share of time between dispatches spent computing, 0 to 1; 0 pauses after the dispatch at hand. */
  setDuty(share: number): void {
    this.#share = share
    this.#port?.post({ kind: 'duty', share } satisfies EngineRequest)
  }

  prepare(kernel: Kernel): Promise<void> {
    const key = this.#key(kernel)
    const known = this.#prepared.get(key)
    if (known !== undefined) return known
    const prepared = this.#request({ kind: 'prepare', id: ++this.#ids, key, kernel }).then(() => undefined)
    this.#prepared.set(key, prepared)
    prepared.catch(() => this.#prepared.delete(key))
    return prepared
  }

  async run(task: ChunkTask, signal: AbortSignal): Promise<ChunkOutput> {
    signal.throwIfAborted()
    const { kernel, ...rest } = task
    shapeTask(task, kernel.manifest)
    const id = ++this.#ids
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(signal.reason instanceof Error ? signal.reason : new DOMException('the chunk was aborted', 'AbortError'))
        this.#port?.post({ kind: 'cancel', id } satisfies EngineRequest)
      }
      signal.addEventListener('abort', abort, { once: true })
      this.prepare(kernel)
        .then(() => this.#request({ kind: 'run', id, key: this.#key(kernel), task: rest }))
        .then((answer) => {
          if (answer.kind === 'computed') resolve({ output: answer.output, fuel: answer.fuel, ms: answer.ms, engine: 'webgpu' })
          else reject(new EngineError(`the worker answered "${answer.kind}" instead of a result`))
        })
        .catch(reject)
        .finally(() => signal.removeEventListener('abort', abort))
    })
  }

  async dispose(): Promise<void> {
    this.#end(new EngineError('the engine is disposed of'))
  }

  #key(kernel: Kernel): string {
    let key = this.#keys.get(kernel)
    if (key === undefined) this.#keys.set(kernel, (key = kernelCid(kernel)))
    return key
  }

  #connect(): WorkerPort {
    if (this.#port !== null) return this.#port
    if (!isBrowser()) throw new EngineError('WebGPU is a part of browsers, and this is none')
    this.#port = browserPort(this.#worker(), {
      onMessage: (message) => this.#receive(message as EngineAnswer),
      onError: (reason) => this.#end(new EngineError(`the worker of the WebGPU engine failed: ${reason}`)),
    })
    if (this.#share !== 1) this.#port.post({ kind: 'duty', share: this.#share } satisfies EngineRequest)
    return this.#port
  }

  #receive(answer: EngineAnswer): void {
    const pending = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    if (answer.kind === 'failed') pending?.reject(receiveError(answer.error))
    else pending?.resolve(answer)
  }

  #request(request: EngineRequest & { id: number }): Promise<EngineAnswer> {
    return new Promise((resolve, reject) => {
      const port = this.#connect()
      this.#pending.set(request.id, { resolve, reject })
      port.post(request)
    })
  }

  #end(error: Error): void {
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
    this.#prepared = new Map()
    this.#port?.terminate()
    this.#port = null
  }
}

function unavailable(reason: string): EngineReport {
  return { kind: 'webgpu', available: false, device: '', fallback: false, reason }
}
