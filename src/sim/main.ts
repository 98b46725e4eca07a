import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { emptyTally } from './batch.ts'
import type { Tally } from './batch.ts'
import { CENSUS, MAX_LEVEL, makeScenario } from './scenario.ts'
import type { ScenarioOptions } from './scenario.ts'
import { runScenario } from './run.ts'
import { shrink } from './shrink.ts'
import { traceLine } from './trace.ts'
import type { WorkerTask } from './worker.ts'

const USAGE = `Usage: npm run sim -- [--seeds A..B | --seed S] [--nodes N] [--rooms R] [--faults LEVEL|all] [--workers W] [--trace] [--json] [--no-shrink]
  --seeds A..B   histories to live through (default 1..200)
  --seed S       one history; with --trace every step of it
  --nodes N      nodes at most (default 8)      --rooms R   jobs at once at most (default 2)
  --faults LEVEL 0 none, 1 bad wires, 2 comings and goings, 3 partitions, 4 hostile members, all: the seed decides (default)`

/** What the command line said is no command of ours. */
class UsageError extends Error {
  override readonly name = 'UsageError'
}

interface Command {
  from: number
  to: number
  options: ScenarioOptions
  workers: number
  trace: boolean
  json: boolean
  shrinks: boolean
}

function parse(args: string[]): Command {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      nodes: { type: 'string' },
      rooms: { type: 'string' },
      faults: { type: 'string' },
      workers: { type: 'string' },
      trace: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'no-shrink': { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  })
  if (values.help) throw new UsageError(USAGE)
  const [from, to] = (values.seeds ?? (values.seed === undefined ? '1..200' : `${values.seed}..${values.seed}`)).split('..')
  const level = values.faults === undefined || values.faults === 'all' ? null : wholeNumber('faults', values.faults, 0, MAX_LEVEL)
  return {
    from: wholeNumber('seeds', from, 0, Number.MAX_SAFE_INTEGER),
    to: wholeNumber('seeds', to ?? from, 0, Number.MAX_SAFE_INTEGER),
    options: {
      nodes: wholeNumber('nodes', values.nodes ?? String(CENSUS.options.nodes), 2, 200),
      rooms: wholeNumber('rooms', values.rooms ?? String(CENSUS.options.rooms), 1, 50),
      level,
    },
    workers: wholeNumber('workers', values.workers ?? String(availableParallelism()), 1, 256),
    trace: values.trace,
    json: values.json,
    shrinks: !values['no-shrink'],
  }
}

function wholeNumber(name: string, text: string | undefined, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`)
  }
  return value
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}

function add(into: Tally, part: Tally): void {
  for (const key of Object.keys(into) as (keyof Tally)[]) {
    if (key === 'failed') into.failed.push(...part.failed)
    else into[key] += part[key]
  }
}

async function runAll({ from, to, options, workers, json }: Command): Promise<Tally> {
  const tally = emptyTally()
  const total = to - from + 1
  const progress = (): void => {
    if (json || !process.stderr.isTTY) return
    const filled = Math.round((tally.seeds / total) * 40)
    process.stderr.write(`\r[${'#'.repeat(filled)}${' '.repeat(40 - filled)}] ${tally.seeds}/${total} seeds, ${tally.failed.length} failed`)
  }
  await Promise.all(
    Array.from(
      { length: Math.min(workers, total) },
      (_, i) =>
        new Promise<void>((resolve, reject) => {
          const task: WorkerTask = { from: from + i, to, step: Math.min(workers, total), options }
          const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: task })
          worker.on('message', (part: Tally) => {
            add(tally, part)
            progress()
          })
          worker.on('error', reject)
          worker.on('exit', () => resolve())
        }),
    ),
  )
  if (!json && process.stderr.isTTY) process.stderr.write('\n')
  return tally
}

function runOne({ from, options, trace, json }: Command): boolean {
  const scenario = makeScenario(from, options)
  if (trace) console.log(JSON.stringify(scenario))
  const outcome = runScenario(scenario, {
    stepped(world, node, event, effects) {
      const line = trace ? traceLine(world, node, event, effects) : null
      if (line !== null) console.log(line)
    },
  })
  console.log(JSON.stringify(outcome, null, json ? 0 : 2))
  return outcome.violations.length === 0
}

async function main(): Promise<number> {
  const command = parse(process.argv.slice(2))
  if (command.from === command.to) return runOne(command) ? 0 : 1
  const started = process.hrtime.bigint()
  const tally = await runAll(command)
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  tally.failed.sort((a, b) => a.seed - b.seed)
  const shortest = tally.failed
    .slice(0, command.shrinks ? 3 : 0)
    .map(({ seed, violations }) => ({ seed, commit: commit(), violations, scenario: shrink(makeScenario(seed, command.options)) }))
  if (command.json) console.log(JSON.stringify({ ...tally, range: `${command.from}..${command.to}`, commit: commit(), seconds, shortest }))
  else {
    const { failed, ...sums } = tally
    console.log({ seconds: Math.round(seconds * 10) / 10, ...sums, failed: failed.length })
    for (const { seed, violations } of failed) console.log(`seed ${seed}: ${violations.join(' | ')}`)
    for (const { seed, scenario } of shortest)
      console.log(`shortest history found for seed ${seed}, commit ${commit()}:\n${JSON.stringify(scenario)}`)
  }
  return tally.failed.length === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}
