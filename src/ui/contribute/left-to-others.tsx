import { Anchor } from '@mantine/core'
import { plural } from '../view/format.ts'

/** Why this tab does not take up so many open jobs, or the one that the page shows, and what to do. */
export function LeftToOthers({ jobs = null }: { jobs?: number | null }) {
  const which =
    jobs === null
      ? 'This job runs a kernel that is'
      : jobs === 1
        ? 'The open job runs a kernel that is'
        : `${plural(jobs, 'open job')} run kernels that are`
  return (
    <>
      {which} not built in, which this tab leaves to others. <Anchor href="#/contribute">Under your limits</Anchor> you can allow such
      kernels.
    </>
  )
}
