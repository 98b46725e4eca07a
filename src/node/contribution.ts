import { createEngines } from '../compute/index.ts'
import type { Engines } from '../compute/index.ts'
import { indexSpace } from '../domain/plan.ts'
import type { EngineKind, EngineReport, Unsubscribe } from '../room/ports.ts'
import type { RoomState } from '../room/state.ts'
import type { ContributionSettings, EnginePreference, NodeSnapshot, SubmitRequest } from './api.ts'
import type { Computation } from './computation.ts'
import { reasonToPause, watchConditions } from './conditions.ts'
import type { Conditions } from './conditions.ts'
import type { RoomRunner } from './runner.ts'

const RATE_WINDOW_MS = 60_000
const PACE_WEIGHT = 0.3
const PAUSED_BY_OWNER = 'Paused by you.'

export interface ContributionInit {
  runner: RoomRunner
  computation: Computation
  engine: EnginePreference
  now: () => number
  problem: (code: string, message: string) => void
  changed: () => void
}

/** What this node gives: the contributor's limits, the engines that follow from them, and whether it works now. */
export class Contribution {
  readonly #init: ContributionInit
  readonly #doneAt: number[] = []
  readonly #ends: Unsubscribe[] = []
  #settings: ContributionSettings
  #engines: Engines | null = null
  #preparing: Promise<Engines | null> | null = null
  #state: NodeSnapshot['contribution']['state'] = 'off'
  #pausedBecause = ''
  /** Then no condition makes it go on. */
  #pausedByOwner = false
  /** Rises with each start and stop: who was overtaken while the engines were prepared begins nothing. */
  #starts = 0
  #conditions: Conditions = { onBattery: false, metered: false, idle: false }
  #computeMs = 0
  #paceMs = 0
  /** Who waits for the end of the present contribution. */
  #waiting: (() => void)[] = []

  constructor(init: ContributionInit) {
    this.#init = init
    this.#settings = defaultSettings(init.engine)
    const unwatch = watchConditions((conditions) => {
      this.#conditions = conditions
      this.#applyConditions()
    })
    // A page that is gone back to may be the very same one.
    const leave = (): void => this.stop()
    globalThis.addEventListener?.('pagehide', leave)
    this.#ends.push(unwatch, () => globalThis.removeEventListener?.('pagehide', leave))
  }

  /** It takes part now: neither off nor paused nor about to leave. */
  get working(): boolean {
    return this.#state === 'seeking' || this.#state === 'working'
  }

  get paused(): boolean {
    return this.#state === 'paused'
  }

  /** ms that a chunk took here, exponential mean; 0 before the first. */
  get paceMs(): number {
    return Math.round(this.#paceMs)
  }

  get settings(): ContributionSettings {
    return this.#settings
  }

  /** The engine that computes here; the CPU's before one is chosen. */
  get computesOn(): EngineKind {
    return this.#engines?.engine.kind ?? 'cpu'
  }

  async start(settings: Partial<ContributionSettings>): Promise<void> {
    const start = ++this.#starts
    await this.configure(settings)
    if ((await this.prepareEngines()) === null || start !== this.#starts) return
    this.#become('seeking')
    this.#init.runner.dispatch({ type: 'start' })
    this.#applyConditions()
  }

  async configure(settings: Partial<ContributionSettings>): Promise<void> {
    const before = this.#settings
    this.#settings = { ...before, ...settings }
    const { engine, workers, dutyCycle } = this.#settings
    await (await this.#preparing)?.configure({ mode: engine, workers, dutyCycle })
    this.#tellCapabilities()
    this.#applyConditions()
    this.#init.changed()
  }

  pause(reason = PAUSED_BY_OWNER): void {
    this.#pausedByOwner ||= this.#halt(reason)
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#become('seeking')
    this.#init.runner.dispatch({ type: 'resume' })
  }

  /** Resolves when it has stopped, or has begun again. */
  async finishThenStop(): Promise<void> {
    // Nothing gets finished while it is paused, or has not begun.
    if (this.#state === 'off' || this.#state === 'paused') return this.stop()
    this.#become('finishing')
    const stopped = new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#init.runner.dispatch({ type: 'stop', finish: true })
    return stopped
  }

  stop(): void {
    this.#starts++
    this.#become('off')
    this.#init.runner.dispatch({ type: 'stop', finish: false })
    this.#init.computation.cancelAll()
  }

  async dispose(): Promise<void> {
    for (const end of this.#ends) end()
    this.stop()
    await (await this.#preparing)?.dispose()
  }

  /** The engines under the present settings, chosen once; null when none can run, which is reported. */
  prepareEngines(): Promise<Engines | null> {
    this.#preparing ??= this.#choose()
    return this.#preparing
  }

  /** Items per second of one slot of this device's engine; null while there is none or it rests, or when it cannot run the kernel. */
  async pace({ kernel, parameters, input }: SubmitRequest): Promise<number | null> {
    const engines = this.#engines
    // What is paused measures nothing before it goes on.
    if (engines === null || this.paused) return null
    try {
      const whole = await engines.pace(kernel, parameters, indexSpace(kernel.manifest, parameters, input))
      return whole / engines.engine.slots
    } catch {
      return null
    }
  }

  reports(): EngineReport[] {
    return this.#engines?.reports ?? []
  }

  noteChunk(ms: number): void {
    this.#doneAt.push(this.#init.now())
    this.#computeMs += ms
    this.#paceMs = this.#paceMs === 0 ? ms : (1 - PACE_WEIGHT) * this.#paceMs + PACE_WEIGHT * ms
  }

  /** Follows what the room machine does. */
  follow({ activity }: RoomState): void {
    if (this.#state === 'seeking' || this.#state === 'working') this.#state = activity.kind === 'member' ? 'working' : 'seeking'
    if (this.#state === 'finishing' && activity.kind === 'off') this.#become('off')
  }

  view(state: RoomState, credit: number): NodeSnapshot['contribution'] {
    const now = this.#init.now()
    while (this.#doneAt.length > 0 && now - this.#doneAt[0]! > RATE_WINDOW_MS) this.#doneAt.shift()
    return {
      state: this.#state,
      pausedBecause: this.#pausedBecause,
      settings: this.#settings,
      engine: this.#engines?.report ?? null,
      engineReason: this.#engines?.reason ?? '',
      chunksDone: state.chunksDone,
      rate: this.#doneAt.length,
      fuel: state.fuelDone,
      computeMs: this.#computeMs,
      credit,
    }
  }

  #become(state: 'off' | 'seeking' | 'finishing'): void {
    if (this.#state === 'paused') this.#engines?.resume()
    this.#pausedBecause = ''
    this.#pausedByOwner = false
    this.#state = state
    if (state === 'finishing') return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #choose(): Promise<Engines | null> {
    const { computation, problem, changed } = this.#init
    const { engine, workers, dutyCycle } = this.#settings
    try {
      const engines = await createEngines({ mode: engine, workers, dutyCycle })
      this.#engines = engines
      computation.use(engines.engine, engines.reference)
      engines.onChange(() => this.#tellCapabilities())
      this.#tellCapabilities()
      changed()
      return engines
    } catch (cause) {
      // What was missing may be there the next time.
      this.#preparing = null
      problem('engine', `No engine can compute in this browser: ${cause instanceof Error ? cause.message : String(cause)}`)
      return null
    }
  }

  #tellCapabilities(): void {
    const engine = this.#engines?.engine
    if (engine === undefined) return
    this.#init.runner.dispatch({
      type: 'capabilities',
      capabilities: { engine: engine.kind, slots: engine.slots, customKernels: this.#settings.allowCustomKernels },
    })
  }

  /** Gives whether it is paused now for this reason. */
  #halt(reason: string): boolean {
    if (!this.working && !this.paused) return false
    this.#pausedBecause = reason
    if (this.paused) return true
    this.#state = 'paused'
    this.#engines?.pause()
    this.#init.runner.dispatch({ type: 'pause' })
    return true
  }

  #applyConditions(): void {
    const reason = reasonToPause(this.#settings, this.#conditions)
    if (!this.#pausedByOwner && reason !== '') this.#halt(reason)
    else if (!this.#pausedByOwner) this.resume()
    this.#init.changed()
  }
}

function defaultSettings(engine: EnginePreference): ContributionSettings {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 2
  return {
    engine,
    workers: Math.max(1, cores - 1),
    dutyCycle: 100,
    allowCustomKernels: false,
    pauseOnBattery: false,
    pauseOnMetered: true,
    onlyWhenIdle: false,
  }
}
