import type { Kernel } from '../../../domain/kernel.ts'
import { source } from './source.ts'

/** Product of two n × k matrices, the second one transposed: the case of results that are only nearly equal. */
export const matmul: Kernel = {
  manifest: {
    name: 'matmul',
    version: '1.0.0',
    title: 'Matrix product',
    description:
      'Multiplies two matrices of floats. The input is the first matrix, line by line, and below it the second one transposed, both with as many lines.',
    licence: 'MIT',
    parameters: [],
    input: { kind: 'stream', shape: 'matrix', bytesPerItem: 4, halo: 0 },
    space: { from: 'input' },
    output: { element: 'f32', elementsPerItem: 1 },
    reduce: 'concat',
    compare: { rule: 'approx', abs: 1e-4, rel: 1e-4, maxBadFraction: 0 },
    preview: 'bytes',
    fuelPerItem: 512,
  },
  source,
}
