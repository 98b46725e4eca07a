import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runSeed } from './batch.ts'
import type { Tally } from './batch.ts'
import { MUTANTS } from './mutants.ts'
import type { Mutant } from './mutants.ts'
import type { ScenarioOptions } from './scenario.ts'

/** Applies each mutant to a copy of the machine and looks for a seed whose history brings it to light. */
const SOURCE = fileURLToPath(new URL('..', import.meta.url))
const COPY = fileURLToPath(new URL('../../dist/mutant/src', import.meta.url))
const SMALL: ScenarioOptions = { nodes: 4, rooms: 1, level: null }
const STEP = 40
/** A mutant that loops without end is caught as well. */
const TIMEOUT_MS = 300_000
const MOST = 8_000

/** A mutant whose text is no longer in the file: the list has to follow the machine. */
class StaleMutantError extends Error {
  override readonly name = 'StaleMutantError'
}

function apply({ name, file, from, to }: Mutant): void {
  rmSync(COPY, { recursive: true, force: true })
  for (const folder of ['domain', 'room', 'sim']) {
    mkdirSync(join(COPY, folder), { recursive: true })
    cpSync(join(SOURCE, folder), join(COPY, folder), { recursive: true, filter: (path) => !path.endsWith('.test.ts') })
  }
  const path = join(COPY, 'room', file)
  const text = readFileSync(path, 'utf8')
  if (text.split(from).length !== 2)
    throw new StaleMutantError(`"${name}": ${file} has its text ${text.split(from).length - 1} times, not once: ${from}`)
  writeFileSync(
    path,
    text.replace(from, () => to),
  )
}

function flags({ nodes, rooms, level }: ScenarioOptions): string[] {
  return ['--nodes', String(nodes), '--rooms', String(rooms), '--faults', level === null ? 'all' : String(level)]
}

/** The first seed found that catches it, and how. */
function hunt(shape: ScenarioOptions): { seed: number; violation: string } | null {
  for (let from = 1; from <= MOST; from += STEP) {
    const { stdout } = spawnSync(
      process.execPath,
      [join(COPY, 'sim/main.ts'), '--seeds', `${from}..${from + STEP - 1}`, '--json', '--no-shrink', ...flags(shape)],
      {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
        timeout: TIMEOUT_MS,
      },
    )
    if (!stdout.startsWith('{')) return { seed: from, violation: 'the simulator itself came to a halt' }
    // A history that fails without the mutant says nothing about it.
    const first = (JSON.parse(stdout) as Tally).failed.find(({ seed }) => runSeed(seed, shape).violations.length === 0)
    if (first !== undefined) return { seed: first.seed, violation: first.violations[0]!.split('\n')[0]! }
  }
  return null
}

const only = process.argv[2]
const report = MUTANTS.filter(({ name }) => only === undefined || name.includes(only)).map((mutant) => {
  apply(mutant)
  const shape = mutant.shape ?? SMALL
  const caught = hunt(shape)
  console.error(
    caught === null
      ? `SURVIVED ${MOST} seeds: ${mutant.name}`
      : `${mutant.name}: --seed ${caught.seed} ${flags(shape).join(' ')}: ${caught.violation.slice(0, 120)}`,
  )
  return { name: mutant.name, seed: caught?.seed ?? null, shape, violation: caught?.violation ?? null }
})
rmSync(COPY, { recursive: true, force: true })
console.log(JSON.stringify(report))
process.exitCode = report.every(({ seed }) => seed !== null) ? 0 : 1
