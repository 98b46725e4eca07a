/** Sums of a range of items, as the kernel defines them, on exact integers. For tests only. */
export function montecarloReference(
  first: number,
  count: number,
  p: { steps: number; strike: number; stepRate: number; stepVolatility: number; kind: number; seed: number },
): number[] {
  const sums = [0, 0, 0, 0, 0, 0]
  for (let item = first; item < first + count; item++) {
    let [sum, squares] = [0n, 0n]
    for (let path = 0; path < 16; path++) {
      const value = BigInt(payoff(item * 16 + path, p)) >> 8n
      sum += value
      squares += (value >> 4n) ** 2n
    }
    const digits = [sum & 0xffffn, sum >> 16n, squares & 0xffffn, (squares >> 16n) & 0xffffn, squares >> 32n, 16n]
    digits.forEach((digit, index) => (sums[index] = sums[index]! + Number(digit)))
  }
  return sums
}

function random(counter: number): number {
  let word = Math.imul(counter ^ (counter >>> 16), 0x7feb352d)
  word = Math.imul(word ^ (word >>> 15), 0x846ca68b)
  return (word ^ (word >>> 16)) >>> 0
}

function fixed(a: number, b: number, bits: bigint): number {
  return Number(BigInt.asIntN(32, (BigInt(a) * BigInt(b)) >> bits))
}

function payoff(path: number, p: Parameters<typeof montecarloReference>[2]): number {
  let [price, total] = [2 ** 24, 0]
  let counter = random((p.seed ^ random(path)) >>> 0)
  for (let step = 0; step < p.steps; step++) {
    const word = random(counter)
    const sum = [0, 8, 16, 24].reduce((all, shift) => all + ((word >>> shift) & 255), 0)
    const shock = fixed(p.stepVolatility, (sum - 510) * 443, 16n)
    price = (price + fixed(price, (p.stepRate + shock) | 0, 28n)) | 0
    total = (total + Math.trunc(price / p.steps)) | 0
    counter = (counter + 1) >>> 0
  }
  return Math.max(((p.kind === 1 ? total : price) - p.strike) | 0, 0)
}
