import { kernelByName } from '../src/compute/kernels/index.ts'
import { kernelSamples, sampleInput } from '../src/compute/kernels/samples.ts'
import { gather } from '../src/domain/chunk.ts'
import type { Kernel, ParameterValues } from '../src/domain/kernel.ts'
import { completeParameters, encodeParameters } from '../src/domain/parameters.ts'
import { chunkAt, planJob } from '../src/domain/plan.ts'
import type { ChunkTask } from '../src/room/ports.ts'

export const never = new AbortController().signal

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

/** A job of one chunk, the first of its kernel's index space. `stream`: 4 bytes an item, lines as long as the chunk is wide. */
export function wholeTask(
  kernel: Kernel,
  parameters: ParameterValues,
  size: [number, number, number],
  stream: Uint8Array | null,
): ChunkTask {
  const [width, height] = [size[0], (stream?.length ?? 0) / size[0] / 4]
  const input = stream === null ? null : { blocks: [], blockBytes: 1, length: stream.length, width, height, name: '' }
  const job = { ...planJob({ manifest: kernel.manifest, parameters, input, chunk: size }), parameters, input }
  const chunk = chunkAt(job, kernel.manifest, 0)
  return {
    kernel,
    parameters: encodeParameters(kernel.manifest, parameters),
    chunk,
    input: stream === null ? null : gather(stream, chunk, 4),
  }
}

/** The first chunk of a built-in kernel's sample. */
export function sampleTask(name: string): ChunkTask {
  const sample = kernelSamples.find(({ kernel }) => kernel === name)!
  const kernel = kernelByName(name)!
  const parameters = completeParameters(kernel.manifest, sample.parameters)
  const stream = sampleInput(sample)
  const input = stream === null ? null : { ...sample.input!, blocks: [], blockBytes: 1, length: stream.length, name: '' }
  const plan = planJob({ manifest: kernel.manifest, parameters, input, chunk: sample.chunk })
  const chunk = chunkAt({ ...plan, parameters, input }, kernel.manifest, 0)
  const bytesPerItem = kernel.manifest.input.kind === 'stream' ? kernel.manifest.input.bytesPerItem : 4
  return {
    kernel,
    parameters: encodeParameters(kernel.manifest, parameters),
    chunk,
    input: stream === null ? null : gather(stream, chunk, bytesPerItem),
  }
}
