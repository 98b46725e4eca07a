import { Alert, Anchor, Progress, Text } from '@mantine/core'
import { JobBadge } from '../parts/job-badge.tsx'
import { formatRoute } from '../state/route.ts'
import { useSnapshot } from '../state/ui.ts'
import { percent, shortId } from '../view/format.ts'
import { kernelName } from '../view/kernel-name.ts'
import { isLeftToOthers, wantsHelp } from '../view/wants-help.ts'

/** The job that a shared link named. */
export function InvitedJob({ job }: { job: string }) {
  const view = useSnapshot((snapshot) => snapshot.jobs.find((candidate) => candidate.id === job) ?? null, null)
  const left = useSnapshot((snapshot) => view !== null && isLeftToOthers(view, snapshot.contribution.settings), false)
  if (view === null) {
    return (
      <Alert variant="light" title="You were invited to a job" role="status">
        Job {shortId(job)} has not reached this tab yet. It will appear here as soon as the database has it; you can start right away.
      </Alert>
    )
  }
  return (
    <Alert variant="light" title={<span role="status">{view.mine ? 'Your job' : 'You were invited to this job'}</span>} role="group">
      <Text size="sm" mb="xs">
        <Anchor href={formatRoute({ place: 'results', job })} fw={600}>
          {view.title}
        </Anchor>{' '}
        ({kernelName(view)}), {percent(view.chunksDone, view.chunks)} computed <JobBadge state={view.state} />
      </Text>
      {wantsHelp(view) && left && (
        <Text size="sm" mb="xs">
          It runs a kernel that is not built in. To help, allow such kernels under your limits below.
        </Text>
      )}
      <Progress value={(100 * view.chunksDone) / Math.max(1, view.chunks)} aria-label="Chunks computed" />
    </Alert>
  )
}
