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
  drawSecondSample,
  indexWalk,
  opensCommitment,
  resultRoot,
} from './draw.ts'

const bytes = (text: string): Uint8Array => hashBytes(textBytes(text))
const chunks = (peers: string[], count: number): { chunk: number; peer: string; hash: Uint8Array }[] =>
  Array.from({ length: count }, (_, i) => ({ chunk: i, peer: peers[i % peers.length]!, hash: bytes(`output ${i}`) }))

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
    const drawn = drawCheck(bytes('beacon'), ['a', 'b', 'c'], chunks(['a', 'b', 'c'], 30), 10)
    expect(drawn).toEqual(drawCheck(bytes('beacon'), ['a', 'b', 'c'], chunks(['a', 'b', 'c'], 30).reverse(), 10))
    expect(drawn).toMatchInlineSnapshot(`
      {
        "order": [
          "a",
          "c",
          "b",
        ],
        "sample": [
          1,
          20,
        ],
        "second": "c",
        "secondSample": [
          27,
        ],
        "verifier": "a",
      }
    `)
  })

  it("samples one of each other processor's ten, and the second one of the verifier's ten", () => {
    const all = chunks(['a', 'b', 'c'], 30)
    const { verifier, second, sample, secondSample } = drawCheck(bytes('x'), ['a', 'b', 'c'], all, 10)
    expect(sample.map((chunk) => all[chunk]!.peer).sort()).toEqual(['a', 'b', 'c'].filter((peer) => peer !== verifier))
    expect(secondSample.map((chunk) => all[chunk]!.peer)).toEqual([verifier])
    expect(second).not.toBe(verifier)
  })

  it('samples two of eleven and three of twenty-one', () => {
    expect(drawSample(bytes('x'), 'v', chunks(['a'], 11), 10)).toHaveLength(2)
    expect(drawSample(bytes('x'), 'v', chunks(['a'], 21), 10)).toHaveLength(3)
    expect(drawSecondSample(bytes('x'), 'a', chunks(['a'], 21), 10)).toHaveLength(3)
  })

  it('is impossible where somebody would go unchecked', () => {
    expect(canBeDrawn(['a'], chunks(['a'], 3))).toBe(false)
    expect(canBeDrawn(['a'], chunks(['a', 'b'], 3))).toBe(false)
    expect(canBeDrawn(['a'], chunks(['b'], 3))).toBe(true)
    expect(canBeDrawn(['a', 'b'], chunks(['a'], 3))).toBe(true)
    expect(() => drawCheck(bytes('x'), ['a'], chunks(['a'], 3), 10)).toThrow(RangeError)
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
    for (let i = 0; i < 20_000; i++) for (const chunk of drawSample(bytes(`beacon ${i}`), 'v', chunks(['a'], 10), 10)) counts[chunk]!++
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
