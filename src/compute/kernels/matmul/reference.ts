/** Product in double precision, [n, n]: `stream` is [2n, k] f32, the second matrix transposed. For tests only. */
export function matmulReference(stream: Float32Array, n: number, k: number): Float64Array {
  const product = new Float64Array(n * n)
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      for (let i = 0; i < k; i++) product[y * n + x]! += stream[y * k + i]! * stream[(n + x) * k + i]!
    }
  }
  return product
}
