import { describe, expect, it } from 'vitest'
import type { MicrojobRef } from '../domain/job.ts'
import { CheckQueue } from './check-queue.ts'
import type { Effect } from './event.ts'
import type { RoomState } from './state.ts'

const hash = new Uint8Array(32)

function effect(microjob: number, chunks: number[], attempt = 1): Extract<Effect, { type: 'verify' }> {
  const ref: MicrojobRef = { job: 'j', block: 'b', blockIndex: 0, microjob, firstChunk: microjob * 10, chunkCount: 10 }
  return { type: 'verify', ref, attempt, chunks }
}

/** A node in a room with draws of these microjobs. */
function stateOf(draws: { microjob: number; attempt: number; claim?: Uint8Array }[]): Pick<RoomState, 'room'> {
  const rounds = draws.map(({ microjob, attempt, claim }) => ({
    ref: effect(microjob, []).ref,
    draw: { attempt },
    slots: Array.from({ length: 10 }, () => ({ result: claim === undefined ? null : { hash: claim } })),
  }))
  return { room: { rounds } } as unknown as Pick<RoomState, 'room'>
}

describe('a queue of checks', () => {
  const both = stateOf([
    { microjob: 1, attempt: 1 },
    { microjob: 2, attempt: 1 },
  ])

  it('goes on with the lowest chunks, also when they come while others are under way', () => {
    const queue = new CheckQueue()
    queue.add(effect(2, [20, 23]))
    expect(queue.next(both)?.chunk).toBe(20)
    queue.add(effect(1, [12, 17]))
    expect([1, 2, 3].map(() => queue.next(both)?.chunk)).toEqual([12, 17, 23])
    expect(queue.next(both)).toBe(null)
  })

  it('says when the last chunk of a check is recomputed, in whatever order they come', () => {
    const queue = new CheckQueue()
    queue.add(effect(1, [12, 17]))
    const [first, second] = [queue.next(both)!, queue.next(both)!]
    expect(queue.done(second, hash)).toBe(false)
    expect(queue.done(first, hash)).toBe(true)
    expect(first.check.checked.map(({ chunk }) => chunk)).toEqual([17, 12])
  })

  it('remembers what was found when a draw is repeated, for the same claim and in the same round', () => {
    const queue = new CheckQueue()
    const found = new Uint8Array(32).fill(7)
    queue.add(effect(1, [12]))
    queue.done(queue.next(stateOf([{ microjob: 1, attempt: 1, claim: hash }]))!, found)
    queue.add(effect(1, [12, 13], 2))
    const again = stateOf([{ microjob: 1, attempt: 2, claim: hash }])
    expect([queue.next(again), queue.next(again)]).toMatchObject([
      { chunk: 12, claimed: hash, known: found },
      { chunk: 13, claimed: hash, known: null },
    ])
    queue.add(effect(1, [12], 3))
    expect(queue.next(stateOf([{ microjob: 1, attempt: 3, claim: found }]))).toMatchObject({ claimed: found, known: null })
    expect(queue.next({ room: null })).toBe(null)
    queue.add(effect(1, [12], 4))
    expect(queue.next(stateOf([{ microjob: 1, attempt: 4, claim: hash }]))).toMatchObject({ known: null })
  })

  it('forgets what no draw waits for any longer, and what cannot be done', () => {
    const queue = new CheckQueue()
    queue.add(effect(1, [12]))
    queue.add(effect(2, [20, 21]))
    const { check } = queue.next(stateOf([{ microjob: 2, attempt: 1 }]))!
    expect(check.effect.ref.microjob).toBe(2)
    queue.drop(check)
    expect(queue.next(both)).toBe(null)
    queue.add(effect(1, [12]))
    expect(queue.next(stateOf([{ microjob: 1, attempt: 2 }]))).toBe(null)
    expect(new CheckQueue().next({ room: null })).toBe(null)
  })
})
