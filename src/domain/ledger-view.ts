import type { JobId, PeerId } from './ids.ts'
import type { LedgerRecord, RefusalRecord, ResultRecord } from './record.ts'
import { convictedIn, countedResults } from './voided.ts'

/** A peer's place among all. */
export interface LeaderboardRow {
  peer: PeerId
  /** Verified fuel: items and loop iterations. */
  credit: number
  /** Verified chunks. */
  chunks: number
  /** Microjobs in which it computed, checked or was host. */
  microjobs: number
  /** Microjobs in which it was refused. */
  refusals: number
}

/** One line of a peer's history, newest first. */
export interface HistoryEntry {
  job: JobId
  microjob: number
  /** ms since the epoch. */
  at: number
  role: 'processor' | 'checker' | 'host'
  chunks: number
  credit: number
}

/** What the ledger knows of one job. */
export interface JobHistory {
  results: ResultRecord[]
  refusals: RefusalRecord[]
  /** Verified fuel of all who computed it, without what was voided. */
  credit: number
}

/**
 * Verified fuel by peer, most first, then by peer id. Each microjob counts once, however many hosts certified it: the
 * certificate that counts, and what of it was voided earns nothing. Entries must have been checked; a store returns no others.
 */
export function leaderboard(entries: readonly LedgerRecord[]): LeaderboardRow[] {
  const rows = new Map<PeerId, LeaderboardRow>()
  const rowOf = (peer: PeerId): LeaderboardRow => {
    let row = rows.get(peer)
    if (row === undefined) rows.set(peer, (row = { peer, credit: 0, chunks: 0, microjobs: 0, refusals: 0 }))
    return row
  }
  for (const { record, voided } of countedResults(entries, convictedIn(entries))) {
    const { body } = record.certificate
    for (const { chunk, peer, fuel } of body.chunks) {
      if (voided.includes(chunk)) continue
      const row = rowOf(peer)
      row.credit += fuel
      row.chunks++
    }
    const present = new Set([
      body.host,
      body.verifier,
      ...(body.second === null ? [] : [body.second]),
      ...body.chunks.map(({ peer }) => peer),
    ])
    for (const peer of present) rowOf(peer).microjobs++
  }
  // Everybody who saw it reports it.
  for (const name of new Set(refusals(entries).map(({ block, microjob, culprit }) => `${culprit} ${block} ${microjob}`))) {
    rowOf(name.split(' ')[0]!).refusals++
  }
  return [...rows.values()].sort((a, b) => b.credit - a.credit || (a.peer < b.peer ? -1 : 1))
}

/** What one peer did, newest first. */
export function peerHistory(entries: readonly LedgerRecord[], peer: PeerId): HistoryEntry[] {
  const history: HistoryEntry[] = []
  for (const { record, voided } of countedResults(entries, convictedIn(entries))) {
    const { job, microjob, createdAt, certificate } = record
    const { chunks, verifier, second, host } = certificate.body
    const own = chunks.filter((entry) => entry.peer === peer && !voided.includes(entry.chunk))
    const role = own.length > 0 ? 'processor' : verifier === peer || second === peer ? 'checker' : host === peer ? 'host' : null
    if (role !== null)
      history.push({ job, microjob, at: createdAt, role, chunks: own.length, credit: own.reduce((sum, { fuel }) => sum + fuel, 0) })
  }
  return history.sort((a, b) => b.at - a.at)
}

/** What became of one job. */
export function jobHistory(entries: readonly LedgerRecord[], job: JobId): JobHistory {
  const own = entries.filter((entry) => entry.job === job)
  // Whoever was proven wrong may have been so in another job.
  const results = countedResults(own, convictedIn(entries))
  const credit = results
    .flatMap(({ record, voided }) => record.certificate.body.chunks.filter(({ chunk }) => !voided.includes(chunk)))
    .reduce((sum, { fuel }) => sum + fuel, 0)
  return { results: results.map(({ record }) => record), refusals: refusals(own), credit }
}

/** The ledger holds at most one refusal for a reporter, a culprit and a microjob. */
function refusals(entries: readonly LedgerRecord[]): RefusalRecord[] {
  return entries.filter((entry) => entry.kind === 'refusal')
}
