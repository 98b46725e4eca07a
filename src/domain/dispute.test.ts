import { describe, expect, it } from 'vitest'
import { disputes, provenWrong, rightAnswer } from './dispute.ts'
import type { DisputedDraw } from './dispute.ts'
import { cidOfBytes } from './ids.ts'

const TRUE = cidOfBytes(new Uint8Array([1]))
const FALSE = cidOfBytes(new Uint8Array([2]))
const OTHER = cidOfBytes(new Uint8Array([3]))

/** ann computed chunk 7 and ben, who was drawn, says otherwise; cid, dan and eve are drawn next. */
function draw(claim: string, found: string, said: [peer: string, output: string][] = [], answers = true): DisputedDraw {
  const hash = new Uint8Array(32)
  return {
    chunks: [{ chunk: 7, peer: 'ann', output: claim }],
    entropy: ['ann', 'ben', 'cid', 'dan', 'eve'].map((peer) => ({
      peer,
      commitment: hash,
      secret: hash,
      statement: peer === 'ann' && answers ? new Uint8Array(64) : null,
    })),
    order: ['ben', 'cid', 'dan', 'eve'],
    verifier: 'ben',
    second: null,
    checked: [{ chunk: 7, peer: 'ann', expected: found, agrees: claim === found }],
    replies: said.map(([peer, output]) => ({ peer, chunk: 7, output })),
  }
}

function judged(given: DisputedDraw): { next: string | null; wrong: string[] | null } {
  const [dispute] = disputes(given)
  const right = rightAnswer(dispute!)
  return { next: dispute!.next, wrong: right === null ? null : provenWrong(dispute!, right) }
}

describe('a dispute', () => {
  it('is none where the checker agrees', () => {
    expect(disputes(draw(TRUE, TRUE))).toEqual([])
  })

  it('goes from arbiter to arbiter in the order of the draw, until one answer is two ahead', () => {
    expect(judged(draw(FALSE, TRUE))).toEqual({ next: 'cid', wrong: null })
    expect(judged(draw(FALSE, TRUE, [['cid', TRUE]]))).toEqual({ next: 'dan', wrong: null })
    const third: [string, string][] = [
      ['cid', TRUE],
      ['dan', TRUE],
    ]
    expect(judged(draw(FALSE, TRUE, third)).wrong).toEqual(['ann'])
    expect(judged(draw(TRUE, FALSE, third)).wrong).toEqual(['ben'])
  })

  it('hears nobody out of turn: those who back each other cannot outvote the one whose turn it is', () => {
    const early: [string, string][] = [
      ['dan', FALSE],
      ['eve', FALSE],
    ]
    expect(judged(draw(TRUE, FALSE, early))).toEqual({ next: 'cid', wrong: null })
  })

  it('is decided by one vote only when everybody has spoken, and by nobody alone', () => {
    const split: [string, string][] = [
      ['cid', TRUE],
      ['dan', FALSE],
    ]
    expect(judged(draw(FALSE, TRUE, split))).toEqual({ next: 'eve', wrong: null })
    expect(judged(draw(FALSE, TRUE, [...split, ['eve', TRUE]])).wrong).toEqual(['ann', 'dan'])
    expect(judged(draw(FALSE, TRUE, [...split, ['eve', OTHER]]))).toEqual({ next: null, wrong: null })
  })

  it('neither counts nor punishes the word of one that has not signed for it', () => {
    expect(judged(draw(FALSE, TRUE, [['cid', TRUE]], false)).wrong).toEqual([])
    const against: [string, string][] = [
      ['cid', FALSE],
      ['dan', FALSE],
      ['eve', FALSE],
    ]
    expect(judged(draw(FALSE, TRUE, against, false)).wrong).toEqual(['ben'])
  })
})
