import { describe, expect, it } from 'vitest'
import { hashBytes } from './ids.ts'
import { textBytes } from './bytes.ts'
import {
  beacon,
  canBeDrawn,
  commitment,
  drawBelow,
  drawCheck,
  drawOrder,
  drawSample,
  indexWalk,
  opensCommitment,
  resultRoot,
} from './draw.ts'

const bytes = (text: string): Uint8Array => hashBytes(textBytes(text))
const chunks = (peers: string[], count: number): { chunk: number; peer: string; hash: Uint8Array }[] =>
  Array.from({ length: count }, (_, i) => ({ chunk: i, peer: peers[i % peers.length]!, hash: bytes(`output ${i}`) }))

/** Everybody has passed the ten checks that it takes, but for those named, who passed fewer. */
const policy = (fewer: Record<string, number> = {}, disputed: number[] = []) => ({
  chunksPerCheck: 10,
  credibleAfter: 10,
  standings: ['a', 'b', 'c'].map((peer) => ({ peer, passed: fewer[peer] ?? 10 })),
  disputed,
  answerable: ['a', 'b', 'c'],
})
const peersOf = (all: { peer: string }[], sample: number[]): string[] => sample.map((chunk) => all[chunk]!.peer)

/** Chi-squared of observed counts against equal shares. */
function chiSquared(counts: number[]): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

describe('the index walk', () => {
  it('from 5 by 1 through ten is 5,6,7,8,9,0,1,2,3,4', () => {
    expect(indexWalk(5, 1, 10)).toEqual([5, 6, 7, 8, 9, 0, 1, 2, 3, 4])
  })

  it('from 5 by 3 through ten is 5,8,1,4,7,0,3,6,9,2', () => {
    expect(indexWalk(5, 3, 10)).toEqual([5, 8, 1, 4, 7, 0, 3, 6, 9, 2])
  })

  it.each([2, 4, 5, 6, 8, 10])('by %i through ten is impossible: it would not reach every index', (step) => {
    expect(() => indexWalk(5, step, 10)).toThrow(`step ${step} is not coprime with 10`)
  })

  it('reaches every index once for each step that is coprime with the count', () => {
    for (let count = 1; count <= 40; count++) {
      for (let step = 1; step <= count; step++) {
        let walk: number[]
        try {
          walk = indexWalk(step % count, step, count)
        } catch {
          continue
        }
        expect(new Set(walk).size).toBe(count)
      }
    }
  })
})

describe('the draw', () => {
  it('gives the same verifier, second and samples to whoever repeats it', () => {
    const stated = policy({ a: 8, b: 9 })
    const drawn = drawCheck(bytes('beacon'), ['a', 'b', 'c'], chunks(['a', 'b', 'c'], 30), stated)
    expect(drawn).toEqual(drawCheck(bytes('beacon'), ['a', 'b', 'c'], chunks(['a', 'b', 'c'], 30).reverse(), stated))
    expect(drawn).toMatchInlineSnapshot(`
      {
        "order": [
          "a",
          "c",
          "b",
        ],
        "sample": [
          1,
          19,
          23,
        ],
        "second": "c",
        "secondSample": [
          18,
          21,
          27,
        ],
        "verifier": "a",
      }
    `)
  })

  it('checks every chunk of a stranger, and of each processor as many as it lacks to be credible', () => {
    const all = chunks(['a', 'b', 'c'], 30)
    const sample = drawSample(bytes('x'), all, {
      ...policy(),
      standings: [
        { peer: 'b', passed: 7 },
        { peer: 'c', passed: 10 },
      ],
    })
    const checked = Map.groupBy(peersOf(all, sample), (peer) => peer)
    expect(checked.get('a')).toHaveLength(10)
    expect(checked.get('b')!.length).toBeGreaterThanOrEqual(3)
    expect(sample.length).toBeGreaterThanOrEqual(10 + 3 + 1)
    expect(sample.length).toBeLessThanOrEqual(10 + 3 + 2)
  })

  it('checks all of a processor that does not answer for its results, whatever it has passed', () => {
    const all = chunks(['a', 'b', 'c'], 60)
    const sample = drawSample(bytes('x'), all, { ...policy(), answerable: ['a', 'c'] })
    expect(peersOf(all, sample).filter((peer) => peer === 'b')).toHaveLength(20)
    expect(sample).toHaveLength(20 + 4)
  })

  it('takes one chunk in ten of what credible processors computed together, whoever computed it', () => {
    const all = chunks(['a', 'b', 'c'], 30)
    const counts = new Map<string, number>()
    for (let i = 0; i < 500; i++) {
      const sample = drawSample(bytes(`beacon ${i}`), all, policy())
      expect(sample).toHaveLength(3)
      for (const peer of peersOf(all, sample)) counts.set(peer, (counts.get(peer) ?? 0) + 1)
    }
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(100)
  })

  it('lets the beacon decide about the rest of the division, so that one in ten is checked on average', () => {
    let checked = 0
    for (let i = 0; i < 4_000; i++) checked += drawSample(bytes(`beacon ${i}`), chunks(['a', 'b', 'c'], 25), policy()).length
    // Five standard deviations around 2.5.
    expect(Math.abs(checked / 4_000 - 2.5)).toBeLessThan(5 * Math.sqrt(0.25 / 4_000))
  })

  it('always checks one chunk at least, and those with two answers', () => {
    const few = chunks(['a', 'b'], 4)
    for (let i = 0; i < 50; i++) expect(drawSample(bytes(`beacon ${i}`), few, policy())).toHaveLength(1)
    const sample = drawSample(bytes('x'), few, policy({}, [2, 3, 77]))
    expect(sample).toEqual(expect.arrayContaining([2, 3]))
    expect(sample.length).toBeLessThanOrEqual(3)
  })

  it("gives nobody's chunks to itself to check, and the verifier always something", () => {
    const all = chunks(['a', 'b', 'c'], 10)
    for (let i = 0; i < 200; i++) {
      const drawn = drawCheck(bytes(`beacon ${i}`), ['a', 'b', 'c'], all, policy({}, i % 2 === 0 ? [i % 10] : []))
      expect(drawn.order.toSorted((a, b) => a.localeCompare(b))).toEqual(['a', 'b', 'c'])
      expect(drawn.order[0]).toBe(drawn.verifier)
      expect(drawn.sample.length).toBeGreaterThan(0)
      expect(peersOf(all, drawn.sample)).not.toContain(drawn.verifier)
      expect(new Set(peersOf(all, drawn.secondSample))).toEqual(new Set(drawn.second === null ? [] : [drawn.verifier]))
      if (drawn.second !== null) expect(drawn.second).toBe(drawn.order[1])
    }
  })

  it('is impossible where somebody would go unchecked', () => {
    expect(canBeDrawn(['a'], chunks(['a'], 3))).toBe(false)
    expect(canBeDrawn(['a'], chunks(['a', 'b'], 3))).toBe(false)
    expect(canBeDrawn(['a'], chunks(['b'], 3))).toBe(true)
    expect(canBeDrawn(['a', 'b'], chunks(['a'], 3))).toBe(true)
    expect(() => drawCheck(bytes('x'), ['a'], chunks(['a'], 3), policy())).toThrow(RangeError)
  })

  it('draws each of ten members equally often over 20,000 beacons', () => {
    const members = Array.from({ length: 10 }, (_, i) => `m${i}`)
    const counts = members.map(() => 0)
    for (let i = 0; i < 20_000; i++) counts[members.indexOf(drawOrder(bytes(`beacon ${i}`), members)[0]!)]!++
    // 99.99% point of chi-squared with 9 degrees of freedom.
    expect(chiSquared(counts)).toBeLessThan(33.7)
  })

  it('checks each of ten chunks equally often over 20,000 beacons', () => {
    const counts = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 20_000; i++) for (const chunk of drawSample(bytes(`beacon ${i}`), chunks(['a'], 10), policy())) counts[chunk]!++
    expect(chiSquared(counts)).toBeLessThan(33.7)
  })

  it('lets nobody choose the verifier by the last secret revealed: it moves whichever secret, root or attempt changes', () => {
    const members = Array.from({ length: 8 }, (_, i) => `m${i}`)
    const secrets = members.map((peer) => bytes(`secret ${peer}`))
    const root = resultRoot(chunks(members, 16))
    const first = (list: Uint8Array[], from: Uint8Array, attempt: number): string =>
      drawOrder(beacon('room', from, attempt, list), members)[0]!
    const trials = 800
    let same = 0
    for (let i = 0; i < trials; i++) if (first(secrets.with(7, bytes(`other ${i}`)), root, 1) === first(secrets, root, 1)) same++
    // Chance is one in eight; five standard deviations around it.
    expect(Math.abs(same / trials - 1 / 8)).toBeLessThan(5 * Math.sqrt(((1 / 8) * (7 / 8)) / trials))
    expect(beacon('room', root, 1, secrets)).not.toEqual(beacon('room', root, 2, secrets))
    expect(beacon('room', root, 1, secrets)).not.toEqual(beacon('room', resultRoot(chunks(members, 15)), 1, secrets))
    expect(beacon('room', root, 1, secrets)).not.toEqual(beacon('other', root, 1, secrets))
  })

  it('refuses to draw below nothing', () => {
    expect(() => drawBelow(0, bytes('x'), 'label')).toThrow('cannot draw below 0')
  })
})

describe('a commitment', () => {
  it('opens with its secret, peer and room, and with nothing else', () => {
    const secret = bytes('secret')
    const committed = commitment(secret, 'a', 'room')
    expect(opensCommitment(secret, committed, 'a', 'room')).toBe(true)
    expect(opensCommitment(bytes('guess'), committed, 'a', 'room')).toBe(false)
    expect(opensCommitment(secret, committed, 'b', 'room')).toBe(false)
    expect(opensCommitment(secret, committed, 'a', 'elsewhere')).toBe(false)
    expect(opensCommitment(secret.subarray(0, 31), commitment(secret.subarray(0, 31), 'a', 'room'), 'a', 'room')).toBe(false)
  })
})
