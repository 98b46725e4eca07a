import { describe, expect, it, vi } from 'vitest'
import { isComplete, makeWorld, sentOf, until } from '../sim/fixture.ts'
import type { FixtureOptions, Log, nodeOf } from '../sim/fixture.ts'
import type { World } from '../sim/world.ts'
import { noteProgress, progressOf } from './duty.ts'
import type { Context } from './context.ts'
import type { Room, Round } from './state.ts'

// Whole rooms run in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

function completed(options: FixtureOptions): { world: World; log: Log } {
  const { world, log } = makeWorld(options)
  until(world, 'the job is complete', () => world.nodes.size > 1 && isComplete(world), 600_000)
  return { world, log }
}

describe('a member that is drawn to check', () => {
  it('in several rounds at once is waited for while it gets further', () => {
    let most = 0
    for (let seed = 1; seed <= 5; seed++) {
      const { world, log } = makeWorld({ seed, nodes: 3, job: { chunks: 120 }, behaviour: (i) => ({ paceMs: i === 2 ? 4_000 : 200 }) })
      world.observers.push({
        stepped(node, event) {
          if (event.type === 'tick' && node.id === 'n02')
            most = Math.max(
              most,
              node.state.room?.rounds.filter(({ draw }) => draw?.order?.[0] === 'n02' && draw.report === null).length ?? 0,
            )
        },
      })
      until(world, 'the job is complete', () => world.nodes.size > 1 && isComplete(world), 600_000)
      expect(world.refusals).toEqual([])
      expect(sentOf(log, 'expelled')).toEqual([])
    }
    expect(most).toBeGreaterThan(2)
  })

  it('and cannot, steps back at once: the draw is repeated without it, and nobody is blamed', () => {
    const { world, log } = makeWorld({ nodes: 4, job: { chunks: 60 } })
    world.observers.push({
      stepped(node, _event, effects) {
        for (const effect of effects) {
          if (effect.type !== 'verify' || node.id !== 'n02') continue
          const { block, microjob } = effect.ref
          const reason = 'the worker could not be loaded'
          world.schedule.after(5, () => world.happen(node, { type: 'checkFailed', block, microjob, attempt: effect.attempt, reason }))
        }
      },
    })
    until(world, 'the job is complete', () => world.nodes.size > 1 && isComplete(world), 30_000)
    expect(log.notes.some(({ note }) => note.kind === 'departed' && note.peer === 'n02' && note.reason.startsWith('cannot check'))).toBe(
      true,
    )
    expect(world.refusals).toEqual([])
    expect(sentOf(log, 'verifierReport').filter(({ from }) => from === 'n02')).toEqual([])
  })

  it('and tells its progress, but never reports, is put out after a time that its sample bounds', () => {
    const { world, log } = completed({ nodes: 4, job: { chunks: 60 }, behaviour: (i) => ({ withholdsReport: i === 3, paceMs: 1_000 }) })
    const late = world.refusals.filter(({ reason }) => reason === 'drawn to verify and did not report in time')
    expect(late.length).toBeGreaterThan(0)
    expect(new Set(late.map(({ culprit }) => culprit))).toEqual(new Set(['n03']))
    const drawn = log.notes.find(({ note }) => note.kind === 'drawn' && note.verifier === 'n03')!
    const out = sentOf(log, 'expelled').find(({ value }) => value.peer === 'n03')!
    // Ten chunks and a little for the messages.
    expect(out.at - drawn.at).toBeLessThan(11 * 20_000)
  })

  it('and says nothing is put out at its first deadline', () => {
    const { log } = completed({
      nodes: 4,
      job: { chunks: 60 },
      behaviour: (i) => ({ withholdsReport: i === 3, hidesHand: i === 3 }),
    })
    const out = sentOf(log, 'expelled').find(({ value }) => value.peer === 'n03')!
    const drawn = log.notes.find(({ note }) => note.kind === 'drawn' && note.verifier === 'n03')!
    expect(out.at - drawn.at).toBeLessThan(20_000 * (1 + 10 / 8) + 1_000)
  })

  it('of a slow pace arbitrates several chunks in its own time', () => {
    const { world } = completed({
      nodes: 3,
      job: { chunks: 10 },
      behaviour: (i) => ({ paceMs: [8_000, 100, 100][i]!, lies: i === 2 ? 1 : 0 }),
    })
    expect(new Set(world.refusals.map(({ culprit }) => culprit))).toEqual(new Set(['n02']))
  })
})

describe('progress', () => {
  /** A host that waits for the report of a member with five chunks to check, in three rounds. */
  function waiting(): { ctx: Context; room: Room; rounds: Round[] } {
    const { world } = makeWorld({ nodes: 3, job: { chunks: 60 }, behaviour: (i) => ({ withholdsReport: i > 0, hidesHand: i > 0 }) })
    let host = null as ReturnType<typeof nodeOf> | null
    until(world, 'a host waits for a verifier', () => {
      host = [...world.nodes.values()].find(({ state }) => state.room?.rounds.some((round) => isWaiting(round, state.self))) ?? null
      return host !== null
    })
    const room = host!.state.room!
    const pattern = room.rounds.find((round) => isWaiting(round, host!.id))!
    pattern.draw = { ...pattern.draw!, sample: pattern.slots.slice(0, 5).map(({ chunk }) => chunk), deadline: host!.state.now + 1 }
    const rounds = [0, 100, 200].map((firstChunk) => ({ ...structuredClone(pattern), ref: { ...pattern.ref, firstChunk } }))
    room.rounds = rounds
    return { ctx: { s: host!.state, effects: [], local: [] }, room, rounds }
  }

  function isWaiting({ stage, draw }: Round, host: string): boolean {
    return stage === 'checking' && draw!.report === null && draw!.order![0] !== host
  }

  it('moves the deadlines of its round and of rounds with later chunks, and no others', () => {
    const { ctx, room, rounds } = waiting()
    const before = rounds.map(({ draw }) => draw!.deadline)
    noteProgress(ctx, room, rounds[1]!, rounds[1]!.draw!.order![0]!, 1)
    const due = ctx.s.now + 20_000
    expect(rounds.map(({ draw }) => draw!.deadline)).toEqual([before[0], due, due])
  })

  it('counts once, up to what was drawn, and only of whom was drawn', () => {
    const { ctx, room, rounds } = waiting()
    const [round] = rounds
    const { draw } = round!
    const verifier = draw!.order![0]!
    const stranger = room.members.find(({ peer }) => peer !== verifier && peer !== draw!.second)!.peer
    noteProgress(ctx, room, round!, verifier, 6)
    noteProgress(ctx, room, round!, stranger, 1)
    expect(draw!.progress).toEqual([])
    noteProgress(ctx, room, round!, verifier, 5)
    const { deadline } = draw!
    ctx.s.now += 5_000
    for (const chunks of [1, 4, 5, 6]) noteProgress(ctx, room, round!, verifier, chunks)
    expect(progressOf(draw!, verifier)).toBe(5)
    expect(draw!.deadline).toBe(deadline)
  })
})
