import { describe, expect, it } from 'vitest'
import type { CertificateBody } from './certificate.ts'
import { cidOfBytes } from './ids.ts'
import type { LedgerRecord, ResultRecord } from './record.ts'
import { chunksOfLiars, convictedIn, countedResults, RECONSIDERED_MS, voidedChunks } from './voided.ts'

const output = cidOfBytes(new Uint8Array(1))
const DAY = 24 * 3_600_000

/** Chunks 0, 1, … by these peers; ver checked the first ones, so many. */
function bodyOf(peers: string[], checks: number, verifier = 'ver', second: string | null = null): CertificateBody {
  const chunks = peers.map((peer, chunk) => ({ chunk, peer, output, fuel: 1, engine: 'cpu' as const }))
  const checked = chunks.slice(0, checks).map(({ chunk, peer }) => ({ chunk, peer, expected: output, agrees: true }))
  return { chunks, checked, verifier, second } as unknown as CertificateBody
}

function resultOf(body: CertificateBody, peer: string, createdAt: number): ResultRecord {
  const certificate = { body } as ResultRecord['certificate']
  return { kind: 'result', job: 'job', block: 'block', microjob: 0, peer, createdAt, certificate }
}

function convictionOf(culprit: string, createdAt: number, peer = 'ann'): LedgerRecord {
  return { kind: 'conviction', job: 'job', block: 'block', microjob: 9, peer, culprit, createdAt, proof: {} as never }
}

describe('chunks of one that is proven wrong', () => {
  const isLiar = (...liars: string[]): ((peer: string) => boolean) => liars.includes.bind(liars)

  it('are void where nobody else has recomputed them, and those of others stay', () => {
    expect(chunksOfLiars(bodyOf(['liar', 'ann', 'liar', 'liar'], 2), isLiar('liar'))).toEqual([2, 3])
    expect(chunksOfLiars(bodyOf(['ann', 'ben'], 0), isLiar('liar'))).toEqual([])
  })

  it('are void where only an accomplice has recomputed them, who was proven wrong as well', () => {
    const body = bodyOf(['liar', 'liar'], 2, 'pal')
    expect(chunksOfLiars(body, isLiar('liar'))).toEqual([])
    expect(chunksOfLiars(body, isLiar('liar', 'pal'))).toEqual([0, 1])
  })

  it('are void where it was the verifier and no second looked at them', () => {
    expect(chunksOfLiars(bodyOf(['liar'], 0, 'liar'), isLiar('liar'))).toEqual([0])
    expect(chunksOfLiars(bodyOf(['liar'], 1, 'liar', 'sue'), isLiar('liar'))).toEqual([])
  })

  it('are void in what was certified in the week before, and ever after', () => {
    const convicted = convictedIn([convictionOf('liar', 9 * DAY), convictionOf('liar', 8 * DAY, 'ben')])
    expect(convicted).toEqual(new Map([['liar', 8 * DAY]]))
    expect(RECONSIDERED_MS).toBe(7 * DAY)
    const at = (createdAt: number): number[] => voidedChunks(resultOf(bodyOf(['liar'], 0), 'ann', createdAt), convicted)
    expect(at(DAY)).toEqual([])
    expect(at(DAY + 1)).toEqual([0])
    expect(at(100 * DAY)).toEqual([0])
  })
})

describe('of several results of one microjob', () => {
  const lied = resultOf(bodyOf(['liar', 'ann'], 0), 'ann', DAY)
  const again = resultOf(bodyOf(['ben', 'ann'], 0), 'ann', 2 * DAY)

  it('the earliest counts, and one made without the liar once it is found out', () => {
    const records = [again, lied]
    expect(countedResults(records, new Map())).toEqual([{ record: lied, voided: [] }])
    expect(countedResults(records, new Map([['liar', 2 * DAY]]))).toEqual([{ record: again, voided: [] }])
    expect(countedResults([lied], new Map([['liar', 2 * DAY]]))).toEqual([{ record: lied, voided: [0] }])
  })
})
