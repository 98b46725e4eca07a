import type { ChunkTask } from '../../room/ports.ts'
import { Duty } from '../duty.ts'
import { EngineError } from '../errors.ts'
import { MAX_COMPILED_KERNELS } from '../limits.ts'
import { sendError } from '../messages.ts'
import type { EngineAnswer, EngineRequest } from '../messages.ts'
import { createYield, sleep, workerScope } from '../worker-scope.ts'
import { instantiate } from './compile.ts'
import type { KernelInstance } from './instance.ts'

/** Computing between two looks at the messages, ms. */
const SLICE_MS = 10

const scope = await workerScope()
const yieldToMessages = createYield()
const kernels = new Map<string, KernelInstance>()
/** Items per slice found last, per kernel. */
const paces = new Map<string, number>()
const cancelled = new Set<number>()
const waiting: (EngineRequest & { kind: 'run' })[] = []
const duty = new Duty()
let running = false

scope.listen((message) => {
  const request = message as EngineRequest
  switch (request.kind) {
    case 'prepare':
      answer(request.id, () => {
        prepare(request)
        return { kind: 'prepared', id: request.id }
      })
      return
    case 'run':
      waiting.push(request)
      if (!running) void work()
      return
    case 'cancel':
      cancelled.add(request.id)
      return
    case 'duty':
      duty.share = request.share
      return
    case 'probe':
      answer(request.id, () => {
        throw new EngineError('the CPU engine is not probed in its workers')
      })
  }
})

function answer(id: number, produce: () => EngineAnswer): void {
  try {
    scope.post(produce())
  } catch (error) {
    scope.post({ kind: 'failed', id, error: sendError(error) } satisfies EngineAnswer)
  }
}

function prepare({ key, kernel }: EngineRequest & { kind: 'prepare' }): void {
  if (kernels.has(key)) return
  if (kernels.size >= MAX_COMPILED_KERNELS) kernels.delete(kernels.keys().next().value!)
  kernels.set(key, instantiate(kernel))
}

async function work(): Promise<void> {
  running = true
  for (let request = waiting.shift(); request !== undefined; request = waiting.shift()) {
    const { id, key, task } = request
    try {
      const done = await compute(id, key, task)
      scope.post(done, done.kind === 'computed' ? [done.output.buffer as ArrayBuffer] : [])
    } catch (error) {
      scope.post({ kind: 'failed', id, error: sendError(error) } satisfies EngineAnswer)
    }
    cancelled.delete(id)
  }
  running = false
}

async function compute(id: number, key: string, task: Omit<ChunkTask, 'kernel'>): Promise<EngineAnswer> {
  const instance = kernels.get(key)
  if (instance === undefined) throw new EngineError('the kernel was not prepared on this worker')
  if (cancelled.has(id)) return { kind: 'cancelled', id }
  let ms = 0
  let slice = paces.get(key) ?? 64
  let sinceYield = 0
  const begun = performance.now()
  instance.begin(task)
  ms += performance.now() - begun
  while (instance.remaining > 0) {
    const from = performance.now()
    const items = Math.min(slice, instance.remaining)
    instance.step(items)
    const took = performance.now() - from
    ms += took
    sinceYield += took
    // Only whole slices tell the pace; the step is bounded, since compiled code gets faster while it runs.
    if (items === slice) {
      slice = Math.max(1, Math.round(slice * Math.min(4, Math.max(0.25, SLICE_MS / Math.max(took, 0.01)))))
      paces.set(key, slice)
    }
    if (sinceYield >= SLICE_MS / 2 && instance.remaining > 0) {
      await rest(id, sinceYield)
      sinceYield = 0
      if (cancelled.has(id)) return { kind: 'cancelled', id }
    }
  }
  const { output, fuel } = instance.finish()
  const owed = duty.restAfter(sinceYield)
  if (owed > 0) await rested(owed)
  return { kind: 'computed', id, output, fuel, ms }
}

async function rest(id: number, workedMs: number): Promise<void> {
  const owed = duty.restAfter(workedMs)
  if (owed > 0) await rested(owed)
  else await yieldToMessages()
  while (duty.paused && !cancelled.has(id)) await sleep(50)
}

async function rested(owed: number): Promise<void> {
  const from = performance.now()
  await sleep(owed)
  duty.rested(performance.now() - from)
}
