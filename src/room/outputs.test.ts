import { describe, expect, it } from 'vitest'
import { hashOfCid } from '../domain/ids.ts'
import { isComplete, makeWorld, until } from '../sim/fixture.ts'
import type { Log } from '../sim/fixture.ts'
import { ARCHIVE } from '../sim/outputs.ts'
import { FUEL, rightHash } from '../sim/truth.ts'
import type { World } from '../sim/world.ts'

const EARLIER = [0, 1, 2, 3, 4, 5]

/** Two nodes come to a job of which somebody who has gone computed the first chunks. */
function afterOthers(): { world: World; log: Log } {
  const { world, log } = makeWorld({ nodes: 2, job: { chunks: 10 }, options: { deadlineFloorMs: 3_000 } })
  const [item] = world.database.work(0, 1)
  world.database.recordPartial(
    'gone',
    item!.ref,
    EARLIER.map((chunk) => ({ chunk, result: { peer: 'gone', hash: rightHash(chunk), fuel: FUEL, engine: 'cpu', bytes: 4_096 } })),
  )
  return { world, log }
}

function computedIn(log: Log): Set<number> {
  return new Set(log.steps.flatMap(({ event }) => (event.type === 'computed' ? [event.chunk] : [])))
}

describe('outputs of those who have gone', () => {
  it('are fetched, counted and not computed again', () => {
    const { world, log } = afterOthers()
    for (const chunk of EARLIER) world.outputs.keep(ARCHIVE, rightHash(chunk))
    until(world, 'the job is complete', () => isComplete(world))
    expect([...computedIn(log)].toSorted((a, b) => a - b)).toEqual([6, 7, 8, 9])
  })

  it('that nobody can hand over are computed again before anything is certified', () => {
    const { world, log } = afterOthers()
    until(world, 'the job is complete', () => isComplete(world))
    expect(computedIn(log).size).toBe(10)
    const { certificate } = [...world.database.entries.values()][0]!
    const { chunks } = certificate!.body
    expect(chunks.some(({ peer }) => peer === 'gone')).toBe(false)
    for (const { output } of chunks) expect(['n00', 'n01'].some((peer) => world.outputs.has(peer, hashOfCid(output)))).toBe(true)
  })
})
