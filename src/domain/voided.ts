import type { CertificateBody } from './certificate.ts'
import type { PeerId } from './ids.ts'
import type { DatabaseRecord, LedgerRecord, ResultRecord } from './record.ts'

/** When each peer was first proven wrong, ms since the epoch. */
export type Convicted = ReadonlyMap<PeerId, number>

/** What was certified so long before its peer was proven wrong stays, ms: a week, by then the output has been used. */
export const RECONSIDERED_MS = 7 * 24 * 3_600_000

/** Peers whom a conviction proves wrong. What others merely say of somebody costs it nothing. */
export function convictedIn(entries: readonly LedgerRecord[]): Map<PeerId, number> {
  const convicted = new Map<PeerId, number>()
  for (const entry of entries) {
    if (entry.kind === 'conviction')
      convicted.set(entry.culprit, Math.min(entry.createdAt, convicted.get(entry.culprit) ?? entry.createdAt))
  }
  return convicted
}

/** Chunks of peers who count as liars that nobody else has recomputed: who lies does not lie only where it was looked at. */
export function chunksOfLiars(
  { chunks, checked, verifier, second }: Pick<CertificateBody, 'chunks' | 'checked' | 'verifier' | 'second'>,
  isLiar: (peer: PeerId) => boolean,
): number[] {
  return chunks.flatMap(({ chunk, peer }) => {
    if (!isLiar(peer)) return []
    const checker = peer === verifier ? second : verifier
    const isChecked = checker !== null && !isLiar(checker) && checked.some((entry) => entry.chunk === chunk && entry.agrees)
    return isChecked ? [] : [chunk]
  })
}

/** Chunks of a result that no longer count and are computed again. */
export function voidedChunks({ certificate, createdAt }: Pick<ResultRecord, 'certificate' | 'createdAt'>, convicted: Convicted): number[] {
  if (convicted.size === 0) return []
  return chunksOfLiars(certificate.body, (peer) => createdAt > (convicted.get(peer) ?? Infinity) - RECONSIDERED_MS)
}

/** The result of a microjob that counts, and what of it does not. */
export interface CountedResult {
  record: ResultRecord
  /** In chunk order; the microjob is complete when there are none. */
  voided: number[]
}

/**
 * One result a microjob, in the order of their times: of several the one with the fewest voided chunks, then the
 * earliest, then the lowest host's. The same on every replica with the same records, which must have been checked.
 */
export function countedResults(records: readonly (DatabaseRecord | LedgerRecord)[], convicted: Convicted): CountedResult[] {
  const byMicrojob = new Map<string, CountedResult>()
  for (const record of records) {
    if (record.kind !== 'result') continue
    // The job's own id is part of the name: a block id does not prove whose block it is.
    const name = `${record.job}/${record.block}/${record.microjob}`
    const counted = { record, voided: voidedChunks(record, convicted) }
    const known = byMicrojob.get(name)
    if (known === undefined || isBetter(counted, known)) byMicrojob.set(name, counted)
  }
  return [...byMicrojob.values()].sort((a, b) => (isBefore(a.record, b.record) ? -1 : 1))
}

function isBetter(a: CountedResult, b: CountedResult): boolean {
  return a.voided.length !== b.voided.length ? a.voided.length < b.voided.length : isBefore(a.record, b.record)
}

function isBefore(a: ResultRecord, b: ResultRecord): boolean {
  return a.createdAt !== b.createdAt ? a.createdAt < b.createdAt : a.peer < b.peer
}
