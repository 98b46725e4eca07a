import type { JobId, PeerId } from './ids.ts'
import type { LedgerRecord, RefusalRecord, ResultRecord } from './record.ts'

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
  /** Verified fuel of all who computed it. */
  credit: number
}

/**
 * Verified fuel by peer, most first, then by peer id. Each microjob counts once, however many hosts certified it: the
 * earliest certificate, then the lowest host. Entries must have been checked; a store returns no others.
 */
export function leaderboard(entries: readonly LedgerRecord[]): LeaderboardRow[] {
  const rows = new Map<PeerId, LeaderboardRow>()
  const rowOf = (peer: PeerId): LeaderboardRow => {
    let row = rows.get(peer)
    if (row === undefined) rows.set(peer, (row = { peer, credit: 0, chunks: 0, microjobs: 0, refusals: 0 }))
    return row
  }
  for (const { certificate } of canonicalResults(entries)) {
    const { body } = certificate
    for (const { peer, fuel } of body.chunks) {
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
  for (const { job, microjob, createdAt, certificate } of canonicalResults(entries)) {
    const { chunks, verifier, second, host } = certificate.body
    const own = chunks.filter((chunk) => chunk.peer === peer)
    const role = own.length > 0 ? 'processor' : verifier === peer || second === peer ? 'checker' : host === peer ? 'host' : null
    if (role !== null)
      history.push({ job, microjob, at: createdAt, role, chunks: own.length, credit: own.reduce((sum, { fuel }) => sum + fuel, 0) })
  }
  return history.sort((a, b) => b.at - a.at)
}

/** What became of one job. */
export function jobHistory(entries: readonly LedgerRecord[], job: JobId): JobHistory {
  const own = entries.filter((entry) => entry.job === job)
  const results = canonicalResults(own)
  const credit = results.reduce((sum, { certificate }) => sum + certificate.body.chunks.reduce((all, { fuel }) => all + fuel, 0), 0)
  return { results, refusals: refusals(own), credit }
}

/** One result a microjob, in the order of their times. */
export function canonicalResults(entries: readonly LedgerRecord[]): ResultRecord[] {
  const byMicrojob = new Map<string, ResultRecord>()
  for (const entry of entries) {
    if (entry.kind !== 'result') continue
    const name = `${entry.block}/${entry.microjob}`
    const known = byMicrojob.get(name)
    if (known === undefined || isBefore(entry, known)) byMicrojob.set(name, entry)
  }
  return [...byMicrojob.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1))
}

/** The ledger holds at most one refusal for a reporter, a culprit and a microjob. */
function refusals(entries: readonly LedgerRecord[]): RefusalRecord[] {
  return entries.filter((entry) => entry.kind === 'refusal')
}

function isBefore(a: ResultRecord, b: ResultRecord): boolean {
  return a.createdAt !== b.createdAt ? a.createdAt < b.createdAt : a.peer < b.peer
}
