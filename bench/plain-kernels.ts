/**
 * The benchmarked algorithms in plain JavaScript, as somebody would who writes for speed: typed arrays, Math.imul,
 * 32-bit integers by |0 and >>>0, and products beyond 32 bits from two halves. All write their result to `out`.
 */

/** High word of the 64-bit product of two i32. */
function high(a: number, b: number): number {
  const ah = a >> 16
  const al = a & 0xffff
  const bh = b >> 16
  const bl = b & 0xffff
  const middle = Math.imul(ah, bl) + (Math.imul(al, bl) >>> 16)
  const cross = Math.imul(al, bh) + (middle & 0xffff)
  return (Math.imul(ah, bh) + (middle >> 16) + (cross >> 16)) | 0
}

function fixed(a: number, b: number, bits: number): number {
  return (high(a, b) << (32 - bits)) | (Math.imul(a, b) >>> bits)
}

const STOPS = new Uint8Array([6, 10, 38, 18, 58, 110, 46, 146, 164, 214, 236, 208, 250, 214, 120, 230, 120, 50, 140, 34, 68, 44, 12, 62])

function log2(value: number): number {
  const exponent = 31 - Math.clz32(value)
  const mantissa = ((value << (31 - exponent)) & 0x7fff_ffff) >>> 15
  const bend = ((((mantissa * (65_536 - mantissa)) >>> 16) * 22_713) >>> 0) >>> 16
  return ((exponent << 16) + mantissa + bend) | 0
}

function colour(round: number, magnitude: number): number {
  const fraction = log2(Math.max(log2(Math.max(magnitude, 4)), 2))
  const position = (round << 16) + (24 << 16) - fraction
  const low = ((position >>> 19) & 7) * 3
  const up = (((position >>> 19) + 1) & 7) * 3
  const blend = (position >>> 11) & 255
  const mix = (channel: number): number => (STOPS[low + channel]! * (256 - blend) + STOPS[up + channel]! * blend) >>> 8
  return (0xff00_0000 | (mix(2) << 16) | (mix(1) << 8) | mix(0)) >>> 0
}

export function mandelbrot(
  width: number,
  height: number,
  centreX: number,
  centreY: number,
  span: number,
  iterations: number,
  out: Uint32Array,
): void {
  for (let py = 0, at = 0; py < height; py++) {
    const cy = (centreY + fixed((((2 * py + 1 - height) << 16) / width) | 0, span, 17)) | 0
    for (let px = 0; px < width; px++, at++) {
      const cx = (centreX + fixed((((2 * px + 1 - width) << 16) / width) | 0, span, 17)) | 0
      let x = cx
      let y = cy
      let result = 0xff00_0000
      for (let round = 0; round < iterations; round++) {
        const xx = high(x, x)
        const yy = high(y, y)
        if (xx + yy > 4 << 24) {
          const u = x >> 8
          const v = y >> 8
          const re = (fixed(u, u, 20) - fixed(v, v, 20) + (cx >> 8)) | 0
          const im = (fixed(u, v, 19) + (cy >> 8)) | 0
          result = colour(round, (high(re, re) + high(im, im)) >>> 0)
          break
        }
        const next = (((xx << 4) | (Math.imul(x, x) >>> 28)) - ((yy << 4) | (Math.imul(y, y) >>> 28)) + cx) | 0
        y = (fixed(x, y, 27) + cy) | 0
        x = next
      }
      out[at] = result
    }
  }
}

export function convolve(
  width: number,
  height: number,
  radius: number,
  divisor: number,
  bias: number,
  weights: Int32Array,
  input: Uint32Array,
  out: Uint32Array,
): void {
  const side = 2 * radius + 1
  const line = width + 2 * radius
  const finish = (sum: number): number => Math.min(Math.max(((sum / divisor) | 0) + bias, 0), 255)
  for (let py = 0; py < height; py++) {
    for (let px = 0; px < width; px++) {
      let red = 0
      let green = 0
      let blue = 0
      for (let j = 0, weight = 0; j < side; j++) {
        const from = (py + j) * line + px
        for (let i = 0; i < side; i++, weight++) {
          const pixel = input[from + i]!
          const factor = weights[weight]!
          red = (red + Math.imul(pixel & 255, factor)) | 0
          green = (green + Math.imul((pixel >>> 8) & 255, factor)) | 0
          blue = (blue + Math.imul((pixel >>> 16) & 255, factor)) | 0
        }
      }
      const alpha = input[(py + radius) * line + px + radius]! & 0xff00_0000
      out[py * width + px] = (alpha | (finish(blue) << 16) | (finish(green) << 8) | finish(red)) >>> 0
    }
  }
}

function random(counter: number): number {
  let word = Math.imul(counter ^ (counter >>> 16), 0x7feb352d)
  word = Math.imul(word ^ (word >>> 15), 0x846ca68b)
  return word ^ (word >>> 16)
}

export function montecarlo(
  items: number,
  steps: number,
  strike: number,
  rate: number,
  volatility: number,
  kind: number,
  seed: number,
  out: Uint32Array,
): void {
  out.fill(0)
  for (let item = 0; item < items; item++) {
    let sum = 0
    let squares = 0
    for (let path = 0; path < 16; path++) {
      let price = 1 << 24
      let total = 0
      let counter = random(seed ^ random(item * 16 + path))
      for (let step = 0; step < steps; step++) {
        const word = random(counter)
        const uniform = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24)
        const shock = fixed(volatility, Math.imul(uniform - 510, 443), 16)
        price = (price + fixed(price, (rate + shock) | 0, 28)) | 0
        if (kind === 1) total = (total + ((price / steps) | 0)) | 0
        counter = (counter + 1) | 0
      }
      const value = Math.max(((kind === 1 ? total : price) - strike) | 0, 0) >>> 8
      sum += value
      squares += (value >>> 4) ** 2
    }
    const upper = Math.floor(squares / 65_536)
    out[0]! += sum & 0xffff
    out[1]! += sum >>> 16
    out[2]! += squares % 65_536
    out[3]! += upper % 65_536
    out[4]! += Math.floor(upper / 65_536)
    out[5]! += 16
  }
}

const START = new Uint32Array([0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19])
const W = new Int32Array(64)
const H = new Int32Array(8)

function compress(constants: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const w15 = W[i - 15]!
    const w2 = W[i - 2]!
    const s0 = ((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14)) ^ (w15 >>> 3)
    const s1 = ((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13)) ^ (w2 >>> 10)
    W[i] = (W[i - 16]! + s0 + W[i - 7]! + s1) | 0
  }
  let a = START[0]! | 0,
    b = START[1]! | 0,
    c = START[2]! | 0,
    d = START[3]! | 0
  let e = START[4]! | 0,
    f = START[5]! | 0,
    g = START[6]! | 0,
    h = START[7]! | 0
  for (let i = 0; i < 64; i++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + sum1 + (g ^ (e & (f ^ g))) + constants[i]! + W[i]!) | 0
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (sum0 + ((a & b) ^ (c & (a ^ b)))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  H[0] = START[0]! + a
  H[1] = START[1]! + b
  H[2] = START[2]! + c
  H[3] = START[3]! + d
  H[4] = START[4]! + e
  H[5] = START[5]! + f
  H[6] = START[6]! + g
  H[7] = START[7]! + h
}

export function sha256(
  first: number,
  count: number,
  zeroBits: number,
  nonceHigh: number,
  data: Uint32Array,
  constants: Int32Array,
  out: Uint32Array,
): void {
  out.fill(0)
  for (let nonce = first; nonce < first + count; nonce++) {
    for (let i = 0; i < 8; i++) W[i] = data[i]!
    W.fill(0, 8, 16)
    W[8] = nonce
    W[9] = nonceHigh
    W[10] = 0x80000000 | 0
    W[15] = 320
    compress(constants)
    for (let i = 0; i < 8; i++) W[i] = H[i]!
    W.fill(0, 8, 16)
    W[8] = 0x80000000 | 0
    W[15] = 256
    compress(constants)
    const zeros = H[0] === 0 ? 32 + Math.clz32(H[1]!) : Math.clz32(H[0]!)
    if (zeros >= zeroBits && out[0] === 0) {
      out[0] = 1
      out[1] = nonce
    }
  }
}
