/**
 * Kernel source. One item is sixteen paths of a price by Euler steps of geometric Brownian motion, in fixed point:
 * prices relative to the first one in Q8.24, rates and volatilities of one step in Q28.
 * Random numbers: a counter that no other step of the path shares, mixed by the "lowbias32" integer hash
 * (C. Wellons, "Prospecting for Hash Functions", 2018).
 */
export const source = /* wgsl */ `
const PATHS_PER_ITEM = 16u;
const ONE = 1 << 24;

fn random(counter: u32) -> u32 {
  var word = (counter ^ (counter >> 16u)) * 0x7feb352du;
  word = (word ^ (word >> 15u)) * 0x846ca68bu;
  return word ^ (word >> 16u);
}

// Sum of four uniform bytes, centred and scaled to variance 1, Q16: near enough to normal over many steps.
fn normal_q16(word: u32) -> i32 {
  let sum = (word & 255u) + ((word >> 8u) & 255u) + ((word >> 16u) & 255u) + (word >> 24u);
  return (i32(sum) - 510) * 443;
}

fn payoff(path: u32) -> i32 {
  var price = ONE;
  var total = 0;
  var counter = random(params.seed ^ random(path));
  for (var step = 0u; step < params.steps; step++) {
    let shock = multiplyFixed(params.stepVolatility, normal_q16(random(counter)), 16u);
    price += multiplyFixed(price, params.stepRate + shock, 28u);
    if (params.kind == 1u) {
      total += price / i32(params.steps);
    }
    counter += 1u;
  }
  return max(select(price, total, params.kind == 1u) - params.strike, 0);
}

// Sums in digits of 16 bits, so that those of 65,536 items can be added in 32 bits without a carry:
// payoffs in Q16 (two digits), their squares in Q24 (three digits), paths.
fn kernel(id: vec3<u32>) -> array<u32, 6> {
  var sum = 0u;
  var squareLow = 0u;
  var squareHigh = 0u;
  for (var path = 0u; path < PATHS_PER_ITEM; path++) {
    let value = u32(payoff(id.x * PATHS_PER_ITEM + path)) >> 8u;
    sum += value;
    let coarse = value >> 4u;
    let square = coarse * coarse;
    squareLow += square;
    squareHigh += multiplyHigh(coarse, coarse) + select(0u, 1u, squareLow < square);
  }
  return array<u32, 6>(sum & 0xffffu, sum >> 16u, squareLow & 0xffffu, squareLow >> 16u, squareHigh, PATHS_PER_ITEM);
}
`
