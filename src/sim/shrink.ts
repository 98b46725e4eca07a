import type { Scenario } from './scenario.ts'
import { runScenario } from './run.ts'
import { CALM } from './weather.ts'

/** Runs that one shrinking may cost. */
const MAX_RUNS = 120

/** The shortest history found, by leaving things out one by one, that still fails. Its seed stays the same. */
export function shrink(
  failing: Scenario,
  fails: (scenario: Scenario) => boolean = (scenario) => runScenario(scenario).violations.length > 0,
): Scenario {
  let best = failing
  let runs = 0
  for (let again = true; again;) {
    again = false
    for (const smaller of simpler(best)) {
      if (runs++ >= MAX_RUNS) return best
      if (!fails(smaller)) continue
      best = smaller
      again = true
      break
    }
  }
  return best
}

/** Everything that is one step simpler, the boldest steps first. */
function* simpler(scenario: Scenario): Generator<Scenario> {
  if (JSON.stringify(scenario.weather) !== JSON.stringify(CALM)) yield { ...scenario, weather: CALM }
  if (scenario.faults.length > 1) yield { ...scenario, faults: [] }
  for (let i = 0; i < scenario.jobs.length && scenario.jobs.length > 1; i++) yield { ...scenario, jobs: without(scenario.jobs, i) }
  for (let i = 0; i < scenario.nodes.length && scenario.nodes.length > 2; i++) yield { ...scenario, nodes: without(scenario.nodes, i) }
  for (let i = 0; i < scenario.faults.length; i++) yield { ...scenario, faults: without(scenario.faults, i) }
  for (const key of Object.keys(CALM) as (keyof typeof CALM)[]) {
    if (scenario.weather[key] !== CALM[key]) yield { ...scenario, weather: { ...scenario.weather, [key]: CALM[key] } }
  }
  for (const [i, job] of scenario.jobs.entries()) {
    if (job.chunks > 3) yield { ...scenario, jobs: scenario.jobs.with(i, { ...job, chunks: Math.ceil(job.chunks / 2) }) }
  }
  for (const [i, node] of scenario.nodes.entries()) {
    if (node.skewMs !== 0) yield { ...scenario, nodes: scenario.nodes.with(i, { ...node, skewMs: 0 }) }
    if (node.at > 0) yield { ...scenario, nodes: scenario.nodes.with(i, { ...node, at: 0 }) }
  }
}

function without<T>(list: readonly T[], i: number): T[] {
  return list.filter((_, at) => at !== i)
}
