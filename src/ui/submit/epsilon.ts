import { checkingCost, checkingFor } from '../../domain/assurance.ts'
import { count } from '../view/format.ts'

/** "1 in 100: about 10% more work", short enough for the field of a phone. */
export function epsilonLabel(epsilon: number): string {
  return `1 in ${count(Math.round(1 / epsilon))}: about ${price(epsilon)} more work`
}

/** What it means to accept so few wrong chunks, and what it costs among those who are not known yet. */
export function epsilonHelp(epsilon: number): string {
  const { chunksPerCheck, credibleAfter } = checkingFor(epsilon)
  return (
    'Fewer means that more is computed twice. ' +
    (chunksPerCheck === 1
      ? 'Here everything is.'
      : `Of a tab that is not known yet the first ${count(credibleAfter)} chunks are, so that strangers compute a small job twice as a whole.`)
  )
}

function price(epsilon: number): string {
  return `${Math.round(100 * checkingCost(checkingFor(epsilon), Infinity))}%`
}
