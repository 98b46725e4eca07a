import type { Kernel } from '../../domain/kernel.ts'
import { Duty } from '../duty.ts'
import { EngineError } from '../errors.ts'
import { sendError } from '../messages.ts'
import type { EngineAnswer, EngineRequest } from '../messages.ts'
import { sleep, workerScope } from '../worker-scope.ts'
import { BufferPool } from './buffers.ts'
import { ChunkRun, MAX_DISPATCH_ITEMS } from './chunk-run.ts'
import { openDevice } from './device.ts'
import { buildProgram } from './program.ts'
import type { GpuProgram } from './program.ts'

/** A dispatch should take about this long: short enough for a responsive desktop and a quick stop. */
const DISPATCH_MS = 60
/** First dispatch of a kernel, items. */
const FIRST_ITEMS = 1_024
/** Times that a lost device is replaced before the engine gives up. */
const MAX_REBUILDS = 1

interface Session {
  device: GPUDevice
  pool: BufferPool
  programs: Map<string, Promise<GpuProgram>>
  lost: boolean
}

const scope = await workerScope()
const kernels = new Map<string, Kernel>()
/** Items that one dispatch should have, per kernel. */
const paces = new Map<string, number>()
const cancelled = new Set<number>()
const duty = new Duty()
let rebuilds = 0
let session: Promise<Session> | null = null

/** Firefox looks at its queue every 100 ms unless something is submitted; other browsers need no such help. */
const polls = /firefox/i.test(globalThis.navigator?.userAgent ?? '')

scope.listen((message) => {
  const request = message as EngineRequest
  switch (request.kind) {
    case 'cancel':
      cancelled.add(request.id)
      return
    case 'duty':
      duty.share = request.share
      return
    default:
      void handle(request)
  }
})

async function handle(request: EngineRequest & { kind: 'probe' | 'prepare' | 'run' }): Promise<void> {
  try {
    const answer = await answerTo(request)
    scope.post(answer, answer.kind === 'computed' ? [answer.output.buffer as ArrayBuffer] : [])
  } catch (error) {
    scope.post({ kind: 'failed', id: request.id, error: sendError(error) } satisfies EngineAnswer)
  }
  cancelled.delete(request.id)
}

async function answerTo(request: EngineRequest & { kind: 'probe' | 'prepare' | 'run' }): Promise<EngineAnswer> {
  switch (request.kind) {
    case 'probe': {
      const { device, report } = await openDevice()
      device?.destroy()
      return { kind: 'probed', id: request.id, report }
    }
    case 'prepare':
      kernels.set(request.key, request.kernel)
      await program(await current(), request.key)
      return { kind: 'prepared', id: request.id }
    case 'run':
      return run(request)
  }
}

/** The device in use; a lost one is replaced, but not for ever. */
async function current(): Promise<Session> {
  const known = session === null ? null : await session
  if (known !== null && !known.lost) return known
  if (known !== null && rebuilds++ >= MAX_REBUILDS) throw new EngineError('the GPU was lost again after it had been rebuilt')
  session = open()
  return session
}

async function open(): Promise<Session> {
  const { device, report } = await openDevice()
  if (device === null) throw new EngineError(report.reason)
  const opened: Session = { device, pool: new BufferPool(device), programs: new Map(), lost: false }
  void device.lost.then(() => {
    opened.lost = true
  })
  return opened
}

function program(at: Session, key: string): Promise<GpuProgram> {
  let built = at.programs.get(key)
  if (built === undefined) {
    const kernel = kernels.get(key)
    if (kernel === undefined) throw new EngineError('the kernel was not prepared on this worker')
    built = buildProgram(at.device, kernel)
    at.programs.set(key, built)
    built.catch(() => at.programs.delete(key))
  }
  return built
}

async function run(request: EngineRequest & { kind: 'run' }): Promise<EngineAnswer> {
  for (;;) {
    const at = await current()
    try {
      return await runOn(at, request)
    } catch (error) {
      // What a lost device did not finish is computed again on the next one.
      if (!(error instanceof EngineError) || !at.lost) throw error
    }
  }
}

async function runOn(at: Session, { id, key, task }: EngineRequest & { kind: 'run' }): Promise<EngineAnswer> {
  const built = await program(at, key)
  const chunk = new ChunkRun(at.device, at.pool, built, task)
  let ms = 0
  let size = paces.get(key) ?? FIRST_ITEMS
  while (chunk.remaining > size) {
    const from = performance.now()
    chunk.dispatch(size)
    await polled(at, at.device.queue.onSubmittedWorkDone())
    const took = performance.now() - from
    ms += took
    size = adapt(key, size, took)
    await rest(id, took)
    if (at.lost) throw new EngineError('the GPU was lost')
    if (cancelled.has(id)) {
      chunk.release()
      return { kind: 'cancelled', id }
    }
  }
  const from = performance.now()
  chunk.dispatch(chunk.remaining)
  try {
    const { output, fuel } = await polled(at, chunk.result())
    const took = performance.now() - from
    await rest(id, took)
    return { kind: 'computed', id, output, fuel, ms: ms + took }
  } catch (error) {
    // The loss of a device is told a moment after its buffers have failed.
    if (error instanceof EngineError) await Promise.race([at.device.lost, sleep(100)])
    throw error
  } finally {
    chunk.release()
  }
}

function adapt(key: string, size: number, took: number): number {
  const factor = Math.min(4, Math.max(0.25, DISPATCH_MS / Math.max(took, 0.5)))
  const next = Math.max(64, Math.min(MAX_DISPATCH_ITEMS, Math.round(size * factor)))
  paces.set(key, next)
  return next
}

async function rest(id: number, workedMs: number): Promise<void> {
  const owed = duty.restAfter(workedMs)
  if (owed > 0) {
    const from = performance.now()
    await sleep(owed)
    duty.rested(performance.now() - from)
  }
  while (duty.paused && !cancelled.has(id)) await sleep(50)
}

async function polled<T>(at: Session, work: Promise<T>): Promise<T> {
  if (!polls) return work
  const timer = setInterval(() => at.device.queue.submit([]), 1)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
