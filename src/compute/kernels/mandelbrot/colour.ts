/**
 * Colouring of the Mandelbrot kernels, in integers only: eight stops, blended by the iteration count with a fraction.
 * Numbers x, y and c are Q4.28.
 */
export const colour = /* wgsl */ `
const STOPS = array<vec3<u32>, 8>(
  vec3(6, 10, 38), vec3(18, 58, 110), vec3(46, 146, 164), vec3(214, 236, 208),
  vec3(250, 214, 120), vec3(230, 120, 50), vec3(140, 34, 68), vec3(44, 12, 62)
);
const INSIDE = 0xff000000u;
const FOUR_Q24 = 4 << 24;

// log2 of a positive number, Q16: exact at powers of two, within 0.01 between them.
fn log2_q16(value: u32) -> u32 {
  let exponent = firstLeadingBit(value);
  let mantissa = ((value << (31u - exponent)) & 0x7fffffffu) >> 15u;
  let bend = (((mantissa * (65536u - mantissa)) >> 16u) * 22713u) >> 16u;
  return (exponent << 16u) + mantissa + bend;
}

// Colour of a point that escaped: iteration count with a fraction, spread over the stops.
fn colour(round: u32, magnitude: u32) -> u32 {
  let fraction = log2_q16(max(log2_q16(max(magnitude, 4u)), 2u));
  let position = (round << 16u) + (24u << 16u) - fraction;
  let stop = position >> 19u;
  let blend = (position >> 11u) & 255u;
  let low = STOPS[stop & 7u];
  let high = STOPS[(stop + 1u) & 7u];
  let mixed = (low * (256u - blend) + high * blend) >> vec3(8u);
  return INSIDE | (mixed.z << 16u) | (mixed.y << 8u) | mixed.x;
}

// Colour of a point whose z = (x, y) lies outside the circle of radius 2 for the first time.
fn escaped(x: i32, y: i32, cx: i32, cy: i32, round: u32) -> u32 {
  // One more step with fewer bits behind the point makes the count of iterations nearly continuous.
  let u = x >> 8u;
  let v = y >> 8u;
  let re = multiplyFixed(u, u, 20u) - multiplyFixed(v, v, 20u) + (cx >> 8u);
  let im = multiplyFixed(u, v, 19u) + (cy >> 8u);
  return colour(round, u32(multiplyHigh(re, re) + multiplyHigh(im, im)));
}

// Twice the distance of a pixel from the middle of the picture as a share of its width, Q16.
fn offset_q16(pixel: u32, extent: u32) -> i32 {
  return ((i32(2u * pixel + 1u) - i32(extent)) << 16u) / i32(params.width);
}
`
