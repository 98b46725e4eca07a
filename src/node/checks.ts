import type { KernelManifest } from '../domain/kernel.ts'
import type { Cid } from '../domain/ids.ts'
import { CheckQueue } from '../room/check-queue.ts'
import type { Task } from '../room/check-queue.ts'
import type { Effect } from '../room/event.ts'
import { errorText } from './error-text.ts'
import type { Computation } from './computation.ts'
import { findsToCheck } from './finds.ts'
import type { RoomRunner } from './runner.ts'

/** How long one chunk may take, ms. */
const VERIFY_MS = 60_000

export interface ChecksComponents {
  runner: Pick<RoomRunner, 'state' | 'dispatch'>
  computation: Pick<Computation, 'recompute' | 'checksAtOnce'>
  manifestOf(job: Cid): KernelManifest | undefined
  failed(microjob: number, cause: unknown): void
}

/** Recomputes what draws ask of this node, as many chunks at once as the reference engine has workers. */
export class Checks {
  readonly #parts: ChecksComponents
  readonly #queue = new CheckQueue()
  #running = 0

  constructor(parts: ChecksComponents) {
    this.#parts = parts
  }

  add(effect: Extract<Effect, { type: 'verify' }>): void {
    const { ref, chunks } = effect
    const finds = findsToCheck(this.#parts.runner.state, ref, chunks, this.#parts.manifestOf(ref.job))
    this.#queue.add({ ...effect, chunks: [...chunks, ...finds] })
    this.#pump()
  }

  #pump(): void {
    while (this.#running < this.#parts.computation.checksAtOnce) {
      const next = this.#queue.next(this.#parts.runner.state)
      if (next === null) return
      this.#running++
      void this.#recompute(next)
    }
  }

  async #recompute(task: Task): Promise<void> {
    const { runner, computation, failed } = this.#parts
    const { check, chunk, claimed, known } = task
    const { ref, attempt } = check.effect
    const at = { block: ref.block, microjob: ref.microjob, attempt }
    try {
      const hash = known ?? (await computation.recompute(ref, chunk, claimed, AbortSignal.timeout(VERIFY_MS)))
      const isLast = this.#queue.done(task, hash)
      runner.dispatch({ type: 'checked', ...at, chunk })
      if (isLast) runner.dispatch({ type: 'verified', ...at, checked: check.checked })
    } catch (cause) {
      this.#queue.drop(check)
      failed(ref.microjob, cause)
      runner.dispatch({ type: 'checkFailed', ...at, reason: errorText(cause) })
    } finally {
      this.#running--
    }
    this.#pump()
  }
}
