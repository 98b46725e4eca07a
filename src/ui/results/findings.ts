import { kernelByCid, optionPrice } from '../../compute/kernels/index.ts'
import { parameterNumber } from '../../domain/parameters.ts'
import type { JobOutput } from '../../node/api.ts'
import { count } from '../view/format.ts'
import { rows } from './elements.ts'

/** One thing that a result says, in words. */
export interface Finding {
  name: string
  value: string
}

type Result = Pick<JobOutput, 'job' | 'kernel' | 'output'>

/**
 * What the chunks of a folded result say together. Empty for kernels that are not built in: their numbers stand for
 * themselves, and a stranger's kernel gets no name that it does not deserve.
 */
export function findings(result: Result): Finding[] {
  switch (kernelByCid(result.job.kernel)?.manifest.name) {
    case 'collatz':
      return longestChain(result)
    case 'sha256':
      return found(result)
    case 'montecarlo':
      return price(result)
    default:
      return []
  }
}

/** [chunks, 3] u32: steps, and the number that takes them, low word first. */
function longestChain({ kernel, output }: Result): Finding[] {
  const chunks = rows(kernel.manifest, output, 0, Infinity).map(({ values }) => values)
  const best = chunks.reduce<number[] | null>((most, values) => (most === null || values[0]! > most[0]! ? values : most), null)
  if (best === null || best[0] === 0) return []
  return [
    { name: 'Longest chain', value: `${count(best[0]!)} steps` },
    { name: 'Of the number', value: wide(best[2]!, best[1]!) },
  ]
}

/** [chunks, 2] u32: whether one was found, and the lower word of it. */
function found({ job, kernel, output }: Result): Finding[] {
  const hit = rows(kernel.manifest, output, 0, Infinity).find(({ values }) => values[0] !== 0)
  const value = hit === undefined ? 'none so far' : wide(parameterNumber(kernel.manifest, job.parameters, 'nonceHigh'), hit.values[1]!)
  return [{ name: 'Number found', value }]
}

function price({ job, kernel, output }: Result): Finding[] {
  const number = (name: string) => parameterNumber(kernel.manifest, job.parameters, name)
  const words = new Uint32Array(rows(kernel.manifest, output, 0, Infinity).flatMap(({ values }) => values))
  const summary = optionPrice(words, (1 + number('stepRate')) ** number('steps'))
  if (summary.paths === 0) return []
  return [
    { name: 'Price, × first price', value: summary.price.toFixed(6) },
    { name: 'Standard error', value: summary.standardError.toExponential(1) },
    { name: 'Paths', value: count(summary.paths) },
  ]
}

function wide(high: number, low: number): string {
  return new Intl.NumberFormat('en').format(BigInt(high) * 4_294_967_296n + BigInt(low))
}
