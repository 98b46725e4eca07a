import { makeScenario } from './scenario.ts'
import type { ScenarioOptions } from './scenario.ts'
import { runScenario } from './run.ts'
import type { Outcome } from './run.ts'

/** Sums over many histories; counts, and ms of simulated time. */
export interface Tally {
  seeds: number
  failed: Outcome[]
  simulatedMs: number
  steps: number
  messages: number
  chunks: number
  computed: number
  verified: number
  microjobs: number
  complete: number
  escaped: number
  repeated: number
  hostChanges: number
}

const SUMS = [
  'simulatedMs',
  'steps',
  'messages',
  'chunks',
  'computed',
  'verified',
  'microjobs',
  'complete',
  'escaped',
  'repeated',
  'hostChanges',
] as const
const MAX_FAILED = 20

export function emptyTally(): Tally {
  return {
    seeds: 0,
    failed: [],
    simulatedMs: 0,
    steps: 0,
    messages: 0,
    chunks: 0,
    computed: 0,
    verified: 0,
    microjobs: 0,
    complete: 0,
    escaped: 0,
    repeated: 0,
    hostChanges: 0,
  }
}

export function count(tally: Tally, outcome: Outcome): void {
  tally.seeds++
  for (const key of SUMS) tally[key] += outcome[key]
  if (outcome.violations.length > 0 && tally.failed.length < MAX_FAILED) tally.failed.push(outcome)
}

/** Runs one seed. A machine that throws is a violation like any other. */
export function runSeed(seed: number, options: ScenarioOptions): Outcome {
  const scenario = makeScenario(seed, options)
  try {
    return runScenario(scenario)
  } catch (error) {
    return {
      seed,
      level: scenario.level,
      violations: [`threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`],
      simulatedMs: 0,
      steps: 0,
      messages: 0,
      chunks: 0,
      computed: 0,
      verified: 0,
      microjobs: 0,
      complete: 0,
      escaped: 0,
      repeated: 0,
      hostChanges: 0,
    }
  }
}
