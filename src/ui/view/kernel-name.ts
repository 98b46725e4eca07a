import { kernelByCid } from '../../compute/kernels/index.ts'
import type { JobView } from '../../node/api.ts'
import { shortId } from './format.ts'

/** The kernel of a job as people see it, also before the manifest of the job has arrived. */
export function kernelName({ kernel, kernelCid }: Pick<JobView, 'kernel' | 'kernelCid'>): string {
  if (kernel !== kernelCid) return kernel
  return kernelByCid(kernelCid)?.manifest.name ?? `kernel ${shortId(kernelCid)}`
}
