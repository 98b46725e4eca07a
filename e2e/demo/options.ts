import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

export const CHAOS = ['none', 'kill-host', 'kill-worker', 'silent-worker', 'kill-relay', 'liar'] as const
export const ENGINES = ['auto', 'webgpu', 'cpu'] as const

export type Chaos = (typeof CHAOS)[number]

export interface DemoOptions {
  tabs: number
  job: string
  params: Record<string, number | string | number[]>
  input: string | null
  out: string
  engine: (typeof ENGINES)[number]
  chaos: Chaos
  seed: number
  headed: boolean
  json: boolean
}

/** Parameters unless others are given: enough work for a fault to find chunks in flight. */
export const DEFAULT_PARAMS: Record<string, DemoOptions['params']> = {
  mandelbrot: { centreX: '-0.7269', centreY: '0.1889', span: '0.01', iterations: 4_000 },
}

/** An option or input that cannot be used: one line for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `npm run demo -- [options]
  --tabs N       browser tabs, 2 to 16 (4)
  --job NAME     mandelbrot, convolve, … (mandelbrot)
  --params JSON  parameters of the job, for example '{"width":800}'
  --input FILE   a photo, for jobs that take one
  --out DIR      where output and certificates go (out)
  --engine E     ${ENGINES.join(' | ')} (auto)
  --chaos C      ${CHAOS.join(' | ')} (none)
  --seed N       the run's randomness, never the result's (1)
  --headed       show the browser
  --json         the last line on stdout is one JSON object`

/** Throws {@link UsageError} on anything it does not understand. */
export function parseOptions(args: string[], jobs: readonly string[]): DemoOptions {
  const values = parse(args)
  const job = values.job
  if (!jobs.includes(job)) throw new UsageError(`--job ${job}: there is no such job; there are ${jobs.join(', ')}`)
  const chaos = oneOf('chaos', values.chaos, CHAOS)
  const tabs = whole('tabs', values.tabs, 2, 16)
  if (chaos !== 'none' && tabs < 3) throw new UsageError(`--tabs ${tabs}: ${chaos} needs at least 3 tabs, so that two are left`)
  return {
    tabs,
    job,
    params: { ...DEFAULT_PARAMS[job], ...json(values.params) },
    input: values.input === undefined ? null : readable(values.input),
    out: values.out,
    engine: oneOf('engine', values.engine, ENGINES),
    chaos,
    seed: whole('seed', values.seed, 0, 2 ** 31 - 1),
    headed: values.headed,
    json: values.json,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: false,
      options: {
        tabs: { type: 'string', default: '4' },
        job: { type: 'string', default: 'mandelbrot' },
        params: { type: 'string', default: '{}' },
        input: { type: 'string' },
        out: { type: 'string', default: 'out' },
        engine: { type: 'string', default: 'auto' },
        chaos: { type: 'string', default: 'none' },
        seed: { type: 'string', default: '1' },
        headed: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split('\n')[0]! : String(error))
  }
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((entry) => entry === value)
  if (found === undefined) throw new UsageError(`--${name} ${value}: use one of ${allowed.join(', ')}`)
  return found
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new UsageError(`--${name} ${text}: give a whole number from ${least} to ${most}`)
  }
  return value
}

function json(text: string): DemoOptions['params'] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new UsageError(`--params ${text}: this is not JSON; write for example '{"width":800}'`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`--params ${text}: give a JSON object with the parameters' names`)
  }
  return value as DemoOptions['params']
}

function readable(path: string): string {
  try {
    if (readFileSync(path).length > 0) return path
  } catch {
    throw new UsageError(`--input ${path}: there is no such file, or it cannot be read`)
  }
  throw new UsageError(`--input ${path}: the file is empty`)
}
