/** Kernel source. Pixels are RGBA in one word, red lowest; alpha stays what it was. */
export const source = /* wgsl */ `
fn finish(sum: i32) -> u32 {
  return u32(clamp(sum / params.divisor + params.bias, 0, 255));
}

fn kernel(id: vec3<u32>) -> u32 {
  let side = 2u * params.radius + 1u;
  var start = (id.y - tile.origin.y) * tile.width + id.x - tile.origin.x;
  let alpha = input[start + params.radius * tile.width + params.radius] & 0xff000000u;
  var red = 0;
  var green = 0;
  var blue = 0;
  var weight = 0u;
  for (var line = 0u; line < side; line++) {
    for (var column = 0u; column < side; column++) {
      let pixel = input[start + column];
      let factor = params.weights[weight + column];
      red += i32(pixel & 255u) * factor;
      green += i32((pixel >> 8u) & 255u) * factor;
      blue += i32((pixel >> 16u) & 255u) * factor;
    }
    start += tile.width;
    weight += side;
  }
  return alpha | (finish(blue) << 16u) | (finish(green) << 8u) | finish(red);
}
`
