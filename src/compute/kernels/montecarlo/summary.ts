/** What a simulation found, in units of the first price, discounted. */
export interface OptionPrice {
  price: number
  /** One standard deviation of the price. */
  standardError: number
  paths: number
}

/**
 * Price out of the outputs of all chunks, [chunks, 6] u32: digits of the sum of payoffs, of the sum of their squares,
 * and paths. `growth` is what one unit of money becomes until the option's end: (1 + interest of one step) ^ steps.
 */
export function optionPrice(output: Uint32Array, growth: number): OptionPrice {
  let [sum, squares, paths] = [0, 0, 0]
  for (let at = 0; at + 6 <= output.length; at += 6) {
    sum += output[at]! + output[at + 1]! * 2 ** 16
    squares += output[at + 2]! + output[at + 3]! * 2 ** 16 + output[at + 4]! * 2 ** 32
    paths += output[at + 5]!
  }
  const mean = sum / paths / 2 ** 16
  const variance = Math.max(0, squares / paths / 2 ** 24 - mean ** 2)
  return { price: mean / growth, standardError: Math.sqrt(variance / paths) / growth, paths }
}
