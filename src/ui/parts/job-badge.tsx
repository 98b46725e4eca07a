import { Badge } from '@mantine/core'
import type { JobState } from '../../node/api.ts'

const WORDS: Record<JobState, { text: string; className: string }> = {
  open: { text: 'open', className: 'neutral' },
  running: { text: 'running', className: 'busy' },
  computed: { text: 'computed, unverified', className: 'warn' },
  verified: { text: 'verified', className: 'good' },
  cancelled: { text: 'cancelled', className: 'neutral' },
}

/** The state of a job in words; the state itself is in `data-state`. */
export function JobBadge({ state, testId }: { state: JobState; testId?: string }) {
  const { text, className } = WORDS[state]
  return (
    <Badge className={`state ${className}`} tt="none" data-testid={testId} data-state={state}>
      {text}
    </Badge>
  )
}
