/** Side of the largest table. */
export const MAX_SIDE = 15

/** Parameters of `convolve` with a name that people know. */
export interface ConvolvePreset {
  name: string
  parameters: { radius: number; weights: number[]; divisor: number; bias: number }
}

/** The table line by line, filled up with zeros to the length that the kernel takes. */
export function convolveParameters(table: number[], divisor: number, bias = 0): ConvolvePreset['parameters'] {
  const side = Math.sqrt(table.length)
  if (!Number.isInteger(side) || side % 2 === 0 || side < 3 || side > MAX_SIDE) {
    throw new RangeError(`a table of ${table.length} weights is not possible: it must be 3 × 3, 5 × 5 … ${MAX_SIDE} × ${MAX_SIDE}`)
  }
  return {
    radius: (side - 1) / 2,
    weights: [...table, ...Array.from({ length: MAX_SIDE * MAX_SIDE - table.length }, () => 0)],
    divisor,
    bias,
  }
}

/** Outer product of a line of weights with itself, divided by its sum. */
function separable(line: number[]): ConvolvePreset['parameters'] {
  const table = line.flatMap((a) => line.map((b) => a * b))
  return convolveParameters(
    table,
    table.reduce((sum, weight) => sum + weight, 0),
  )
}

/** Row of Pascal's triangle: the integer likeness of a Gaussian. */
function binomial(length: number): number[] {
  return Array.from({ length }, (_, index) => index)
    .map((k) => Array.from({ length: k }, (_, i) => (length - 1 - i) / (i + 1)).reduce((product, factor) => product * factor, 1))
    .map(Math.round)
}

const EDGES = [-1, -1, -1, -1, 8, -1, -1, -1, -1]

export const convolvePresets: ConvolvePreset[] = [
  { name: 'Gaussian blur 5 × 5', parameters: separable(binomial(5)) },
  { name: 'Gaussian blur 9 × 9', parameters: separable(binomial(9)) },
  { name: 'Strong blur 15 × 15', parameters: separable([1, 2, 3, 4, 5, 6, 7, 8, 7, 6, 5, 4, 3, 2, 1]) },
  { name: 'Sharpen', parameters: convolveParameters([0, -1, 0, -1, 5, -1, 0, -1, 0], 1) },
  { name: 'Edges', parameters: convolveParameters(EDGES, 1) },
  { name: 'Emboss', parameters: convolveParameters([-2, -1, 0, -1, 0, 1, 0, 1, 2], 1, 128) },
]
