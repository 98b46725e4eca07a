import { Alert, Button, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { SubmitRequest, SubmitTrial } from '../../node/api.ts'
import { Stat } from '../parts/stat.tsx'
import { useUi } from '../state/ui.ts'
import { count, decimal } from '../view/format.ts'

/** What a trial depends on: the same work under another title need not be tried again. */
export type Work = Pick<SubmitRequest, 'kernel' | 'parameters' | 'input'>

interface Outcome {
  of: Work
  trial: SubmitTrial | null
  error: string
}

/** Tries one chunk of the work here when it is asked to; whatever changes in the work makes the answer void. */
export function useTrial(work: Work | null) {
  const node = useUi((state) => state.node)
  const [outcome, setOutcome] = useState<Outcome | null>(null)
  const [running, setRunning] = useState(false)
  const start = (): void => {
    if (node === null || work === null) return
    setRunning(true)
    node
      .trial({ ...work, title: '', epsilon: 1 })
      .then(
        (trial) => setOutcome({ of: work, trial, error: '' }),
        (cause: unknown) => setOutcome({ of: work, trial: null, error: cause instanceof Error ? cause.message : String(cause) }),
      )
      .finally(() => setRunning(false))
  }
  const { trial, error } = outcome !== null && outcome.of === work ? outcome : { trial: null, error: '' }
  return { trial, error, running, start }
}

/** The trial of a kernel that nobody knows yet: it must have run here before others are asked to run it. */
export function TrialPanel({ trial, error, running, start, ready }: ReturnType<typeof useTrial> & { ready: boolean }) {
  return (
    <Stack gap="sm" mb="md">
      <Button variant="default" fullWidth loading={running} disabled={!ready} onClick={start}>
        Try one chunk here
      </Button>
      {error !== '' && (
        <Alert color="red" variant="light" role="alert" title="The kernel did not pass its trial">
          {error}
        </Alert>
      )}
      {trial === null ? (
        <Text size="sm" c="dimmed">
          Before others run your kernel, it has to run once on this device.
        </Text>
      ) : (
        <>
          <dl className="stats" aria-live="polite" data-testid="trial">
            <Stat name="Items tried">{count(trial.items)}</Stat>
            <Stat name="Took">{decimal(trial.ms)} ms</Stat>
            <Stat name="Work per item">{count(Math.round(trial.fuel / trial.items))}</Stat>
            <Stat name="Engines">{trial.engines.map((engine) => (engine === 'cpu' ? 'CPU' : 'WebGPU')).join(' and ')}</Stat>
          </dl>
          <Text size="sm" c="dimmed">
            Work is one for the item and one for each round of its loops. Give it as fuelPerItem in the manifest: chunks are cut by it where
            nobody’s pace is known.
          </Text>
        </>
      )}
    </Stack>
  )
}
