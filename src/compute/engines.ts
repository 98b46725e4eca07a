import type { Kernel, ParameterValues } from '../domain/kernel.ts'
import type { ChunkOutput, ChunkTask, Engine, EngineKind, EngineReport, Unsubscribe } from '../room/ports.ts'
import { CpuEngine, processors } from './cpu/pool.ts'
import { EngineError } from './errors.ts'
import { GpuEngine } from './gpu/engine.ts'
import { mandelbrot } from './kernels/mandelbrot/index.ts'
import { measurePace } from './pace.ts'
import { PaceCache } from './pace-cache.ts'

export interface EnginesInit {
  /** @default 'auto' */
  mode?: 'auto' | EngineKind
  /** Workers of the CPU engine. @default processors - 1 */
  workers?: number
  /** Share of time spent computing, percent, 10 to 100. @default 100 */
  dutyCycle?: number
  /** @default one of this browser's WebGPU */
  gpu?: GpuEngine
  /** @default paces kept by this browser */
  paces?: PaceCache
}

/** The engines of this device, behind one that computes. */
export interface Engines {
  /** Computes on the chosen engine; when a GPU fails for good, on the CPU, without losing the chunk. */
  readonly engine: Engine
  /** The CPU engine: the reference that a verifier uses. */
  readonly reference: Engine
  /** Of the chosen engine. */
  readonly report: EngineReport
  /** Of every engine that was looked at. */
  readonly reports: EngineReport[]
  /** Why this engine was chosen, in words for people. */
  readonly reason: string
  /** Called when another engine is chosen. */
  onChange(handler: () => void): Unsubscribe
  configure(settings: EnginesInit): Promise<void>
  /** Stops computing within one dispatch; chunks at hand go on after {@link resume}. */
  pause(): void
  resume(): void
  /** Items per second of the chosen engine as a whole, measured once per kernel and device. */
  pace(kernel: Kernel, parameters: ParameterValues, space: [number, number, number]): Promise<number>
  dispose(): Promise<void>
}

/** Looks at what there is, measures where there is a choice and this device has not been measured before, and chooses. */
export async function createEngines(init: EnginesInit = {}): Promise<Engines> {
  const engines = new ChosenEngines(init)
  await engines.configure(init)
  return engines
}

interface Choice {
  kind: EngineKind
  reason: string
}

class ChosenEngines implements Engines, Engine {
  readonly #cpu: CpuEngine
  readonly #gpu: GpuEngine
  readonly #paces: PaceCache
  readonly #handlers = new Set<() => void>()
  #mode: EnginesInit['mode'] = 'auto'
  #choice: Choice = { kind: 'cpu', reason: '' }
  #reports: EngineReport[] = []
  #dutyCycle = 100
  #paused = false
  #looked = false

  constructor(init: EnginesInit) {
    this.#gpu = init.gpu ?? new GpuEngine()
    this.#paces = init.paces ?? new PaceCache()
    this.#cpu = new CpuEngine(init.workers === undefined ? {} : { workers: init.workers })
  }

  get engine(): Engine {
    return this
  }

  get reference(): Engine {
    return this.#cpu
  }

  get kind(): EngineKind {
    return this.#choice.kind
  }

  get slots(): number {
    return this.#current.slots
  }

  get reason(): string {
    return this.#choice.reason
  }

  get reports(): EngineReport[] {
    return this.#reports
  }

  get report(): EngineReport {
    return this.#reports.find((report) => report.kind === this.kind)!
  }

  get #current(): CpuEngine | GpuEngine {
    return this.kind === 'cpu' ? this.#cpu : this.#gpu
  }

  onChange(handler: () => void): Unsubscribe {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  async configure({ mode, workers, dutyCycle }: EnginesInit): Promise<void> {
    if (workers !== undefined) this.#cpu.resize(workers)
    if (dutyCycle !== undefined) this.#dutyCycle = Math.min(100, Math.max(10, dutyCycle))
    this.#applyDuty()
    // Whatever computes, the CPU engine checks.
    if (!this.#looked) this.#cpu.load()
    if (workers !== undefined || this.#reports.length === 0)
      this.#reports = [await this.#cpu.probe(), ...this.#reports.filter((report) => report.kind !== 'cpu')]
    if (this.#looked && (mode === undefined || mode === this.#mode)) return
    this.#mode = mode ?? this.#mode
    this.#looked = true
    this.#choose(await this.#decide())
  }

  #choose(choice: Choice): void {
    this.#choice = choice
    for (const handler of this.#handlers) handler()
  }

  async #decide(): Promise<Choice> {
    if (this.#mode === 'cpu') return { kind: 'cpu', reason: 'the CPU engine was asked for' }
    const report = await this.#gpu.probe()
    this.#reports = [this.#reports[0]!, report]
    if (!report.available) return { kind: 'cpu', reason: `the CPU engine, because ${report.reason}` }
    if (this.#mode === 'webgpu') return { kind: 'webgpu', reason: 'WebGPU was asked for' }
    if (report.fallback)
      return { kind: 'cpu', reason: `the CPU engine, because the GPU adapter (${report.device}) is itself only software` }
    try {
      const view = { width: 1024, height: 1024, centreX: '-0.5', centreY: 0, span: 3, iterations: 200 }
      const space: [number, number, number] = [1024, 1024, 1]
      const cpu = await this.#paceOf(this.#cpu, mandelbrot, view, space)
      const gpu = await this.#paceOf(this.#gpu, mandelbrot, view, space)
      const times = (a: number, b: number) => `${(a / b).toPrecision(2)} times as fast as`
      if (gpu > cpu) return { kind: 'webgpu', reason: `WebGPU, measured ${times(gpu, cpu)} the CPU engine` }
      return { kind: 'cpu', reason: `the CPU engine, measured ${times(cpu, gpu)} WebGPU` }
    } catch (error) {
      return { kind: 'cpu', reason: `the CPU engine, because WebGPU failed when it was measured: ${messageOf(error)}` }
    }
  }

  pause(): void {
    this.#paused = true
    this.#applyDuty()
  }

  resume(): void {
    this.#paused = false
    this.#applyDuty()
  }

  #applyDuty(): void {
    const share = this.#paused ? 0 : this.#dutyCycle / 100
    this.#cpu.setDuty(share)
    this.#gpu.setDuty(share)
  }

  pace(kernel: Kernel, parameters: ParameterValues, space: [number, number, number]): Promise<number> {
    return this.#paceOf(this.#current, kernel, parameters, space)
  }

  async #paceOf(
    engine: CpuEngine | GpuEngine,
    kernel: Kernel,
    parameters: ParameterValues,
    space: [number, number, number],
  ): Promise<number> {
    const device = engine.kind === 'cpu' ? `${processors()} processors` : this.#reports.find(({ kind }) => kind === engine.kind)!.device
    let perSlot = this.#paces.get(device, kernel, parameters)
    if (perSlot === undefined) {
      perSlot = await measurePace(engine, kernel, parameters, space, new AbortController().signal)
      this.#paces.set(device, kernel, parameters, perSlot)
    }
    // Slots of the CPU engine are processors; those of the GPU share one.
    return engine.kind === 'cpu' ? perSlot * engine.slots : perSlot
  }

  async probe(): Promise<EngineReport> {
    return this.report
  }

  async prepare(kernel: Kernel): Promise<void> {
    await this.#orOnCpu((engine) => engine.prepare(kernel))
  }

  run(task: ChunkTask, signal: AbortSignal): Promise<ChunkOutput> {
    return this.#orOnCpu((engine) => engine.run(task, signal))
  }

  /** A GPU that fails for good is given up; what it was doing is done on the CPU. */
  async #orOnCpu<T>(attempt: (engine: Engine) => Promise<T>): Promise<T> {
    const engine = this.#current
    try {
      return await attempt(engine)
    } catch (error) {
      if (engine.kind === 'cpu' || !(error instanceof EngineError)) throw error
      if (this.kind === 'webgpu') this.#choose({ kind: 'cpu', reason: `the CPU engine, because WebGPU failed: ${messageOf(error)}` })
      return attempt(this.#cpu)
    }
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#cpu.dispose(), this.#gpu.dispose()])
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
