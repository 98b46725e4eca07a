import { parentPort, workerData } from 'node:worker_threads'
import { count, emptyTally, runSeed } from './batch.ts'
import type { ScenarioOptions } from './scenario.ts'

/** Seeds from `from` to `to` in steps of `step`. */
export interface WorkerTask {
  from: number
  to: number
  step: number
  options: ScenarioOptions
}

const { from, to, step, options } = workerData as WorkerTask
const REPORT_EVERY = 25

let tally = emptyTally()
for (let seed = from; seed <= to; seed += step) {
  count(tally, runSeed(seed, options))
  if (tally.seeds >= REPORT_EVERY) {
    parentPort?.postMessage(tally)
    tally = emptyTally()
  }
}
parentPort?.postMessage(tally)
