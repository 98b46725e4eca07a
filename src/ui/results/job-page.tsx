import { Alert, Anchor, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { JobView } from '../../node/api.ts'
import { JobBadge } from '../parts/job-badge.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { PeerName } from '../parts/peer-name.tsx'
import { Section } from '../parts/section.tsx'
import { SharePanel } from '../parts/share-panel.tsx'
import { useSnapshot } from '../state/ui.ts'
import { dateTime } from '../view/format.ts'
import { kernelName } from '../view/kernel-name.ts'
import { wantsHelp } from '../view/wants-help.ts'
import { CancelButton } from './cancel-button.tsx'
import { Certificates } from './certificates.tsx'
import { Contributors } from './contributors.tsx'
import { Downloads } from './downloads.tsx'
import { JobProgress } from './job-progress.tsx'
import { OutputView } from './output-view.tsx'
import { Source } from './source.tsx'
import { useOutput } from './use-output.ts'

/** One job: its result as it fills in, who computed it, and the proof. */
export function JobPage({ job }: { job: string }) {
  const view = useSnapshot<JobView | null>((snapshot) => snapshot.jobs.find((candidate) => candidate.id === job) ?? null, null)
  const ended = view !== null && !wantsHelp(view)
  const { output, error } = useOutput(view === null ? null : job, ended ? view.microjobsVerified : 0)
  const [sharing, setSharing] = useState(false)
  // It stays while the page is shown: the result must not move when the job ends.
  if (view !== null && !ended && !sharing) setSharing(true)
  if (view === null) return <UnknownJob job={job} />
  return (
    <Stack gap="lg">
      <PageHead title={view.title}>
        <JobBadge state={view.state} testId="job-state" /> {kernelName(view)}, submitted {dateTime(view.createdAt)} by{' '}
        <PeerName peer={view.requester} />. <Anchor href="#/results">All results</Anchor>
      </PageHead>
      <JobProgress job={view} />
      {sharing && <SharePanel job={job} ended={ended} />}
      <Section title="Result">
        {error !== '' && (
          <Alert color="red" variant="light" role="alert" title="The result could not be read">
            {error}
          </Alert>
        )}
        {output === null ? (
          <Text c="dimmed">{error === '' ? 'Being fetched…' : 'It is tried again every two seconds.'}</Text>
        ) : (
          <OutputView output={output} computed={view.chunksDone} />
        )}
        {output !== null && <Downloads output={output} title={view.title} cancelled={view.state === 'cancelled'} />}
      </Section>
      <div className="columns">
        <Section title="Who computed it">
          <Contributors job={view} />
        </Section>
        <Section title="Certificates">
          <Certificates certificates={output?.certificates ?? []} microjobs={view.microjobs} />
        </Section>
      </div>
      {output !== null && <Source job={output.job} kernel={output.kernel} />}
      {view.mine && !ended && <CancelButton job={job} />}
      <Text size="xs" c="dimmed" className="wrap-anywhere">
        Job <span data-testid="job-id">{job}</span>
      </Text>
    </Stack>
  )
}

function UnknownJob({ job }: { job: string }) {
  return (
    <Stack gap="lg">
      <PageHead title="Results">
        <Anchor href="#/results">All results</Anchor>
      </PageHead>
      <Alert variant="light" title="This job is not known here yet" role="status">
        <Text size="sm" className="wrap-anywhere">
          {job} has not reached this tab. It will appear as soon as the job database has it; that needs a relay, or another tab that has it.
        </Text>
      </Alert>
    </Stack>
  )
}
