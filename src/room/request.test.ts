import { describe, expect, it } from 'vitest'
import { initialRequests, rank, reduceRequest } from './request.ts'
import type { RequestEffect, RequestEvent, RequestState } from './request.ts'

const HASH = new Uint8Array(32).fill(7)
const request = { id: 'r1', kernel: 'k', deadlineMs: 1_000, customKernel: false }
type Happening = RequestEvent extends infer E ? (E extends unknown ? Omit<E, 'now'> : never) : never

function drive(local = false): { happen: (now: number, event: Happening) => RequestEffect[]; state: () => RequestState } {
  let state = initialRequests('me', local)
  return {
    state: () => state,
    happen(now, event) {
      const step = reduceRequest(state, { ...event, now } as RequestEvent)
      state = step.state
      return step.effects
    },
  }
}

const offer = (from: string, load: number, paceMs = 100): Happening => ({
  type: 'gossip',
  from,
  body: { case: 'workOffer', value: { id: 'r1', load, paceMs, engine: 'cpu' } },
})
const reply = (from: string, error = ''): Happening => ({
  type: 'reply',
  from,
  reply: { id: 'r1', hash: HASH, fuel: 5, data: undefined, error },
})
const ask: Happening = { type: 'request', request, job: 'job', chunk: 3, room: null }
const dialled = (peer: string, ok = true): Happening => ({ type: 'dialled', id: 'r1', peer, ok, reason: 'no route' })
const kinds = (effects: RequestEffect[]): string[] =>
  effects.map((effect) => (effect.type === 'dial' ? `dial ${effect.peer}` : effect.type === 'assign' ? `assign ${effect.to}` : effect.type))

describe('a single work request', () => {
  it('dials nobody before the request is out', () => {
    const { happen } = drive()
    expect(happen(0, ask)).toEqual([{ type: 'publish', body: { case: 'workRequest', value: request }, room: null }])
    expect(happen(100, offer('a', 10))).toEqual([])
    expect(happen(200, { type: 'tick' })).toEqual([])
  })

  it('has only those who answer as candidates, and keeps the list', () => {
    const { happen, state } = drive()
    happen(0, ask)
    happen(10, offer('a', 10))
    happen(20, offer('b', 5))
    happen(20, offer('b', 1))
    happen(30, { type: 'gossip', from: 'c', body: { case: 'workOffer', value: { id: 'another', load: 0, paceMs: 1, engine: 'cpu' } } })
    expect(state().own[0]!.candidates.map(({ peer }) => peer)).toEqual(['a', 'b'])
  })

  it('checks the connection before the work is sent', () => {
    const { happen } = drive()
    happen(0, ask)
    happen(10, offer('a', 10))
    expect(kinds(happen(500, { type: 'tick' }))).toEqual(['dial a'])
    expect(happen(510, dialled('a'))).toEqual([{ type: 'assign', to: 'a', body: { id: 'r1', job: 'job', chunk: 3 }, room: null }])
  })

  it('gives the work to exactly one worker, the least loaded, then fastest, then least failed', () => {
    const { happen } = drive()
    happen(0, ask)
    happen(10, offer('a', 20))
    happen(10, offer('b', 10, 300))
    happen(10, offer('c', 10, 200))
    expect(kinds(happen(500, { type: 'tick' }))).toEqual(['dial c'])
    expect(kinds(happen(510, dialled('c')))).toEqual(['assign c'])
    expect(happen(700, { type: 'tick' })).toEqual([])
    expect(happen(700, dialled('b'))).toEqual([])
  })

  it('goes to the next least loaded on failure, and to nobody twice', () => {
    const { happen } = drive()
    happen(0, ask)
    happen(10, offer('a', 1))
    happen(10, offer('b', 2))
    happen(500, { type: 'tick' })
    expect(kinds(happen(510, dialled('a', false)))).toEqual(['dial b'])
    happen(520, dialled('b'))
    const last = happen(530, reply('b', 'out of memory'))
    expect(kinds(last)).toEqual(['publish', 'outcome'])
  })

  it('broadcasts the outcome once, and everybody who listens agrees on the first word of its requester', () => {
    const { happen } = drive()
    happen(0, ask)
    happen(10, offer('a', 1))
    happen(500, { type: 'tick' })
    happen(510, dialled('a'))
    const effects = happen(600, reply('a'))
    expect(effects[0]).toEqual({ type: 'publish', body: { case: 'workDone', value: { id: 'r1', worker: 'a', hash: HASH } }, room: null })
    expect(happen(610, reply('a'))).toEqual([])
    const listener = drive()
    const done: Happening = { type: 'gossip', from: 'me', body: { case: 'workDone', value: { id: 'r1', worker: 'a', hash: HASH } } }
    expect(listener.happen(0, done)).toHaveLength(1)
    expect(listener.happen(1, done)).toEqual([])
    expect(
      listener.happen(2, { type: 'gossip', from: 'me', body: { case: 'workRefused', value: { id: 'r1', reason: 'changed my mind' } } }),
    ).toEqual([])
    listener.happen(3, { type: 'gossip', from: 'thief', body: { case: 'workDone', value: { id: 'r1', worker: 'thief', hash: HASH } } })
    expect(listener.state().outcomes.find(({ requester }) => requester === 'me')!.outcome).toMatchObject({ kind: 'done', worker: 'a' })
  })

  it('ends in one error with every cause, after the local engine has tried as a last resort', () => {
    const { happen } = drive(true)
    happen(0, ask)
    happen(10, offer('a', 1))
    happen(500, { type: 'tick' })
    expect(happen(510, dialled('a', false))).toEqual([{ type: 'computeLocally', id: 'r1', job: 'job', chunk: 3 }])
    const effects = happen(900, { type: 'localFailed', id: 'r1', reason: 'no such kernel' })
    expect(effects[0]).toEqual({
      type: 'publish',
      body: { case: 'workRefused', value: { id: 'r1', reason: 'a: could not be reached: no route; this node: no such kernel' } },
      room: null,
    })
    const nobody = drive(true)
    nobody.happen(0, ask)
    nobody.happen(500, { type: 'tick' })
    expect(kinds(nobody.happen(600, { type: 'localDone', id: 'r1', hash: HASH, fuel: 1 }))).toEqual(['publish', 'outcome'])
    expect(nobody.state().outcomes[0]!.outcome).toMatchObject({ kind: 'done', worker: 'me' })
  })

  it('lowers the rank of whoever lets it time out', () => {
    const { happen, state } = drive()
    happen(0, ask)
    happen(10, offer('a', 1))
    happen(10, offer('b', 50))
    happen(500, { type: 'tick' })
    happen(510, dialled('a'))
    expect(kinds(happen(1_600, { type: 'tick' }))).toEqual(['dial b'])
    expect(state().failures).toEqual({ a: 1 })
    expect(
      rank(state(), [
        { peer: 'a', load: 1, paceMs: 1, state: 'waiting' },
        { peer: 'b', load: 50, paceMs: 1, state: 'waiting' },
      ]).map(({ peer }) => peer),
    ).toEqual(['b', 'a'])
  })

  it('recruits for a room: asks the least loaded to join, and computes nothing itself', () => {
    const { happen, state } = drive(true)
    const room = { block: 'block', microjob: 2 }
    expect(happen(0, { ...ask, room } as Happening)).toMatchObject([{ type: 'publish', room }])
    happen(10, offer('busy', 90))
    happen(10, offer('idle', 0))
    expect(kinds(happen(500, { type: 'tick' }))).toEqual(['dial idle'])
    expect(happen(510, dialled('idle'))).toMatchObject([{ type: 'assign', to: 'idle', room }])
    happen(520, { type: 'reply', from: 'idle', reply: { id: 'r1', hash: new Uint8Array(0), fuel: 0, data: undefined, error: '' } })
    expect(state().outcomes[0]!.outcome).toMatchObject({ kind: 'done', worker: 'idle' })
    const nobody = drive(true)
    nobody.happen(0, { ...ask, room } as Happening)
    expect(kinds(nobody.happen(500, { type: 'tick' }))).toEqual(['publish', 'outcome'])
  })

  it('ends when its requester wants it no longer, and heeds no answer after that', () => {
    const { happen, state } = drive(true)
    happen(0, ask)
    happen(10, offer('a', 1))
    happen(500, { type: 'tick' })
    happen(510, dialled('a'))
    expect(kinds(happen(600, { type: 'cancel', id: 'r1', reason: 'not wanted any more' }))).toEqual(['publish', 'outcome'])
    expect(happen(700, reply('a'))).toEqual([])
    expect(state().outcomes[0]!.outcome).toEqual({ kind: 'refused', causes: ['not wanted any more'] })
  })

  it('ignores the late answer of one already given up', () => {
    const { happen, state } = drive()
    happen(0, ask)
    happen(10, offer('a', 1))
    happen(10, offer('b', 50))
    happen(500, { type: 'tick' })
    happen(510, dialled('a'))
    happen(1_600, { type: 'tick' })
    expect(happen(1_700, reply('a'))).toEqual([])
    happen(1_710, dialled('b'))
    happen(1_800, reply('b'))
    expect(state().outcomes).toEqual([expect.objectContaining({ id: 'r1', outcome: expect.objectContaining({ worker: 'b' }) })])
  })
})
