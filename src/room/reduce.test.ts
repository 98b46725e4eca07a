import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { roomTopic } from '../domain/job.ts'
import { brokenInvariants } from '../sim/invariants.ts'
import { makeWorld, name, nodeOf, until } from '../sim/fixture.ts'
import type { RoomEvent } from './event.ts'
import type { BodyCase, Message } from './message.ts'
import { encodeMessage } from './message.ts'
import { reduce } from './reduce.ts'
import type { RoomState } from './state.ts'

const PEERS = ['n00', 'n01', 'n02', 'n03', 'stranger']

/** States of every kind, from a living room: seeking, joining, host, member, in the middle of draws, alone. */
function states(): RoomState[] {
  const found: RoomState[] = []
  for (const [seed, at] of [
    [1, 300],
    [2, 1_400],
    [3, 1_900],
    [4, 3_000],
    [5, 4_500],
    [6, 6_000],
    [7, 9_000],
  ] as const) {
    const { world } = makeWorld({ seed, nodes: 4, job: { chunks: 60 }, behaviour: (i) => ({ lies: i === 3 ? 1 : 0 }) })
    until(world, 'that time', () => world.now >= at)
    for (let i = 0; i < 4; i++) if (world.nodes.has(name(i))) found.push(nodeOf(world, name(i)).state)
  }
  return found
}

const STATES = states()
const room = STATES.find((state) => state.room !== null)!.room!
const { ref } = room.rounds[0]!
const peer = fc.constantFrom(...PEERS)
const bytes = fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ maxLength: 8 }))
const small = fc.nat({ max: 12 })
const chunk = fc.oneof(fc.integer({ min: ref.firstChunk, max: ref.firstChunk + 12 }), fc.nat())
const info = fc.record({
  chunk,
  peer,
  hash: bytes,
  fuel: fc.double({ noNaN: true }),
  engine: fc.constantFrom('cpu', 'webgpu', ''),
  bytes: small,
})
const grant = fc.record({ chunk, peer, attempt: small, remainingMs: small })
const committed = fc.record({ peer, commitment: bytes })
const roundInfo = fc.record({
  block: fc.constantFrom(ref.block, 'other'),
  microjob: small,
  blockIndex: small,
  firstChunk: fc.oneof(fc.constant(ref.firstChunk), small),
  chunkCount: fc.nat({ max: 20 }),
  epoch: small,
  commitments: fc.array(committed, { maxLength: 4 }),
  results: fc.array(info, { maxLength: 6 }),
  grants: fc.array(grant, { maxLength: 6 }),
})
const members = fc.array(fc.record({ peer, observer: fc.boolean(), slots: small, engine: fc.constant('cpu') }), { maxLength: 5 })
const text = fc.constantFrom('', 'because')
const standings = fc.array(fc.record({ peer: fc.oneof(peer, fc.constant('__proto__')), passed: fc.nat({ max: 12 }) }), { maxLength: 4 })

const bodies: { [C in BodyCase]?: fc.Arbitrary<unknown> } = {
  roomAnnounce: fc.record({
    host: peer,
    members: small,
    capacity: small,
    settling: fc.boolean(),
    version: small,
    peers: fc.array(peer, { maxLength: 5 }),
    microjobs: fc.array(small, { maxLength: 3 }),
  }),
  joinRequest: fc.record({
    peer,
    capabilities: fc.constant(undefined),
    load: small,
    commitment: bytes,
    observer: fc.boolean(),
    session: small,
  }),
  joinRefused: fc.record({ peer, reason: text, retryAfterMs: small }),
  hostChanged: fc.record({ host: peer, joinOrder: fc.array(peer, { maxLength: 5 }) }),
  welcome: fc.record({
    job: fc.constantFrom(ref.job, 'other'),
    members,
    rounds: fc.array(roundInfo, { maxLength: 3 }),
    expelled: fc.array(peer, { maxLength: 2 }),
    version: small,
    capacity: small,
    deadlineMs: small,
  }),
  membersChanged: fc.record({
    members,
    version: fc.nat({ max: 40 }),
    departed: fc.array(fc.record({ peer, reason: text }), { maxLength: 2 }),
    expelled: fc.array(peer, { maxLength: 2 }),
  }),
  expelled: fc.record({ peer, reason: text }),
  leave: fc.record({ reason: text, successor: fc.oneof(peer, fc.constant('')) }),
  heartbeat: fc.record({
    host: peer,
    version: small,
    inHand: fc.array(chunk, { maxLength: 4 }),
    standings,
    have: fc.array(
      fc.record({
        block: fc.constantFrom(ref.block, 'other'),
        microjob: small,
        bitmap: fc.uint8Array({ maxLength: 3 }),
        epoch: small,
        commitment: bytes,
        checked: small,
        attempt: small,
        reveals: small,
        reports: small,
      }),
      { maxLength: 3 },
    ),
  }),
  commit: fc.record({ commitment: bytes, epoch: small }),
  syncState: fc.record({ rounds: fc.array(roundInfo, { maxLength: 3 }) }),
  successor: fc.record({ round: fc.option(roundInfo, { nil: undefined }) }),
  chunkRequest: fc.record({ want: fc.nat() }),
  chunkGrant: fc.record({ chunks: fc.array(chunk, { maxLength: 5 }), attempt: small, deadlineMs: small }),
  grantNotice: fc.record({ peer, chunks: fc.array(chunk, { maxLength: 5 }), attempt: small, deadlineMs: small }),
  result: fc.record({ info: fc.option(info, { nil: undefined }), attempt: small, ms: small, data: fc.constant(undefined) }),
  resultsVoided: fc.record({ peer, chunks: fc.array(chunk, { maxLength: 5 }), epoch: small }),
  rootFixed: fc.record({
    root: bytes,
    attempt: small,
    commitments: fc.array(committed, { maxLength: 4 }),
    results: fc.array(info, { maxLength: 12 }),
    epoch: small,
    disputed: fc.array(chunk, { maxLength: 3 }),
    standings,
  }),
  reveal: fc.record({ secret: bytes, epoch: small, statement: bytes, signature: bytes }),
  verifierReport: fc.record({ body: bytes, signature: bytes, attempt: small }),
  checkReply: fc.record({ chunk, attempt: small, hash: bytes, statement: bytes, signature: bytes }),
  completed: fc.record({ certificate: bytes }),
}

const message = fc.oneof(
  ...Object.entries(bodies).map(([kind, value]) =>
    fc.record({
      block: fc.constantFrom(ref.block, ref.block, 'other'),
      microjob: fc.oneof(fc.constant(ref.microjob), small),
      term: fc.constantFrom(room.term, room.term, 0, 2, 3, 70),
      body: (value as fc.Arbitrary<unknown>).map((entry) => ({ case: kind, value: entry })),
    }),
  ),
) as fc.Arbitrary<Message>

const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('message' as const), from: peer, message }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('gossip' as const),
      from: peer,
      topic: fc.constantFrom(roomTopic(ref), 'elsewhere'),
      message,
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('tick' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('start' as const, 'pause' as const, 'resume' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('stop' as const), finish: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('connection' as const), peer, up: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('requestFailed' as const), peer }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('computed' as const),
      block: fc.constant(ref.block),
      microjob: fc.constant(ref.microjob),
      chunk,
      attempt: small,
      ms: small,
      result: fc.record({ peer, hash: bytes, fuel: small, engine: fc.constant('cpu'), bytes: small }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('computeFailed' as const),
      block: fc.constant(ref.block),
      microjob: fc.constant(ref.microjob),
      chunk,
      attempt: small,
      reason: text,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('verified' as const),
      block: fc.constant(ref.block),
      microjob: fc.constant(ref.microjob),
      attempt: small,
      checked: fc.array(fc.record({ chunk, hash: bytes }), { maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('signed' as const),
      bytes,
      signature: bytes,
      purpose: fc.record({
        kind: fc.constantFrom('report' as const, 'certificate' as const),
        block: fc.constant(ref.block),
        microjob: fc.constant(ref.microjob),
        attempt: small,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'work' as const, items: [] }) },
)

/** Other events in each run; `FC_SEED` repeats those of one run, `FC_RUNS` tries more of them. */
const SEED = Number(process.env['FC_SEED'] ?? randomInt(2 ** 31))
const RUNS = Number(process.env['FC_RUNS'] ?? 3_000)

describe('the machine', () => {
  it(`neither throws nor breaks an invariant, whatever happens in whatever state (again with FC_SEED=${SEED})`, () => {
    fc.assert(
      fc.property(
        fc.nat({ max: STATES.length - 1 }),
        fc.array(fc.tuple(happening, fc.integer({ min: -2_000, max: 20_000 })), { minLength: 1, maxLength: 25 }),
        (which, list) => {
          let state = structuredClone(STATES[which]!)
          let { now } = state
          for (const [what, ms] of list) {
            now += ms
            const step = reduce(state, { ...what, now } as RoomEvent)
            state = step.state
            expect(brokenInvariants(state, { ...what, now } as RoomEvent, step.effects)).toEqual([])
            // What it sends can be sent.
            for (const effect of step.effects) if (effect.type === 'send' || effect.type === 'publish') encodeMessage(effect.message)
          }
        },
      ),
      { numRuns: RUNS, seed: SEED },
    )
  }, 120_000)

  it('gives the same state and effects for the same state and event', () => {
    for (const state of STATES) {
      const event: RoomEvent = { type: 'tick', now: state.now + 1_000 }
      expect(reduce(structuredClone(state), event)).toEqual(reduce(structuredClone(state), event))
    }
  })
})
