import type { JobView } from '../../node/api.ts'
import { duration, plural } from '../view/format.ts'

/** What is computed again although it was certified, and why; null when nothing is. */
export function recomputedSentence(recomputed: JobView['recomputed'], nameOf: (peer: string) => string): string | null {
  if (recomputed.length === 0) return null
  const chunks = recomputed.reduce((sum, entry) => sum + entry.chunks, 0)
  const names = recomputed.map(({ peer }) => nameOf(peer)).join(', ')
  return `${plural(chunks, 'chunk')} of ${names} ${chunks === 1 ? 'is' : 'are'} computed again, because ${recomputed.length === 1 ? 'it was' : 'they were'} proven wrong.`
}

/** Where a job stands, in a sentence that changes only when its state does: it is read aloud. */
export function progressSentence(job: Pick<JobView, 'state' | 'chunksDone' | 'chunks' | 'found'>): string {
  switch (job.state) {
    case 'open':
      return 'Waiting for a tab that takes it up.'
    case 'running':
      return 'Running.'
    case 'computed':
      return 'Computed, but not verified yet: another tab has to check it. The link below brings one.'
    case 'verified':
      return job.found ? 'Found and verified: the rest need not be searched.' : 'Complete and verified.'
    case 'cancelled':
      return 'Cancelled by its requester.'
  }
}

/** How long a running job still takes, promising nothing that is not known; null when that is no question. */
export function timeLeft({ state, etaSeconds, chunksDone, chunks }: Pick<JobView, 'state' | 'etaSeconds' | 'chunksDone' | 'chunks'>) {
  if (state !== 'running' || chunksDone >= chunks) return null
  if (etaSeconds === null) return 'How long it takes is not known yet.'
  return etaSeconds < 1 ? 'Nearly done.' : `About ${duration(etaSeconds)} left at the pace of the last minute.`
}

/** Why a result shows nothing, when so many chunks of it are computed. */
export function nothingHere(computed: number): string {
  return computed === 0
    ? 'Nothing is computed yet.'
    : 'What is computed has not arrived here yet: it is fetched from the tabs that have it.'
}
