import type { Chunk } from '../domain/chunk.ts'
import type { Kernel, KernelManifest, ReduceRule } from '../domain/kernel.ts'
import type { ChunkTask } from '../room/ports.ts'

/** A kernel of this source for tests: no input, no parameters unless given, u32 results. */
export function testKernel(
  source: string,
  options: { reduce?: ReduceRule; elementsPerItem?: number; manifest?: Partial<KernelManifest> } = {},
): Kernel {
  const manifest: KernelManifest = {
    name: 'test',
    version: '1.0.0',
    title: 'Test',
    description: 'A kernel of a test.',
    licence: 'MIT',
    parameters: [],
    input: { kind: 'none' },
    space: { from: 'parameters', axes: [] },
    output: { element: 'u32', elementsPerItem: options.elementsPerItem ?? 1 },
    reduce: options.reduce ?? 'concat',
    compare: { rule: 'exact' },
    preview: 'bytes',
    fuelPerItem: 1,
    ...options.manifest,
  }
  return { manifest, source }
}

/** A chunk of a kernel without input. */
export function testTask(kernel: Kernel, { origin, size }: Partial<Pick<Chunk, 'origin' | 'size'>>): ChunkTask {
  const output = { offset: 0, lineWidth: 4, lineStride: 4, lineCount: 1, blockStride: 4, blockCount: 1 }
  const chunk: Chunk = {
    id: 0,
    origin: origin ?? [0, 0, 0],
    size: size ?? [1, 1, 1],
    input: null,
    clamp: { left: 0, right: 0, top: 0, bottom: 0 },
    output,
  }
  return { kernel, parameters: new Uint8Array(0), chunk, input: null }
}
