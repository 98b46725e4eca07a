import type { JobView } from '../../node/api.ts'
import { duration, plural } from '../view/format.ts'

/** What is computed again although it was certified, and why; null when nothing is. */
export function recomputedSentence(recomputed: JobView['recomputed'], nameOf: (peer: string) => string): string | null {
  if (recomputed.length === 0) return null
  const chunks = recomputed.reduce((sum, entry) => sum + entry.chunks, 0)
  const names = recomputed.map(({ peer }) => nameOf(peer)).join(', ')
  return `${plural(chunks, 'chunk')} of ${names} ${chunks === 1 ? 'is' : 'are'} computed again, because ${recomputed.length === 1 ? 'it was' : 'they were'} proven wrong.`
}

/** Where a job stands, in a sentence that promises nothing that is not known. */
export function progressSentence(job: Pick<JobView, 'state' | 'etaSeconds' | 'chunksDone' | 'chunks' | 'found'>): string {
  switch (job.state) {
    case 'open':
      return 'Waiting for a tab that contributes.'
    case 'running':
      if (job.chunksDone >= job.chunks) return 'Computed; the last rooms are being checked.'
      if (job.etaSeconds !== null && job.etaSeconds < 1) return 'Nearly done.'
      return job.etaSeconds === null
        ? 'Running; how long it takes is not known yet.'
        : `About ${duration(job.etaSeconds)} left at the pace of the last minute.`
    case 'computed':
      return 'Computed, but not verified: another member has to check it.'
    case 'verified':
      return job.found ? 'Found and verified: the rest need not be searched.' : 'Complete and verified.'
    case 'cancelled':
      return 'Cancelled by its requester.'
  }
}
