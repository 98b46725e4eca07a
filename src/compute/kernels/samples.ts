import type { ParameterValues } from '../../domain/kernel.ts'

/** A small run of a built-in kernel whose output is known: for tests, and for an engine to check itself by. */
export interface KernelSample {
  kernel: string
  parameters: ParameterValues
  /** Input in items, made by {@link sampleInput}; null for a kernel without input. */
  input: { width: number; height: number } | null
  /** Extent of a chunk. */
  chunk: [number, number, number]
  /** sha2-256 of the whole output, hexadecimal; null where results are only nearly equal. */
  sha256: string | null
  /** Fuel of all chunks together. */
  fuel: number
}

/** A picture of noise and gradients, [height, width, 4] u8, the same everywhere. */
export function sampleImage(width: number, height: number): Uint8Array {
  const image = new Uint8Array(width * height * 4)
  let state = 1
  for (let at = 0; at < image.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    image[at] = at % 4 === 3 ? 255 - (at % 7) : (state >>> 24) ^ (at >> 5)
  }
  return image
}

/** Small numbers between -1 and 1, [height, width] f32. */
export function sampleMatrices(height: number, width: number): Uint8Array {
  const bytes = sampleImage(width, height)
  return new Uint8Array(new Float32Array(width * height).map((_, index) => (bytes[index * 4]! - 128) / 128).buffer)
}

/** The input of a sample as its kernel takes it. */
export function sampleInput(sample: KernelSample): Uint8Array | null {
  if (sample.input === null) return null
  const { width, height } = sample.input
  return sample.kernel === 'matmul' ? sampleMatrices(height, width) : sampleImage(width, height)
}

export const kernelSamples: KernelSample[] = [
  {
    kernel: 'mandelbrot',
    parameters: { width: 133, height: 77, centreX: '-0.5', centreY: '0', span: '3', iterations: 300 },
    input: null,
    chunk: [32, 24, 1],
    sha256: '04147117de3162e1f8a1e6cfae2b00aa4dbfb51950307a37411e23e3c1159f1f',
    fuel: 969_238,
  },
  {
    kernel: 'convolve',
    parameters: {},
    input: { width: 133, height: 77 },
    chunk: [32, 24, 1],
    sha256: 'a0055d625b1755a55287a4b5cc6ecca32970e23b5a8a2616d4c6305532507d15',
    fuel: 317_471,
  },
  {
    kernel: 'sha256',
    parameters: { zeroBits: 10, count: 3000 },
    input: null,
    chunk: [512, 1, 1],
    sha256: '0de67a140ae44defbdcf1095791168fa06dccae6998d5654ea3e911cb9ae0151',
    fuel: 459_000,
  },
  {
    kernel: 'montecarlo',
    parameters: { items: 100, steps: 20, stepVolatility: '0.05' },
    input: null,
    chunk: [30, 1, 1],
    sha256: '93dfc44da4e98d02461159e96997a6e51c74b29eef3a69ce320f40a269493a41',
    fuel: 33_700,
  },
  {
    kernel: 'collatz',
    parameters: { startLow: 0xffff_ff00, startHigh: 7, count: 700 },
    input: null,
    chunk: [256, 1, 1],
    sha256: '39b213f38dea042bfcdf2694ed0389739c9f6fdba0e3d8b58c41616f44212d54',
    fuel: 71_807,
  },
  {
    kernel: 'mandelbrot-deep',
    parameters: { width: 40, height: 30, iterations: 1500 },
    input: null,
    chunk: [16, 16, 1],
    sha256: 'd50102abdaf21e0591fcb16f067dd82e194d458fe10a3bb6c4a640e7f8b74c74',
    fuel: 1_380_950,
  },
  {
    kernel: 'matmul',
    parameters: {},
    input: { width: 37, height: 48 },
    chunk: [8, 8, 1],
    sha256: null,
    fuel: 24 * 24 * 38,
  },
]
