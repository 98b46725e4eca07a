import { Anchor } from '@mantine/core'
import { plural } from '../view/format.ts'

/** Why a tab does not take up so many open jobs, and what to do. */
export function LeftToOthers({ jobs }: { jobs: number }) {
  return (
    <>
      {jobs === 1 ? 'The job runs a kernel that is' : `${plural(jobs, 'open job')} run kernels that are`} not built in, which this tab
      leaves to others. <Anchor href="#/contribute">Under your limits</Anchor> you can allow such kernels.
    </>
  )
}
