import type { JobId, PeerId } from '../src/domain/ids.ts'

/** How much an archive keeps. */
export interface ArchiveQuotas {
  /** Bytes of the blocks of one requester's jobs. @default 512 MiB */
  bytesPerRequester: number
  /** Bytes of all blocks. @default 8 GiB */
  bytes: number
  /** Unfinished jobs of one requester, however small. @default 1,000, as many as the database keeps */
  jobsPerRequester: number
}

export const DEFAULT_QUOTAS: ArchiveQuotas = { bytesPerRequester: 512 * 1024 ** 2, bytes: 8 * 1024 ** 3, jobsPerRequester: 1_000 }

/** What an archive holds of one job. */
export interface Holding {
  job: JobId
  requester: PeerId
  /** ms since the epoch. */
  createdAt: number
  finished: boolean
  /** Bytes of its blocks. */
  bytes: number
}

/**
 * The jobs that have to go so that the rest is within the quotas, in the order in which they go: first those of
 * requesters beyond their share, then of everybody; unfinished before finished, the oldest first.
 */
export function jobsToDrop(holdings: Iterable<Holding>, quotas: ArchiveQuotas): JobId[] {
  const all = [...holdings].sort(firstToGo)
  const dropped = new Set<JobId>()
  for (const own of Map.groupBy(all, ({ requester }) => requester).values()) {
    const open = own.filter(({ finished }) => !finished)
    for (const { job } of open.slice(0, Math.max(0, open.length - quotas.jobsPerRequester))) dropped.add(job)
    drop(
      own.filter(({ job }) => !dropped.has(job)),
      quotas.bytesPerRequester,
      dropped,
    )
  }
  drop(
    all.filter(({ job }) => !dropped.has(job)),
    quotas.bytes,
    dropped,
  )
  return [...dropped]
}

function drop(sorted: readonly Holding[], most: number, dropped: Set<JobId>): void {
  let bytes = sorted.reduce((sum, holding) => sum + holding.bytes, 0)
  for (const holding of sorted) {
    if (bytes <= most) return
    if (holding.bytes === 0) continue
    dropped.add(holding.job)
    bytes -= holding.bytes
  }
}

function firstToGo(a: Holding, b: Holding): number {
  if (a.finished !== b.finished) return a.finished ? 1 : -1
  return a.createdAt - b.createdAt || (a.job < b.job ? -1 : 1)
}
