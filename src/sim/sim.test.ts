import { randomInt } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { runSeed } from './batch.ts'
import { CENSUS, makeScenario } from './scenario.ts'
import { runScenario } from './run.ts'
import { shrink } from './shrink.ts'

const SEEDS = 1_000
const BATCH = 50
/**
 * Other histories in each run, out of those that the census has found to break nothing; `SIM_FIRST` repeats those of one
 * run, and `npm run sim` tries as many more as one likes.
 */
const FIRST = Number(process.env['SIM_FIRST'] ?? randomInt(CENSUS.first, CENSUS.last - SEEDS + 2))

describe('any history', () => {
  beforeAll(() => console.info(`${SEEDS} histories from seed ${FIRST} on; again with SIM_FIRST=${FIRST}`))

  it.each(Array.from({ length: SEEDS / BATCH }, (_, i) => FIRST + i * BATCH))(
    'from seed %i breaks nothing',
    (first) => {
      const failed = Array.from({ length: BATCH }, (_, i) => runSeed(first + i, CENSUS.options)).filter(
        ({ violations }) => violations.length > 0,
      )
      expect(failed.map(({ seed, violations }) => `seed ${seed}: ${violations.join(' | ')}`)).toEqual([])
    },
    120_000,
  )

  it('is the same again for the same seed', () => {
    for (const seed of [3, 4, 5]) {
      const trace = (): string[] => {
        const lines: string[] = []
        runScenario(makeScenario(seed, { nodes: 6, rooms: 2, level: 4 }), {
          stepped: (world, node, event, effects) =>
            lines.push(`${world.now} ${node.id} ${event.type} ${effects.map(({ type }) => type).join()}`),
        })
        return lines
      }
      expect(trace()).toEqual(trace())
    }
  })

  it('that fails is shortened to what matters', () => {
    const scenario = makeScenario(7, { nodes: 8, rooms: 2, level: 4 })
    const shorter = shrink({ ...scenario, nodes: scenario.nodes }, ({ nodes }) => nodes.length >= 2)
    expect(shorter.nodes).toHaveLength(2)
    expect(shorter.jobs).toHaveLength(1)
    expect(shorter.faults).toEqual([])
  })
})
