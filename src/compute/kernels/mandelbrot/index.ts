import type { Kernel } from '../../../domain/kernel.ts'
import { source } from './source.ts'

/** The Mandelbrot set in Q4.28 fixed point, coloured with integers only: the same picture on every processor. */
export const mandelbrot: Kernel = {
  manifest: {
    name: 'mandelbrot',
    version: '1.0.0',
    title: 'Mandelbrot set',
    description: 'Draws a part of the Mandelbrot set. Fixed-point arithmetic makes every processor draw exactly the same picture.',
    licence: 'MIT',
    parameters: [
      { name: 'width', type: 'u32', label: 'Width', unit: 'px', default: 1600, min: 1, max: 16_384 },
      { name: 'height', type: 'u32', label: 'Height', unit: 'px', default: 1000, min: 1, max: 16_384 },
      { name: 'centreX', type: 'fixed', fractionBits: 28, label: 'Centre, real part', default: '-0.743643887', min: -2, max: 2 },
      { name: 'centreY', type: 'fixed', fractionBits: 28, label: 'Centre, imaginary part', default: '0.131825904', min: -2, max: 2 },
      {
        name: 'span',
        type: 'fixed',
        fractionBits: 28,
        label: 'Width of the view',
        default: '0.005',
        min: 0.000001,
        max: 4,
        help: 'Extent of the picture along the real axis: 3 shows the whole set, smaller values zoom in.',
      },
      {
        name: 'iterations',
        type: 'u32',
        label: 'Most iterations',
        default: 1000,
        min: 1,
        max: 60_000,
        help: 'Points that have not escaped after so many steps are drawn black.',
      },
    ],
    input: { kind: 'none' },
    space: { from: 'parameters', axes: ['width', 'height'] },
    output: { element: 'u32', elementsPerItem: 1 },
    reduce: 'concat',
    compare: { rule: 'exact' },
    preview: 'image',
    fuelPerItem: 300,
  },
  source,
}
