import { Anchor, Group, Paper, Progress, Text } from '@mantine/core'
import type { JobView } from '../../node/api.ts'
import { formatRoute } from '../state/route.ts'
import { useSnapshot } from '../state/ui.ts'
import { count, percent, shortId } from '../view/format.ts'
import { LeftToOthers } from '../contribute/left-to-others.tsx'
import { isLeftToOthers, wantsHelp } from '../view/wants-help.ts'
import { progressSentence, recomputedSentence, timeLeft } from './progress-sentence.ts'

/** How far the job is: computed and verified apart, because only one of them is done. */
export function JobProgress({ job }: { job: JobView }) {
  const idle = useSnapshot((snapshot) => snapshot.contribution.state === 'off', false)
  const left = useSnapshot((snapshot) => isLeftToOthers(job, snapshot.contribution.settings), false)
  const self = useSnapshot((snapshot) => snapshot.peer, '')
  const recomputed = recomputedSentence(job.recomputed, (peer) => (peer === self ? 'this tab' : shortId(peer)))
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="xs">
        <Text>
          <span role="status">{progressSentence(job)}</span> {timeLeft(job)}
        </Text>
        <Text size="sm" c="dimmed">
          <span data-testid="chunks-computed">{count(job.chunksDone)}</span> computed,{' '}
          <span data-testid="chunks-verified">{count(job.chunksVerified)}</span> verified, of{' '}
          <span data-testid="chunks-all">{count(job.chunks)}</span> chunks
        </Text>
      </Group>
      <Text size="sm" mb={2}>
        Computed {percent(job.chunksDone, job.chunks)}
      </Text>
      <Progress value={(100 * job.chunksDone) / Math.max(1, job.chunks)} color="spruce.4" aria-label="Computed" />
      <Text size="sm" mb={2} mt="xs">
        Verified {percent(job.chunksVerified, job.chunks)}
      </Text>
      <Progress value={(100 * job.chunksVerified) / Math.max(1, job.chunks)} aria-label="Verified" />
      {recomputed !== null && (
        <Text size="sm" mt="sm" data-testid="chunks-recomputed">
          {recomputed}
        </Text>
      )}
      {wantsHelp(job) && left && (
        <Text size="sm" mt="sm">
          <LeftToOthers />
        </Text>
      )}
      {wantsHelp(job) && idle && !left && (
        <Text size="sm" mt="sm">
          This tab does not contribute. <Anchor href={formatRoute({ place: 'contribute', job: job.id })}>Let it help with this job</Anchor>
        </Text>
      )}
    </Paper>
  )
}
