import { Anchor, Button, Group, Paper, Progress, SegmentedControl, Stack, Text } from '@mantine/core'
import { memo, useState } from 'react'
import type { JobView } from '../../node/api.ts'
import { JobBadge } from '../parts/job-badge.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { CHECK, formatRoute } from '../state/route.ts'
import { useSnapshot } from '../state/ui.ts'
import { kernelName } from '../view/kernel-name.ts'
import { dateTime, percent, plural } from '../view/format.ts'

const NONE: JobView[] = []
/** Jobs shown at first, and more each time. */
const STEP = 25

/** Every job that the database knows, the latest first. */
export function JobList() {
  const jobs = useSnapshot((snapshot) => snapshot.jobs, NONE)
  const [whose, setWhose] = useState('all')
  const [shown, setShown] = useState(STEP)
  const listed = jobs.filter((job) => whose === 'all' || job.mine).toSorted((a, b) => b.createdAt - a.createdAt)
  return (
    <Stack gap="lg">
      <PageHead title="Results">Every job that this tab knows of, kept across visits. Only what has been verified counts as done.</PageHead>
      <Group justify="space-between">
        <SegmentedControl
          aria-label="Whose jobs"
          value={whose}
          onChange={setWhose}
          data={[
            { value: 'all', label: 'All jobs' },
            { value: 'mine', label: 'Submitted here' },
          ]}
        />
        <Anchor href={formatRoute({ place: 'results', job: CHECK })}>Check a certificate</Anchor>
      </Group>
      {listed.length === 0 ? (
        <Stack align="start">
          <Text c="dimmed">{whose === 'all' ? 'No job is known yet.' : 'Nothing has been submitted from this browser yet.'}</Text>
          <Button component="a" href="#/submit" variant="default">
            Submit a job
          </Button>
        </Stack>
      ) : (
        <ul className="jobs">
          {listed.slice(0, shown).map((job) => (
            <JobLine key={job.id} job={job} />
          ))}
        </ul>
      )}
      {listed.length > shown && (
        <Button variant="default" onClick={() => setShown(shown + STEP)}>
          Show more
        </Button>
      )}
    </Stack>
  )
}

const JobLine = memo(function JobLine({ job }: { job: JobView }) {
  return (
    <Paper withBorder p="md" component="li" data-job={job.id} data-state={job.state}>
      <Group justify="space-between" align="start">
        <div className="grow">
          <Anchor href={formatRoute({ place: 'results', job: job.id })} fw={600} className="wrap-anywhere">
            {job.title}
          </Anchor>
          <Text size="sm" c="dimmed">
            {kernelName(job)} · {plural(job.chunks, 'chunk')} · {dateTime(job.createdAt)}
            {job.mine ? ' · submitted here' : ''}
          </Text>
        </div>
        <JobBadge state={job.state} />
      </Group>
      <Progress.Root mt="sm" size="sm">
        <Progress.Section
          value={share(job.chunksVerified, job.chunks)}
          color="spruce"
          aria-label={`${percent(job.chunksVerified, job.chunks)} verified`}
        />
        <Progress.Section
          value={share(job.chunksDone - job.chunksVerified, job.chunks)}
          color="spruce.3"
          aria-label={`${percent(job.chunksDone, job.chunks)} computed`}
        />
      </Progress.Root>
    </Paper>
  )
})

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * Math.max(0, part)) / whole
}
