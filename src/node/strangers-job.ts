import { jobCid } from '../domain/job.ts'
import type { Job } from '../domain/job.ts'
import { kernelCid } from '../domain/kernel.ts'
import type { Kernel } from '../domain/kernel.ts'
import { checkJob, chunkCount, microjobCount } from '../domain/plan.ts'
import type { JobRecord } from '../domain/record.ts'
import { jobFault, kernelFault } from './shapes.ts'

/** A job's record, or only whose job it is, where no figures are claimed. */
type Announced = Pick<JobRecord, 'job' | 'requester'> & Partial<Pick<JobRecord, 'chunks' | 'microjobs'>>

/** Why a stranger's job must not be worked on, or null. Manifest and kernel are whatever came from the network. */
export function strangersFault(record: Announced, job: Job, kernel: Kernel): string | null {
  const misshapen = jobFault(job) ?? kernelFault(kernel)
  if (misshapen !== null) return `its manifest cannot be read: ${misshapen}`
  if (jobCid(job) !== record.job || job.requester !== record.requester) return 'its manifest is not the one its record names'
  if (kernelCid(kernel) !== job.kernel) return 'its kernel is not the one its manifest names'
  try {
    checkJob(job, kernel.manifest)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const [chunks, microjobs] = [chunkCount(job), microjobCount(job)]
  if ((record.chunks ?? chunks) !== chunks || (record.microjobs ?? microjobs) !== microjobs)
    return `its record claims ${record.chunks} chunks in ${record.microjobs} microjobs, and its plan gives ${chunks} in ${microjobs}`
  return null
}
