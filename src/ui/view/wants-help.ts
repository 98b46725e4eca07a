import { kernelByCid } from '../../compute/kernels/index.ts'
import type { JobView, NodeSnapshot } from '../../node/api.ts'

/** Whether another tab can do something for a job: compute it, or check what has been computed. */
export function wantsHelp({ state }: Pick<JobView, 'state'>): boolean {
  return state !== 'verified' && state !== 'cancelled'
}

/** Whether a tab with these settings leaves a job to others, because its kernel is not built in. */
export function isLeftToOthers({ kernelCid }: Pick<JobView, 'kernelCid'>, settings: { allowCustomKernels: boolean }): boolean {
  return !settings.allowCustomKernels && kernelByCid(kernelCid) === null
}

/** Jobs that this tab can do something for at the moment. */
export function openHere({ jobs, contribution }: Pick<NodeSnapshot, 'jobs' | 'contribution'>): number {
  return jobs.filter((job) => wantsHelp(job) && !isLeftToOthers(job, contribution.settings)).length
}

/** Jobs that want help which this tab's settings refuse. */
export function openElsewhere({ jobs, contribution }: Pick<NodeSnapshot, 'jobs' | 'contribution'>): number {
  return jobs.filter((job) => wantsHelp(job) && isLeftToOthers(job, contribution.settings)).length
}
