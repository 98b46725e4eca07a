import type { JobView } from '../../node/api.ts'

/** Whether another tab can do something for a job: compute it, or check what has been computed. */
export function wantsHelp({ state }: Pick<JobView, 'state'>): boolean {
  return state !== 'verified' && state !== 'cancelled'
}
