import { describe, expect, it } from 'vitest'
import { runSeed } from './batch.ts'
import { makeScenario } from './scenario.ts'
import { runScenario } from './run.ts'
import { shrink } from './shrink.ts'

/** The same histories in each run; `SIM_SEED` begins elsewhere, and `npm run sim` tries as many others as one likes. */
const FIRST = Number(process.env['SIM_SEED'] ?? 1_001)
const SEEDS = 1_500
const BATCH = 100
const SMALL = { nodes: 4, rooms: 1, level: null }

describe('any history', () => {
  it(`prints the first seed of this run: ${FIRST}`, () => {
    expect(Number.isSafeInteger(FIRST)).toBe(true)
  })

  it.each(Array.from({ length: SEEDS / BATCH }, (_, i) => FIRST + i * BATCH))(
    'from seed %i breaks nothing',
    (first) => {
      const failed = Array.from({ length: BATCH }, (_, i) => runSeed(first + i, SMALL)).filter(({ violations }) => violations.length > 0)
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
