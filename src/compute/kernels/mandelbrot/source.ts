import { colour } from './colour.ts'

/** Kernel source. Numbers z = x + iy are Q4.28: i32 with 28 bits behind the point, so that |x| < 8. */
export const source = /* wgsl */ `
${colour}
fn kernel(id: vec3<u32>) -> u32 {
  let cx = params.centreX + multiplyFixed(offset_q16(id.x, params.width), params.span, 17u);
  let cy = params.centreY + multiplyFixed(offset_q16(id.y, params.height), params.span, 17u);
  var x = cx;
  var y = cy;
  for (var round = 0u; round < params.iterations; round++) {
    if (multiplyHigh(x, x) + multiplyHigh(y, y) > FOUR_Q24) {
      return escaped(x, y, cx, cy, round);
    }
    let next = multiplyFixed(x, x, 28u) - multiplyFixed(y, y, 28u) + cx;
    y = multiplyFixed(x, y, 27u) + cy;
    x = next;
  }
  return INSIDE;
}
`
