import type { Kernel } from '../../../domain/kernel.ts'
import { source } from './source.ts'

/** What the elements of an output are: sums, those beyond 32 bits by digits of 16, the lowest first. */
export const columns = ['Payoffs, digit 1', 'Payoffs, digit 2', 'Squares, digit 1', 'Squares, digit 2', 'Squares, digit 3', 'Paths']

/** Price of an option by simulation, with its standard error; see `summary.ts` for what the sums mean. */
export const montecarlo: Kernel = {
  manifest: {
    name: 'montecarlo',
    version: '1.0.0',
    title: 'Option price',
    description:
      'Prices a European or Asian call option by simulating paths of the share price. Integer arithmetic gives the same sums on every processor.',
    licence: 'MIT',
    parameters: [
      { name: 'items', type: 'u32', label: 'Paths', unit: '× 16', default: 2_000_000, min: 1, max: 200_000_000 },
      { name: 'steps', type: 'u32', label: 'Steps of a path', default: 64, min: 1, max: 2048 },
      { name: 'strike', type: 'fixed', fractionBits: 24, label: 'Strike price', unit: '× first price', default: '1', min: 0.01, max: 10 },
      {
        name: 'stepRate',
        type: 'fixed',
        fractionBits: 28,
        label: 'Interest of one step',
        default: '0.00078125',
        min: -0.1,
        max: 0.1,
        help: 'Yearly rate × years ÷ steps: 5% over one year in 64 steps is 0.00078125.',
      },
      {
        name: 'stepVolatility',
        type: 'fixed',
        fractionBits: 28,
        label: 'Volatility of one step',
        default: '0.025',
        min: 0,
        max: 0.3,
        help: 'Yearly volatility × √(years ÷ steps): 20% over one year in 64 steps is 0.025.',
      },
      {
        name: 'kind',
        type: 'u32',
        label: 'Option',
        default: 0,
        min: 0,
        max: 1,
        choices: { 'European call': 0, 'Asian call (average price)': 1 },
      },
      { name: 'seed', type: 'u32', label: 'Seed', default: 1, min: 0, max: 0xffff_ffff },
    ],
    input: { kind: 'none' },
    space: { from: 'parameters', axes: ['items'] },
    output: { element: 'u32', elementsPerItem: 6 },
    maxChunkItems: 65_536,
    reduce: 'sum',
    compare: { rule: 'exact' },
    preview: 'table',
    fuelPerItem: 1040,
  },
  source,
}
