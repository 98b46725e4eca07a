import type { Kernel } from '../../../domain/kernel.ts'
import { convolvePresets, MAX_SIDE } from './presets.ts'
import { source } from './source.ts'

const initial = convolvePresets[0]!.parameters

/** Convolution of a photo with integer weights, 3×3 to 15×15. */
export const convolve: Kernel = {
  manifest: {
    name: 'convolve',
    version: '1.0.0',
    title: 'Image filter',
    description: 'Blurs, sharpens or embosses a photo, or finds its edges, by a table of weights of up to 15 × 15. The border is repeated.',
    licence: 'MIT',
    parameters: [
      {
        name: 'radius',
        type: 'u32',
        label: 'Radius',
        unit: 'px',
        default: initial.radius,
        min: 1,
        max: 7,
        help: '1 for a table of 3 × 3 up to 7 for 15 × 15.',
      },
      {
        name: 'weights',
        type: 'i32',
        length: MAX_SIDE * MAX_SIDE,
        label: 'Weights',
        default: initial.weights,
        min: -65_536,
        max: 65_536,
        help: 'The table line by line, (2 × radius + 1)² numbers; what follows them is not used.',
      },
      {
        name: 'divisor',
        type: 'i32',
        label: 'Divisor',
        default: initial.divisor,
        min: 1,
        max: 16_777_216,
        help: 'The weighted sum is divided by this, towards zero.',
      },
      { name: 'bias', type: 'i32', label: 'Bias', default: initial.bias, min: -255, max: 255, help: 'Added after the division.' },
    ],
    input: { kind: 'stream', shape: 'image', bytesPerItem: 4, halo: { parameter: 'radius' } },
    space: { from: 'input' },
    output: { element: 'u32', elementsPerItem: 1 },
    reduce: 'concat',
    compare: { rule: 'exact' },
    preview: 'image',
    fuelPerItem: 30,
  },
  source,
}
