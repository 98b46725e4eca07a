import { CpuEngine, GpuEngine } from '../compute/index.ts'
import { gather } from '../domain/chunk.ts'
import { compareOutputs } from '../domain/compare.ts'
import { encodeParameters } from '../domain/parameters.ts'
import { chunkAt, chunkCount, planJob } from '../domain/plan.ts'
import type { ChunkTask, Engine, EngineKind } from '../room/ports.ts'
import type { SubmitRequest, SubmitTrial } from './api.ts'
import { checkInput, planRequest } from './submission.ts'

/** A chunk that takes longer than this on one worker is refused, ms. */
const TRIAL_MS = 10_000

/** A kernel that runs, but not as a job's kernel should: says what it did and what to change. */
export class TrialError extends Error {
  override readonly name = 'TrialError'
}

/**
 * Computes the middle chunk of the job on engines of its own, so that nothing else on the node is disturbed: on the
 * CPU, whose answer verifiers will give, and on the GPU where that is what computes here.
 * Rejects with `KernelError`, `FuelError`, `TaskError`, `PlanError`, `ParameterError`, `InputError` or {@link TrialError}.
 */
export async function tryChunk(request: SubmitRequest, computesOn: EngineKind): Promise<SubmitTrial> {
  const task = middleChunk(request)
  const cpu = await runAlone(new CpuEngine({ workers: 1 }), task)
  const [x, y, z] = task.chunk.size
  const trial = { chunk: task.chunk.id, items: x * y * z, ms: cpu.ms, fuel: cpu.fuel, engines: ['cpu'] as EngineKind[] }
  if (computesOn === 'cpu') return trial
  const gpu = await runAlone(new GpuEngine(), task)
  const { agrees, bad, elements } = compareOutputs(request.kernel.manifest.compare, gpu.output, cpu.output)
  if (!agrees) {
    throw new TrialError(
      `WebGPU and the CPU give different results for ${bad} of ${elements} elements of one chunk, so that honest members would be taken for liars: compute with integers, or compare with a tolerance`,
    )
  }
  return { ...trial, ms: gpu.ms, engines: ['cpu', 'webgpu'] }
}

async function runAlone(engine: Engine, task: ChunkTask): ReturnType<Engine['run']> {
  const limit = AbortSignal.timeout(TRIAL_MS)
  try {
    return await engine.run(task, limit)
  } catch (cause) {
    if (!limit.aborted) throw cause
    throw new TrialError(
      `one chunk takes longer than ${TRIAL_MS / 1000} s here: raise fuelPerItem in the manifest, so that chunks are cut smaller`,
      { cause },
    )
  } finally {
    await engine.dispose()
  }
}

function middleChunk(request: SubmitRequest): ChunkTask {
  const { kernel, input, parameters } = request
  const { manifest } = kernel
  checkInput(request)
  const job = { ...planJob(planRequest(request, null)), parameters, input }
  const chunk = chunkAt(job, manifest, Math.floor(chunkCount(job) / 2))
  const bytes = manifest.input.kind === 'none' || input === null ? null : gather(input.bytes, chunk, manifest.input.bytesPerItem)
  return { kernel, parameters: encodeParameters(manifest, parameters), chunk, input: bytes }
}
