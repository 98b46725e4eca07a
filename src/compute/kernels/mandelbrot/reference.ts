/**
 * The kernel's definition in plain TypeScript on exact integers, written apart from its WGSL, for tests only.
 * Returns [height, width] u32, RGBA with red in the lowest byte.
 */
export function mandelbrotReference(view: {
  width: number
  height: number
  /** Centre and span, Q4.28. */
  centreX: number
  centreY: number
  span: number
  iterations: number
}): Uint32Array {
  const picture = new Uint32Array(view.width * view.height)
  for (let row = 0; row < view.height; row++) {
    for (let column = 0; column < view.width; column++) {
      const cx = wrap(BigInt(view.centreX) + offset(column, view.width, view))
      const cy = wrap(BigInt(view.centreY) + offset(row, view.height, view))
      picture[row * view.width + column] = pixel(cx, cy, view.iterations)
    }
  }
  return picture
}

const PALETTE = [
  [6, 10, 38],
  [18, 58, 110],
  [46, 146, 164],
  [214, 236, 208],
  [250, 214, 120],
  [230, 120, 50],
  [140, 34, 68],
  [44, 12, 62],
] as const

function wrap(value: bigint): bigint {
  return BigInt.asIntN(32, value)
}

function offset(index: number, extent: number, { width, span }: { width: number; span: number }): bigint {
  const quotient = (BigInt(2 * index + 1 - extent) << 16n) / BigInt(width)
  return wrap((quotient * BigInt(span)) >> 17n)
}

function pixel(centreX: bigint, centreY: bigint, iterations: number): number {
  const [cx, cy] = [Number(centreX), Number(centreY)]
  let [x, y] = [cx, cy]
  for (let round = 0; round < iterations; round++) {
    if (product(x, x, 32) + product(y, y, 32) > 4 * 2 ** 24) return shade(BigInt(x), BigInt(y), centreX, centreY, round)
    const next = ((product(x, x, 28) | 0) - (product(y, y, 28) | 0) + cx) | 0
    y = ((product(x, y, 27) | 0) + cy) | 0
    x = next
  }
  return 0xff00_0000
}

/** floor(a * b / 2 ** shift) of two i32, exactly: no step needs more than the 53 bits of a number. */
function product(a: number, b: number, shift: number): number {
  const high = (a >> 16) * b
  const low = (a & 0xffff) * b
  return Math.floor((high + Math.floor(low / 65_536)) / 2 ** (shift - 16))
}

/** Colour of a point that escaped to (x, y) in the given round; all Q4.28. */
export function shade(x: bigint, y: bigint, cx: bigint, cy: bigint, round: number): number {
  const [u, v] = [x >> 8n, y >> 8n]
  const re = wrap(((u * u) >> 20n) - ((v * v) >> 20n) + (cx >> 8n))
  const im = wrap(((u * v) >> 19n) + (cy >> 8n))
  const magnitude = Number(((re * re) >> 32n) + ((im * im) >> 32n))
  const inner = Math.max(binaryLogarithm(Math.max(magnitude, 4)), 2)
  const position = (round + 24) * 65_536 - binaryLogarithm(inner)
  const stop = Math.floor(position / 2 ** 19)
  const blend = Math.floor(position / 2 ** 11) % 256
  const low = PALETTE[stop % 8]!
  const high = PALETTE[(stop + 1) % 8]!
  const [red, green, blue] = low.map((value, channel) => Math.floor((value * (256 - blend) + high[channel]! * blend) / 256)) as [
    number,
    number,
    number,
  ]
  return 0xff00_0000 + blue * 65_536 + green * 256 + red
}

/** Q16, by a parabola between powers of two. */
function binaryLogarithm(value: number): number {
  const exponent = Math.floor(Math.log2(value))
  const mantissa = Math.floor((value / 2 ** exponent - 1) * 65_536)
  const bend = Math.floor((Math.floor((mantissa * (65_536 - mantissa)) / 65_536) * 22_713) / 65_536)
  return exponent * 65_536 + mantissa + bend
}
