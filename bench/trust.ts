import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { checkingCost } from '../src/domain/assurance.ts'
import { CHUNKS_EACH, CREDIBLE_AFTER, ROOMS, SABOTEURS, WORKERS } from './trust-job.ts'
import type { Crowd, JobOutcome } from './trust-job.ts'

/**
 * What the checks let through and what they cost: the real machines in the simulator, ten workers a job of whom two are
 * saboteurs, forty chunks each, at one wrong chunk in a hundred. `--rooms N` chooses how many rooms in all.
 */
const PER_CHECK = 10
const RATES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]

interface Row extends Crowd {
  rooms: number
  /** Share of the certified chunks that are wrong, and what was expected of it. */
  error: number
  predicted: number
  /** Sarmenta's figure for spot checks with blacklisting, which has everything of a caught saboteur computed again. */
  formula: number
  /** Chunks recomputed by checkers, and all chunks computed or recomputed, for each chunk of the job. */
  checking: number
  work: number
  predictedChecking: number
  caught: string
  roomsToCatchMedian: number | null
  roomsToCatchP95: number | null
  honestConvicted: number
}

function crowds(): Crowd[] {
  const honest = { lies: 0, colludes: false, defects: false, known: false }
  const apart = RATES.map((lies) => ({ ...honest, lies }))
  return [
    honest,
    { ...honest, known: true },
    ...apart,
    ...apart.map((crowd) => ({ ...crowd, colludes: true })),
    ...[0.05, 0.2, 1].map((lies) => ({ ...honest, lies, defects: true })),
  ]
}

/**
 * Share of wrong chunks that certificates should have. Every one of a stranger's first chunks is checked; of those that
 * follow one in ten is, and until one of them fails a lie in nine of ten passes.
 */
function predict({ lies: s, defects }: Crowd): number {
  const f = SABOTEURS / WORKERS
  const q = 1 / PER_CHECK
  const believed = CHUNKS_EACH - CREDIBLE_AFTER
  const passes = (defects ? 1 : (1 - s) ** CREDIBLE_AFTER) * (1 - q)
  return s === 0 ? 0 : (f * passes * (1 - (1 - q * s) ** believed)) / q / CHUNKS_EACH
}

function formula({ lies: s }: Crowd): number {
  const f = SABOTEURS / WORKERS
  const survives = f * (1 - s / PER_CHECK) ** CHUNKS_EACH
  return (s * survives) / (1 - f + survives)
}

function rowOf(crowd: Crowd, outcomes: JobOutcome[]): Row {
  const sum = (pick: (outcome: JobOutcome) => number): number => outcomes.reduce((total, outcome) => total + pick(outcome), 0)
  const chunks = sum((outcome) => outcome.chunks)
  const times = outcomes.flatMap(({ roomsToCatch }) => roomsToCatch).sort((a, b) => a - b)
  return {
    ...crowd,
    rooms: outcomes.length * ROOMS,
    error: round(sum(({ wrong }) => wrong) / chunks, 5),
    predicted: round(predict(crowd), 5),
    formula: round(formula(crowd), 5),
    checking: round(1 + sum(({ verified }) => verified) / chunks, 3),
    predictedChecking: round(
      1 + checkingCost({ chunksPerCheck: PER_CHECK, credibleAfter: CREDIBLE_AFTER }, crowd.known ? CREDIBLE_AFTER : 0, CHUNKS_EACH),
      3,
    ),
    work: round(sum(({ verified, computed }) => verified + computed) / chunks, 3),
    caught: `${sum(({ caught }) => caught)} of ${sum(({ saboteurs }) => saboteurs)}`,
    roomsToCatchMedian: times[times.length >> 1] ?? null,
    roomsToCatchP95: times[Math.floor(times.length * 0.95)] ?? null,
    honestConvicted: sum(({ honestConvicted }) => honestConvicted),
  }
}

function round(value: number, places: number): number {
  return Number(value.toFixed(places))
}

async function main(): Promise<void> {
  const at = process.argv.indexOf('--rooms')
  const rooms = at === -1 ? 20_000 : Number(process.argv[at + 1])
  const started = process.hrtime.bigint()
  const all = crowds()
  const jobsEach = Math.max(1, Math.ceil(rooms / ROOMS / all.length))
  const tasks = all.flatMap((crowd, row) => Array.from({ length: jobsEach }, (_, i) => ({ crowd, row, seed: 1 + i })))
  const outcomes = all.map((): JobOutcome[] => [])
  const threads = availableParallelism()
  await Promise.all(
    Array.from(
      { length: threads },
      (_, thread) =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(new URL('./trust-job.ts', import.meta.url), {
            workerData: tasks.filter((_, i) => i % threads === thread),
          })
          worker.on('message', ({ row, outcome }: { row: number; outcome: JobOutcome }) => outcomes[row]!.push(outcome))
          worker.on('error', reject)
          worker.on('exit', () => resolve())
        }),
    ),
  )
  const rows = all.map((crowd, i) => rowOf(crowd, outcomes[i]!))
  const seconds = Math.round(Number(process.hrtime.bigint() - started) / 1e9)
  if (process.argv.includes('--json')) console.log(JSON.stringify({ rooms: tasks.length * ROOMS, seconds, rows }))
  else {
    console.table(rows)
    console.log(`${tasks.length * ROOMS} rooms in ${seconds} s`)
  }
}

await main()
