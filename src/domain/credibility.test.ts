import { describe, expect, it } from 'vitest'
import { cidOfBytes } from './ids.ts'
import { passesToBeCredible, standings } from './credibility.ts'
import type { LedgerRecord } from './record.ts'

const output = cidOfBytes(new Uint8Array(1))

function resultOf(microjob: number, host: string, checked: string[]): LedgerRecord {
  const entries = checked.map((peer, chunk) => ({ chunk, peer, expected: output, agrees: true }))
  const certificate = { body: { checked: entries } } as unknown as Extract<LedgerRecord, { kind: 'result' }>['certificate']
  return { kind: 'result', job: 'job', block: 'block', microjob, peer: host, createdAt: microjob, certificate }
}

function refusalOf(microjob: number, peer: string, culprit: string, reason = 'proven wrong by two'): LedgerRecord {
  return { kind: 'refusal', job: 'job', block: 'block', microjob, peer, culprit, reason, createdAt: 9 }
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

  it('is lost whole by what two others saw, not by what one says or what was merely late', () => {
    const earned = [resultOf(0, 'ann', ['ben', 'ben']), resultOf(1, 'ann', ['cid'])]
    expect(standings([...earned, refusalOf(2, 'ann', 'ben')]).get('ben')).toBe(2)
    expect(standings([...earned, refusalOf(2, 'ann', 'ben'), refusalOf(3, 'cid', 'ben')]).get('ben')).toBe(2)
    expect(standings([...earned, refusalOf(2, 'ann', 'ben', 'late'), refusalOf(2, 'cid', 'ben', 'late')]).get('ben')).toBe(2)
    expect(standings([...earned, refusalOf(2, 'ann', 'ben'), refusalOf(2, 'ben', 'ben')]).get('ben')).toBe(2)
    const lost = standings([...earned, refusalOf(2, 'ann', 'ben'), refusalOf(2, 'cid', 'ben')])
    expect(lost.get('ben')).toBe(0)
    expect(lost.get('cid')).toBe(1)
  })
})
