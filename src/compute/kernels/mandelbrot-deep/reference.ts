import { shade } from '../mandelbrot/reference.ts'

/** The kernel's definition on exact integers, for tests only. Centre and span are Q4.60. Returns [height, width] u32. */
export function mandelbrotDeepReference(view: {
  width: number
  height: number
  centreX: bigint
  centreY: bigint
  span: bigint
  iterations: number
}): Uint32Array {
  const picture = new Uint32Array(view.width * view.height)
  const coordinate = (centre: bigint, index: number, extent: number): bigint => {
    const share = (BigInt(2 * index + 1 - extent) << 16n) / BigInt(view.width)
    const distance = ((share < 0n ? -share : share) * view.span) >> 17n
    return BigInt.asIntN(64, centre + (share < 0n ? -distance : distance))
  }
  for (let row = 0; row < view.height; row++) {
    for (let column = 0; column < view.width; column++) {
      const cx = coordinate(view.centreX, column, view.width)
      const cy = coordinate(view.centreY, row, view.height)
      picture[row * view.width + column] = pixel(cx, cy, view.iterations)
    }
  }
  return picture
}

/** BigInt division cuts towards zero, as the kernel does. */
function product(a: bigint, b: bigint): bigint {
  return BigInt.asIntN(64, (a * b) / (1n << 60n))
}

function pixel(cx: bigint, cy: bigint, iterations: number): number {
  let [x, y] = [cx, cy]
  for (let round = 0; round < iterations; round++) {
    const [u, v] = [x >> 32n, y >> 32n]
    if (((u * u) >> 32n) + ((v * v) >> 32n) > 4n << 24n) return shade(u, v, cx >> 32n, cy >> 32n, round)
    const next = BigInt.asIntN(64, product(x, x) - product(y, y) + cx)
    y = BigInt.asIntN(64, 2n * product(x, y) + cy)
    x = next
  }
  return 0xff00_0000
}
