import { describe, expect, it } from 'vitest'
import type { Conviction } from './certificate.ts'
import { cidOfBytes } from './ids.ts'
import { passesToBeCredible, standings } from './credibility.ts'
import type { LedgerRecord } from './record.ts'

const output = cidOfBytes(new Uint8Array(1))

function resultOf(microjob: number, host: string, checked: string[], verifier = 'ver'): LedgerRecord {
  const entries = checked.map((peer, chunk) => ({ chunk, peer, expected: output, agrees: true }))
  const certificate = { body: { chunks: [], checked: entries, verifier, second: null } } as unknown as Extract<
    LedgerRecord,
    { kind: 'result' }
  >['certificate']
  return { kind: 'result', job: 'job', block: 'block', microjob, peer: host, createdAt: microjob, certificate }
}

function refusalOf(peer: string, culprit: string): LedgerRecord {
  return { kind: 'refusal', job: 'job', block: 'block', microjob: 2, peer, culprit, reason: 'proven wrong by two', createdAt: 9 }
}

function convictionOf(peer: string, culprit: string): LedgerRecord {
  return { kind: 'conviction', job: 'job', block: 'block', microjob: 2, peer, culprit, createdAt: 9, proof: {} as Conviction }
}

describe('credibility', () => {
  it('takes ten passed checks for one wrong chunk in a hundred, and ten times as many for a tenth of that', () => {
    expect(passesToBeCredible(0.01)).toBe(10)
    expect(passesToBeCredible(0.001)).toBe(92)
    expect(passesToBeCredible(1)).toBe(1)
  })

  it('is what others recomputed, each microjob once, however many hosts certify it', () => {
    const known = standings([
      resultOf(0, 'ann', ['ben', 'ben', 'cid']),
      resultOf(0, 'zoe', ['ben', 'ben', 'ben']),
      resultOf(1, 'ann', ['ben']),
    ])
    expect(known).toEqual(
      new Map([
        ['ben', 3],
        ['cid', 1],
      ]),
    )
  })

  it('is lost whole by a proof, and not by what others say, however many', () => {
    const earned = [resultOf(0, 'ann', ['ben', 'ben']), resultOf(1, 'ann', ['cid'])]
    expect(standings([...earned, refusalOf('ann', 'ben'), refusalOf('cid', 'ben')]).get('ben')).toBe(2)
    const lost = standings([...earned, convictionOf('ann', 'ben')])
    expect(lost.get('ben')).toBe(0)
    expect(lost.get('cid')).toBe(1)
  })

  it('is not earned by the checks of one that was proven wrong', () => {
    const earned = [resultOf(0, 'ann', ['ben', 'ben']), resultOf(1, 'ann', ['cid'], 'liar')]
    expect(standings(earned).get('cid')).toBe(1)
    expect(standings([...earned, convictionOf('ann', 'liar')]).get('cid')).toBeUndefined()
  })
})
