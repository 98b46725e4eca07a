import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { hex } from '../domain/bytes.ts'
import { encodeCanonical, hashBytes } from '../domain/ids.ts'
import type { DatabaseRecord, LedgerRecord } from '../domain/record.ts'
import type { Convicted } from '../domain/voided.ts'
import { claim, conviction, jobRecord, partial, refusal, result, tombstone } from '../room/store-fixtures.ts'
import { JobSet, LedgerSet, TAB_LIMITS } from './record-set.ts'
import type { RecordSet } from './record-set.ts'
import { newSigner } from './test-node.ts'

/** What a record set is told: records, and whom the ledger has convicted by then. */
type Step = DatabaseRecord | LedgerRecord | { convicted: Convicted }

const NOW = 5_000

function stateOf(set: RecordSet): unknown {
  const names = (items: { digest: Uint8Array }[]): string[] => items.map(({ digest }) => hex(digest)).sort()
  return {
    all: set
      .records()
      .map((record) => hex(hashBytes(encodeCanonical(record))))
      .sort(),
    live: names(set.live(NOW)),
    rest: names(set.rest(NOW)),
  }
}

function fill<S extends RecordSet>(set: S, steps: readonly Step[]): S {
  for (const step of steps) {
    if ('convicted' in step) (set as unknown as JobSet).convict(step.convicted)
    else {
      const bytes = encodeCanonical(step)
      set.add({ signed: { record: step, signature: new Uint8Array(64) }, hash: hex(hashBytes(bytes)), digest: hashBytes(bytes) })
    }
  }
  return set
}

/** The same steps in two orders, some of them more than once. */
const twice = (steps: readonly Step[]) =>
  fc.tuple(
    ...[0, 1].map(() =>
      fc.tuple(fc.shuffledSubarray([...steps], { minLength: steps.length }), fc.array(fc.constantFrom(...steps), { maxLength: 10 })),
    ),
  )

describe('two replicas that have heard the same', () => {
  let jobSteps: Step[]
  let ledgerSteps: Step[]

  beforeAll(async () => {
    const members = await Promise.all([0, 1, 2, 3].map(newSigner))
    const [ann, ben, cid] = members as [(typeof members)[0], (typeof members)[0], (typeof members)[0]]
    const jobs = [jobRecord(ann, 'one', 1_000, 1), jobRecord(ann, 'two', 1_001, 2), jobRecord(ben, 'three', 1_002)]
    const [one, two, three] = jobs.map(({ job }) => job) as [string, string, string]
    const done = await result(members, one, 2_000)
    const checked = done.certificate.body.checked.map(({ chunk }) => chunk)
    const liar = done.certificate.body.chunks.find(({ chunk }) => !checked.includes(chunk))!.peer
    const honest = members.filter(({ self }) => self !== liar)
    jobSteps = [
      ...jobs,
      { ...jobs[0]!, createdAt: 900 },
      { ...jobs[0]!, requester: cid.self },
      claim(ann, one, 1_500, 9_000),
      claim(ann, one, 1_500, 8_000, 2),
      claim(ben, one, 1_600, 2_000),
      partial(ann, two, 1_700, [0, 1]),
      partial(ann, two, 1_800, [2]),
      done,
      { ...done, createdAt: 2_100 },
      await result(honest, one, 2_200),
      await result(honest, two, 2_300),
      await result(honest, three, 2_400),
      tombstone(ann, two, 3_000),
      tombstone(ben, two, 3_100),
      { convicted: new Map([[liar, 3_000]]) },
    ]
    ledgerSteps = [
      done,
      { ...done, createdAt: 2_100 },
      ...Array.from({ length: 8 }, (_, i) => refusal(members[i % 2]!, [one, two, three, one][i >> 1]!, cid.self, 1_000 + i)),
      await conviction(members, one, 1_000),
      await conviction(members, two, 1_001),
    ]
  })

  it('have the same jobs and the same work before them, whatever the order and however often', () => {
    fc.assert(
      fc.property(twice(jobSteps), ([a, b]) => {
        const [one, other] = [a!, b!].map(([steps, again]) => stateOf(fill(new JobSet(TAB_LIMITS, 'self'), [...steps, ...again])))
        expect(one).toEqual(other)
      }),
      { numRuns: 200 },
    )
  })

  it('have the same ledger, whatever the order and however often, even beyond one peer’s share', () => {
    fc.assert(
      fc.property(twice(ledgerSteps), ([a, b]) => {
        const limits = { ...TAB_LIMITS, refusalsPerPeer: 2 }
        const [one, other] = [a!, b!].map(([steps, again]) => stateOf(fill(new LedgerSet(limits), [...steps, ...again])))
        expect(one).toEqual(other)
      }),
      { numRuns: 200 },
    )
  })
})
