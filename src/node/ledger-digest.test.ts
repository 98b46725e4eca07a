import { describe, expect, it, vi } from 'vitest'
import type { ConvictionRecord, LedgerRecord } from '../domain/record.ts'
import type { Ledger } from '../room/ports.ts'
import { LedgerDigest } from './ledger-digest.ts'
import { provenJob } from './test-proof.ts'

function ledgerOf(records: LedgerRecord[]) {
  let handler: (entries: readonly LedgerRecord[]) => void = () => undefined
  const ledger: Ledger = {
    append: () => Promise.reject(new Error('not of this ledger')),
    entries: vi.fn(() => [...records]),
    onEntries: (given) => {
      handler = given
      return () => undefined
    },
    stop: () => Promise.resolve(),
  }
  const add = (record: LedgerRecord): void => {
    records.push(record)
    handler([record])
  }
  return { ledger, add }
}

describe('a digest of the ledger', () => {
  it('reads the ledger again only after an entry has come', async () => {
    const { results } = await provenJob()
    const { ledger, add } = ledgerOf([results[0]!])
    const changed = vi.fn()
    const digest = new LedgerDigest(ledger, changed)
    expect(digest.view()).toMatchObject({ entries: 1, since: results[0]!.createdAt })
    expect(digest.view()).toBe(digest.view())
    expect(ledger.entries).toHaveBeenCalledTimes(1)
    add(results[1]!)
    expect(changed).toHaveBeenCalledOnce()
    expect(digest.view().entries).toBe(2)
  })

  it('judges once after each change, and believes nobody who was proven wrong', async () => {
    const { members, results } = await provenJob()
    const { ledger, add } = ledgerOf(results)
    const digest = new LedgerDigest(ledger, () => undefined)
    expect(digest.judge()?.convicted).toEqual(new Map())
    expect(digest.judge()).toBeNull()
    const culprit = members[1]!.self
    const { job, block, microjob, peer } = results[0]!
    const proof = {} as ConvictionRecord['proof']
    add({ kind: 'conviction', job, block, microjob, peer, culprit, createdAt: 9_000, proof })
    const judgement = digest.judge()
    expect(judgement?.convicted).toEqual(new Map([[culprit, 9_000]]))
    expect(judgement?.passed.get(culprit)).toBe(0)
  })
})
