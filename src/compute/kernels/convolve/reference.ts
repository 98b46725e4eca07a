/**
 * The kernel's definition in plain TypeScript, written apart from its WGSL, for tests only.
 * `image` is [height, width, 4] u8; so is the result.
 */
export function convolveReference(
  image: Uint8Array,
  width: number,
  height: number,
  { radius, weights, divisor, bias }: { radius: number; weights: number[]; divisor: number; bias: number },
): Uint8Array {
  const side = 2 * radius + 1
  const result = new Uint8Array(image.length)
  const inside = (value: number, extent: number) => Math.min(Math.max(value, 0), extent - 1)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0
        for (let j = 0; j < side; j++) {
          for (let i = 0; i < side; i++) {
            const from = (inside(y + j - radius, height) * width + inside(x + i - radius, width)) * 4
            sum += image[from + channel]! * weights[j * side + i]!
          }
        }
        result[at + channel] = Math.min(255, Math.max(0, Math.trunc((sum | 0) / divisor) + bias))
      }
      result[at + 3] = image[at + 3]!
    }
  }
  return result
}
