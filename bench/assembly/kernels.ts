// The benchmarked algorithms written by hand in AssemblyScript, with its 64-bit integers and raw memory,
// as somebody would who writes for speed. `out`, `input` and `weights` are addresses in bytes.

@inline function fixed(a: i32, b: i32, bits: i64): i32 { return <i32>((<i64>a * <i64>b) >> bits); }
@inline function high(a: i32, b: i32): i32 { return <i32>((<i64>a * <i64>b) >> 32); }

@inline function log2q16(value: u32): u32 {
  const exponent: u32 = 31 - clz(value);
  const mantissa: u32 = ((value << (31 - exponent)) & 0x7fffffff) >> 15;
  const bend: u32 = (((mantissa * (65536 - mantissa)) >> 16) * 22713) >> 16;
  return (exponent << 16) + mantissa + bend;
}

const STOPS = memory.data<u32>([
  6, 10, 38, 18, 58, 110, 46, 146, 164, 214, 236, 208, 250, 214, 120, 230, 120, 50, 140, 34, 68, 44, 12, 62,
]);

function colour(round: u32, magnitude: u32): u32 {
  const fraction = log2q16(max<u32>(log2q16(max<u32>(magnitude, 4)), 2));
  const position: u32 = (round << 16) + (24 << 16) - fraction;
  const stop = position >> 19;
  const blend = (position >> 11) & 255;
  const low = STOPS + <usize>((stop & 7) * 12);
  const up = STOPS + <usize>(((stop + 1) & 7) * 12);
  const red = (load<u32>(low) * (256 - blend) + load<u32>(up) * blend) >> 8;
  const green = (load<u32>(low, 4) * (256 - blend) + load<u32>(up, 4) * blend) >> 8;
  const blue = (load<u32>(low, 8) * (256 - blend) + load<u32>(up, 8) * blend) >> 8;
  return 0xff000000 | (blue << 16) | (green << 8) | red;
}

function point(cx: i32, cy: i32, iterations: u32): u32 {
  let x = cx, y = cy;
  for (let round: u32 = 0; round < iterations; round++) {
    const xx = <i64>x * <i64>x;
    const yy = <i64>y * <i64>y;
    if (<i32>(xx >> 32) + <i32>(yy >> 32) > 4 << 24) {
      const u = x >> 8, v = y >> 8;
      const re = fixed(u, u, 20) - fixed(v, v, 20) + (cx >> 8);
      const im = fixed(u, v, 19) + (cy >> 8);
      return colour(round, <u32>(high(re, re) + high(im, im)));
    }
    const next = <i32>(xx >> 28) - <i32>(yy >> 28) + cx;
    y = fixed(x, y, 27) + cy;
    x = next;
  }
  return 0xff000000;
}

export function mandelbrot(width: i32, height: i32, centreX: i32, centreY: i32, span: i32, iterations: u32, out: usize): void {
  for (let py = 0; py < height; py++) {
    const cy = centreY + fixed(((2 * py + 1 - height) << 16) / width, span, 17);
    for (let px = 0; px < width; px++) {
      const cx = centreX + fixed(((2 * px + 1 - width) << 16) / width, span, 17);
      store<u32>(out, point(cx, cy, iterations));
      out += 4;
    }
  }
}

@inline function finish(sum: i32, divisor: i32, bias: i32): u32 {
  return <u32>min<i32>(max<i32>(sum / divisor + bias, 0), 255);
}

export function convolve(width: i32, height: i32, radius: i32, divisor: i32, bias: i32, weights: usize, input: usize, out: usize): void {
  const side = 2 * radius + 1;
  const line = width + 2 * radius;
  for (let py = 0; py < height; py++) {
    for (let px = 0; px < width; px++) {
      let red = 0, green = 0, blue = 0;
      let weight = weights;
      let row = input + <usize>((py * line + px) << 2);
      for (let j = 0; j < side; j++) {
        let at = row;
        for (let i = 0; i < side; i++) {
          const pixel = load<u32>(at);
          const factor = load<i32>(weight);
          red += <i32>(pixel & 255) * factor;
          green += <i32>((pixel >> 8) & 255) * factor;
          blue += <i32>((pixel >> 16) & 255) * factor;
          at += 4;
          weight += 4;
        }
        row += <usize>(line << 2);
      }
      const alpha = load<u32>(input + <usize>(((py + radius) * line + px + radius) << 2)) & 0xff000000;
      store<u32>(out, alpha | (finish(blue, divisor, bias) << 16) | (finish(green, divisor, bias) << 8) | finish(red, divisor, bias));
      out += 4;
    }
  }
}

@inline function random(counter: u32): u32 {
  let word = (counter ^ (counter >> 16)) * 0x7feb352d;
  word = (word ^ (word >> 15)) * 0x846ca68b;
  return word ^ (word >> 16);
}

function payoff(path: u32, steps: u32, strike: i32, rate: i32, volatility: i32, kind: u32, seed: u32): i32 {
  let price = 1 << 24, total = 0;
  let counter = random(seed ^ random(path));
  for (let step: u32 = 0; step < steps; step++) {
    const word = random(counter);
    const sum = (word & 255) + ((word >> 8) & 255) + ((word >> 16) & 255) + (word >> 24);
    const shock = fixed(volatility, (<i32>sum - 510) * 443, 16);
    price += fixed(price, rate + shock, 28);
    if (kind == 1) total += price / <i32>steps;
    counter++;
  }
  return max<i32>((kind == 1 ? total : price) - strike, 0);
}

export function montecarlo(items: u32, steps: u32, strike: i32, rate: i32, volatility: i32, kind: u32, seed: u32, out: usize): void {
  let a: u32 = 0, b: u32 = 0, c: u32 = 0, d: u32 = 0, e: u32 = 0;
  for (let item: u32 = 0; item < items; item++) {
    let sum: u32 = 0;
    let squares: u64 = 0;
    for (let path: u32 = 0; path < 16; path++) {
      const value = <u32>payoff(item * 16 + path, steps, strike, rate, volatility, kind, seed) >> 8;
      sum += value;
      squares += <u64>(value >> 4) * <u64>(value >> 4);
    }
    a += sum & 0xffff; b += sum >> 16;
    c += <u32>squares & 0xffff; d += <u32>(squares >> 16) & 0xffff; e += <u32>(squares >> 32);
  }
  store<u32>(out, a); store<u32>(out, b, 4); store<u32>(out, c, 8); store<u32>(out, d, 12); store<u32>(out, e, 16);
  store<u32>(out, items * 16, 20);
}

const K = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const W = memory.data(256);
const H = memory.data(32);

function compress(): void {
  for (let i = 16; i < 64; i++) {
    const at = W + <usize>(i << 2);
    const w15 = load<u32>(at - 60), w2 = load<u32>(at - 8);
    const s0 = rotr(w15, 7) ^ rotr(w15, 18) ^ (w15 >> 3);
    const s1 = rotr(w2, 17) ^ rotr(w2, 19) ^ (w2 >> 10);
    store<u32>(at, load<u32>(at - 64) + s0 + load<u32>(at - 28) + s1);
  }
  let a: u32 = 0x6a09e667, b: u32 = 0xbb67ae85, c: u32 = 0x3c6ef372, d: u32 = 0xa54ff53a;
  let e: u32 = 0x510e527f, f: u32 = 0x9b05688c, g: u32 = 0x1f83d9ab, h: u32 = 0x5be0cd19;
  for (let i = 0; i < 64; i++) {
    const t1 = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) + load<u32>(K + <usize>(i << 2)) + load<u32>(W + <usize>(i << 2));
    const t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (c & (a ^ b)));
    h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
  }
  store<u32>(H, 0x6a09e667 + a); store<u32>(H, 0xbb67ae85 + b, 4); store<u32>(H, 0x3c6ef372 + c, 8); store<u32>(H, 0xa54ff53a + d, 12);
  store<u32>(H, 0x510e527f + e, 16); store<u32>(H, 0x9b05688c + f, 20); store<u32>(H, 0x1f83d9ab + g, 24); store<u32>(H, 0x5be0cd19 + h, 28);
}

export function sha256(first: u32, count: u32, zeroBits: u32, nonceHigh: u32, data: usize, out: usize): void {
  store<u64>(out, 0);
  for (let nonce = first; nonce < first + count; nonce++) {
    memory.copy(W, data, 32);
    memory.fill(W + 32, 0, 32);
    store<u32>(W, nonce, 32); store<u32>(W, nonceHigh, 36); store<u32>(W, 0x80000000, 40); store<u32>(W, 320, 60);
    compress();
    memory.copy(W, H, 32);
    memory.fill(W + 32, 0, 32);
    store<u32>(W, 0x80000000, 32); store<u32>(W, 256, 60);
    compress();
    const top = load<u32>(H), second = load<u32>(H, 4);
    const zeros: u32 = top == 0 ? 32 + clz(second) : clz(top);
    if (zeros >= zeroBits && load<u32>(out) == 0) { store<u32>(out, 1); store<u32>(out, nonce, 4); }
  }
}
