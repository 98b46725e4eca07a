import type { Kernel } from '../../../domain/kernel.ts'
import { source } from './source.ts'

/** What the elements of an output are. */
export const columns = ['Found', 'Number, lower word']

/** sha2-256 of "roomful", as eight big-endian words. */
const DEFAULT_DATA = [0x30152c1e, 0x0d93db1d, 0xfd5fdb61, 0x29c977f8, 0x7fcc4e4a, 0x922a688d, 0xb51404cf, 0xe1610029]

/** Search for a number whose double SHA-256 begins with zero bits. The first find ends the job. */
export const sha256: Kernel = {
  manifest: {
    name: 'sha256',
    version: '1.0.0',
    title: 'Hash search',
    description:
      'Looks for a number that, hashed twice with SHA-256 behind given data, gives a hash that begins with the wanted zero bits. The first find ends the job.',
    licence: 'MIT',
    parameters: [
      {
        name: 'data',
        type: 'u32',
        length: 8,
        label: 'Data',
        default: DEFAULT_DATA,
        min: 0,
        max: 0xffff_ffff,
        help: 'Eight big-endian words: 32 bytes, such as the hash of a text.',
      },
      {
        name: 'zeroBits',
        type: 'u32',
        label: 'Zero bits',
        unit: 'bit',
        default: 22,
        min: 1,
        max: 64,
        help: 'Each further bit doubles the expected work.',
      },
      { name: 'count', type: 'u32', label: 'Numbers to try', default: 67_108_864, min: 1, max: 0xffff_ffff },
      {
        name: 'nonceHigh',
        type: 'u32',
        label: 'Upper word of the number',
        default: 0,
        min: 0,
        max: 0xffff_ffff,
        help: 'Another value searches another 4 billion numbers.',
      },
    ],
    input: { kind: 'none' },
    space: { from: 'parameters', axes: ['count'] },
    output: { element: 'u32', elementsPerItem: 2 },
    reduce: 'first',
    compare: { rule: 'exact' },
    preview: 'table',
    fuelPerItem: 153,
  },
  source,
}
