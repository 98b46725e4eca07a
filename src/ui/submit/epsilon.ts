import { checkingCost, checkingFor } from '../../domain/assurance.ts'
import { count } from '../view/format.ts'

/** "1 in 100: about 10% more work", short enough for the field of a phone. */
export function epsilonLabel(epsilon: number): string {
  return `1 in ${count(Math.round(1 / epsilon))}: about ${price(epsilon, Infinity)} more work`
}

/** What it means to accept so few wrong chunks, and what it costs among those who are not known yet. */
export function epsilonHelp(epsilon: number): string {
  const [known, strangers] = [price(epsilon, Infinity), price(epsilon, 0)]
  return (
    'Fewer means that more is computed twice. Of whoever is not known yet, the first chunks are all computed twice' +
    (known === strangers ? '.' : `: among strangers it is about ${strangers} more work.`)
  )
}

function price(epsilon: number, passed: number): string {
  return `${Math.round(100 * checkingCost(checkingFor(epsilon), passed))}%`
}
