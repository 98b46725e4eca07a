import type { Kernel } from '../../../domain/kernel.ts'
import { mandelbrot } from '../mandelbrot/index.ts'
import { source } from './source.ts'

const { parameters } = mandelbrot.manifest
const named = (name: string) => parameters.find((parameter) => parameter.name === name)!

/** The Mandelbrot set in Q4.60: a million times deeper than with 32 bits. */
export const mandelbrotDeep: Kernel = {
  manifest: {
    ...mandelbrot.manifest,
    name: 'mandelbrot-deep',
    title: 'Mandelbrot set, deep zoom',
    description: 'Like the Mandelbrot set, with 64-bit fixed-point numbers: views down to 0.000000000001 wide stay sharp.',
    parameters: [
      named('width'),
      named('height'),
      { ...named('centreX'), fractionBits: 60, default: '-0.743643887037158704' },
      { ...named('centreY'), fractionBits: 60, default: '0.131825904205311970' },
      { ...named('span'), fractionBits: 60, default: '0.0000000002', min: 1e-15 },
      { ...named('iterations'), default: 4000 },
    ],
    fuelPerItem: 4000,
  },
  source,
}
