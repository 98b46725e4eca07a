/** [steps, low word, high word] of the longest chain of a range; of equal ones the lowest number's. For tests only. */
export function collatzReference(start: bigint, count: number): number[] {
  let best: number[] | null = null
  for (let n = start; n < start + BigInt(count); n++) {
    const steps = n === 0n ? 0 : chain(n)
    if (best === null || steps > best[0]!) best = [steps, Number(n & 0xffff_ffffn), Number(n >> 32n)]
  }
  return best!
}

function chain(start: bigint): number {
  let steps = 0
  for (let n = start; n !== 1n; steps++) n = n % 2n === 0n ? n / 2n : 3n * n + 1n
  return steps
}
