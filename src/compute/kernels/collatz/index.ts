import type { Kernel } from '../../../domain/kernel.ts'
import { source } from './source.ts'

/** What the elements of an output are. */
export const columns = ['Most steps', 'Number, lower word', 'Number, upper word']

/** The longest Collatz chain of a range: halve even numbers, triple odd ones and add one, until 1 is reached. */
export const collatz: Kernel = {
  manifest: {
    name: 'collatz',
    version: '1.0.0',
    title: 'Collatz chains',
    description:
      'Finds the number of a range that takes the most steps to reach 1 when even numbers are halved and odd ones tripled plus one. Numbers may grow to 128 bits.',
    licence: 'MIT',
    parameters: [
      { name: 'startLow', type: 'u32', label: 'First number', default: 1, min: 0, max: 0xffff_ffff },
      {
        name: 'startHigh',
        type: 'u32',
        label: 'First number, upper word',
        default: 0,
        min: 0,
        max: 0xffff_ffff,
        help: 'Times 4,294,967,296, for ranges beyond 32 bits.',
      },
      { name: 'count', type: 'u32', label: 'Numbers', default: 20_000_000, min: 1, max: 0xffff_ffff },
    ],
    input: { kind: 'none' },
    space: { from: 'parameters', axes: ['count'] },
    output: { element: 'u32', elementsPerItem: 3 },
    reduce: 'max',
    compare: { rule: 'exact' },
    preview: 'table',
    fuelPerItem: 60,
  },
  source,
}
