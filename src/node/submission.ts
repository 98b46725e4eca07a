import { checkKernel, kernelByCid } from '../compute/index.ts'
import type { Cid, PeerId } from '../domain/ids.ts'
import { hex } from '../domain/bytes.ts'
import type { Job, JobInput } from '../domain/job.ts'
import { kernelCid } from '../domain/kernel.ts'
import type { Kernel } from '../domain/kernel.ts'
import { completeParameters, encodeParameters } from '../domain/parameters.ts'
import { chunkCount, microjobCount, outputLength, planJob } from '../domain/plan.ts'
import type { JobRecord } from '../domain/record.ts'
import type { BlockStore } from '../room/ports.ts'
import type { SubmitPreview, SubmitRequest } from './api.ts'

/** Bytes in one block of an input stream: small enough for one bitswap message. */
export const INPUT_BLOCK_BYTES = 256 * 1024
/** Largest input that a tab takes: it is whole in memory while it is cut into blocks. */
export const MAX_INPUT_BYTES = 512 * 1024 * 1024

/** An input that does not fit the kernel: says which, and what would. */
export class InputError extends Error {
  override readonly name = 'InputError'
}

/** What a job would cost. Throws `KernelError`, `ParameterError`, `PlanError` or {@link InputError}. */
export function previewJob(request: SubmitRequest, itemsPerSecond: number | null): SubmitPreview {
  const { manifest } = request.kernel
  checkSource(request.kernel)
  checkInput(request)
  encodeParameters(manifest, request.parameters)
  const cut = planJob(planRequest(request, itemsPerSecond))
  const items = cut.space[0] * cut.space[1] * cut.space[2]
  return {
    space: cut.space,
    chunks: chunkCount(cut),
    microjobs: microjobCount(cut),
    outputBytes: outputLength(cut, manifest),
    inputBytes: request.input?.bytes.length ?? 0,
    computeSeconds: itemsPerSecond === null ? null : items / itemsPerSecond,
  }
}

/** Those that are built in compile: their tests say so. */
function checkSource(kernel: Kernel): void {
  if (kernelByCid(kernelCid(kernel)) === null) checkKernel(kernel)
}

/** What the planner is asked for a request, given this device's pace. */
export function planRequest(request: SubmitRequest, itemsPerSecond: number | null): Parameters<typeof planJob>[0] {
  return {
    manifest: request.kernel.manifest,
    parameters: request.parameters,
    input: request.input,
    itemsPerSecond: itemsPerSecond ?? undefined,
    chunk: request.chunk,
    capacity: request.capacity,
    epsilon: request.epsilon,
    deadlineMs: request.deadlineMs,
  }
}

/** Throws {@link InputError} when the input is not what the kernel takes. */
export function checkInput({ kernel, input }: SubmitRequest): void {
  const wanted = kernel.manifest.input
  if (wanted.kind === 'none') {
    if (input !== null) throw new InputError(`${kernel.manifest.title} takes no input, but ${input.name} was given: remove it`)
    return
  }
  if (input === null) throw new InputError(`${kernel.manifest.title} needs an input: drop a file`)
  const expected = input.width * input.height * wanted.bytesPerItem
  if (expected === 0) throw new InputError(`${input.name} is ${input.width} × ${input.height}: it has nothing to compute on`)
  if (input.bytes.length !== expected) {
    throw new InputError(
      `${input.name} has ${input.bytes.length} bytes, but ${input.width} × ${input.height} items of ${wanted.bytesPerItem} bytes are ${expected}`,
    )
  }
  if (expected > MAX_INPUT_BYTES) {
    throw new InputError(`${input.name} has ${expected} bytes: at most ${MAX_INPUT_BYTES} fit; use a smaller one`)
  }
}

/** Stores everything a job consists of and returns its manifest and the record that announces it. */
export async function storeJob(
  request: SubmitRequest,
  blocks: BlockStore,
  context: { self: PeerId; now: number; nonce: Uint8Array; itemsPerSecond: number | null },
): Promise<{ job: Job; record: JobRecord }> {
  checkSource(request.kernel)
  checkInput(request)
  const { manifest } = request.kernel
  const parameters = completeParameters(manifest, request.parameters)
  encodeParameters(manifest, parameters)
  const { space, plan } = planJob(planRequest(request, context.itemsPerSecond))
  const job: Job = {
    version: 1,
    title: request.title,
    kernel: kernelCid(request.kernel),
    parameters,
    input: request.input === null ? null : await storeInput(request.input, blocks),
    space,
    plan,
    requester: context.self,
    createdAt: context.now,
    nonce: hex(context.nonce),
  }
  await blocks.putValue({ manifest: request.kernel.manifest, source: request.kernel.source })
  const cid = await blocks.putValue(job)
  const record: JobRecord = {
    kind: 'job',
    job: cid,
    kernel: job.kernel,
    requester: context.self,
    title: job.title,
    chunks: chunkCount(job),
    microjobs: microjobCount(job),
    createdAt: context.now,
  }
  return { job, record }
}

async function storeInput(input: NonNullable<SubmitRequest['input']>, blocks: BlockStore): Promise<JobInput> {
  const cids: Cid[] = []
  for (let at = 0; at < input.bytes.length; at += INPUT_BLOCK_BYTES) {
    cids.push(await blocks.put(input.bytes.slice(at, at + INPUT_BLOCK_BYTES)))
  }
  return {
    blocks: cids,
    blockBytes: INPUT_BLOCK_BYTES,
    length: input.bytes.length,
    width: input.width,
    height: input.height,
    name: input.name,
  }
}
