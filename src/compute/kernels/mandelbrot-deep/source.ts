import { colour } from '../mandelbrot/colour.ts'

/**
 * Kernel source. Numbers are Q4.60 in two words, x the lower and y the upper one, in two's complement;
 * products are formed from magnitudes, so that they are cut towards zero.
 */
export const source = /* wgsl */ `
${colour}
fn add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let low = a.x + b.x;
  return vec2(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn negated(a: vec2<u32>) -> vec2<u32> {
  let low = 0u - a.x;
  return vec2(low, ~a.y + select(0u, 1u, low == 0u));
}

fn magnitude(a: vec2<u32>) -> vec2<u32> {
  return select(a, negated(a), (a.y >> 31u) == 1u);
}

// a * b >> 60 of two magnitudes: bits 60 to 123 of their product.
fn product(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let cross1 = a.x * b.y;
  let cross2 = a.y * b.x;
  let top = a.y * b.y;
  var p1 = multiplyHigh(a.x, b.x) + cross1;
  var carry = select(0u, 1u, p1 < cross1);
  p1 += cross2;
  carry += select(0u, 1u, p1 < cross2);
  var p2 = multiplyHigh(a.x, b.y) + carry;
  var p3 = multiplyHigh(a.y, b.y) + select(0u, 1u, p2 < carry);
  let high = multiplyHigh(a.y, b.x);
  p2 += high;
  p3 += select(0u, 1u, p2 < high);
  p2 += top;
  p3 += select(0u, 1u, p2 < top);
  return vec2((p1 >> 28u) | (p2 << 4u), (p2 >> 28u) | (p3 << 4u));
}

fn multiply(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let positive = product(magnitude(a), magnitude(b));
  return select(positive, negated(positive), ((a.y ^ b.y) >> 31u) == 1u);
}

// centre + offset * span >> 17
fn coordinate(centre: vec2<u32>, offset: i32, span: vec2<u32>) -> vec2<u32> {
  let factor = u32(abs(offset));
  let low = span.x * factor;
  let middle = span.y * factor + multiplyHigh(span.x, factor);
  let high = multiplyHigh(span.y, factor) + select(0u, 1u, middle < span.y * factor);
  let distance = vec2((low >> 17u) | (middle << 15u), (middle >> 17u) | (high << 15u));
  return add(centre, select(distance, negated(distance), offset < 0));
}

fn kernel(id: vec3<u32>) -> u32 {
  let span = vec2(params.span[0], params.span[1]);
  let cx = coordinate(vec2(params.centreX[0], params.centreX[1]), offset_q16(id.x, params.width), span);
  let cy = coordinate(vec2(params.centreY[0], params.centreY[1]), offset_q16(id.y, params.height), span);
  var x = cx;
  var y = cy;
  for (var round = 0u; round < params.iterations; round++) {
    // The upper words are the same numbers in Q4.28.
    let u = bitcast<i32>(x.y);
    let v = bitcast<i32>(y.y);
    if (multiplyHigh(u, u) + multiplyHigh(v, v) > FOUR_Q24) {
      return escaped(u, v, bitcast<i32>(cx.y), bitcast<i32>(cy.y), round);
    }
    let mx = magnitude(x);
    let my = magnitude(y);
    let next = add(add(product(mx, mx), negated(product(my, my))), cx);
    let xy = multiply(x, y);
    y = add(vec2(xy.x << 1u, (xy.y << 1u) | (xy.x >> 31u)), cy);
    x = next;
  }
  return INSIDE;
}
`
