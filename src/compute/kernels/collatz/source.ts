/** Kernel source. Numbers are four words, 128 bits, lowest first; a chain that grows beyond them counts as empty. */
export const source = /* wgsl */ `
fn kernel(id: vec3<u32>) -> vec3<u32> {
  let low = params.startLow + id.x;
  let high = params.startHigh + select(0u, 1u, low < params.startLow);
  let none = vec3(0u, low, high);
  if ((low | high) == 0u) {
    return none;
  }
  var v0 = low;
  var v1 = high;
  var v2 = 0u;
  var v3 = 0u;
  var steps = 0u;
  loop {
    // All halvings at once, at most 31 in a round.
    let halvings = min(countTrailingZeros(v0), 31u);
    if (halvings > 0u) {
      let up = 32u - halvings;
      v0 = (v0 >> halvings) | (v1 << up);
      v1 = (v1 >> halvings) | (v2 << up);
      v2 = (v2 >> halvings) | (v3 << up);
      v3 = v3 >> halvings;
      steps += halvings;
      if ((v0 & 1u) == 0u) {
        continue;
      }
    }
    if (v0 == 1u && (v1 | v2 | v3) == 0u) {
      return vec3(steps, low, high);
    }
    // 3v + 1
    let t0 = v0 * 3u + 1u;
    var carry = multiplyHigh(v0, 3u) + select(0u, 1u, t0 == 0u);
    v0 = t0;
    let t1 = v1 * 3u + carry;
    carry = multiplyHigh(v1, 3u) + select(0u, 1u, t1 < carry);
    v1 = t1;
    if ((v2 | v3 | carry) != 0u) {
      let t2 = v2 * 3u + carry;
      carry = multiplyHigh(v2, 3u) + select(0u, 1u, t2 < carry);
      v2 = t2;
      let t3 = v3 * 3u + carry;
      carry = multiplyHigh(v3, 3u) + select(0u, 1u, t3 < carry);
      v3 = t3;
      if (carry != 0u) {
        return none;
      }
    }
    steps += 1u;
  }
}
`
