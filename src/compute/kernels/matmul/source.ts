/** Kernel source. The tile holds lines of the first matrix, then as many of the second one, transposed. */
export const source = /* wgsl */ `
fn kernel(id: vec3<u32>) -> f32 {
  let a = (id.y - tile.origin.y) * tile.width;
  let b = (tile.height + id.x - tile.origin.x) * tile.width;
  var sum = 0.0;
  for (var k = 0u; k < tile.width; k++) {
    sum += bitcast<f32>(input[a + k]) * bitcast<f32>(input[b + k]);
  }
  return sum;
}
`
