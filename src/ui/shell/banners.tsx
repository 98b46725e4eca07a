import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { Problem } from '../../node/api.ts'
import { dismiss } from '../state/store.ts'
import { act, ui, useSnapshot, useUi } from '../state/ui.ts'
import { sentence } from '../view/format.ts'

const NONE: Problem[] = []
const NO_RELAYS: { place: string; state: string; detail: string }[] = []

/** Everything that a person must know wherever they are: no relay, what went wrong, a new version. */
export function Banners() {
  return (
    <>
      <Stack gap="sm" mb="md" className="banners">
        <EnvironmentBanner />
        <RelayBanner />
        <ProblemBanner />
        <UpdateBanner />
      </Stack>
      <Stack gap="sm" mb="md" className="banners notices">
        <Notices />
      </Stack>
    </>
  )
}

function EnvironmentBanner() {
  // A start that failed says the same itself.
  const problem = useUi((state) => (state.startup.phase === 'failed' ? '' : state.environmentProblem))
  if (problem === '') return null
  return (
    <Alert color="orange" variant="light" role="alert" title="This browser cannot do everything here">
      {problem}
    </Alert>
  )
}

function RelayBanner() {
  const problem = useUi((state) => state.relayProblem)
  const relays = useSnapshot((snapshot) => snapshot.network.relays, NO_RELAYS)
  const unreachable = relays.length > 0 && relays.every((relay) => relay.state === 'unreachable')
  if (problem === '' && !unreachable) return null
  const detail = problem === '' ? relays.map((relay) => `${relay.place}: ${relay.detail}`).join('; ') : problem
  return (
    <Alert color="orange" variant="light" role="alert" title="No relay can be reached">
      <Text size="sm">{sentence(detail)}</Text>
      <Text size="sm" mt={4}>
        This tab keeps trying and works on with the members it already has direct links to. What it knows is still here.
      </Text>
    </Alert>
  )
}

function ProblemBanner() {
  const problems = useSnapshot((snapshot) => snapshot.problems, NONE)
  const [closed, setClosed] = useState(0)
  const latest = problems.at(-1)
  if (latest === undefined || latest.at <= closed) return null
  return (
    <Alert
      color="orange"
      variant="light"
      role="alert"
      title="Something needs your attention"
      withCloseButton
      closeButtonLabel="Close this message"
      onClose={() => setClosed(latest.at)}
    >
      {latest.message}
    </Alert>
  )
}

function Notices() {
  const notices = useUi((state) => state.notices)
  return notices.map((notice) => (
    <Alert
      key={notice.id}
      color="red"
      variant="light"
      role="alert"
      title={notice.title}
      withCloseButton
      closeButtonLabel="Close this message"
      onClose={() => dismiss(ui, notice.id)}
    >
      {notice.message}
    </Alert>
  ))
}

function UpdateBanner() {
  const update = useUi((state) => state.update)
  const busy = useSnapshot((snapshot) => snapshot.contribution.state !== 'off', false)
  const [finishing, setFinishing] = useState(false)
  useEffect(() => {
    if (finishing && !busy) update?.()
  }, [finishing, busy, update])
  if (update === null) return null
  const reload = () => {
    setFinishing(true)
    if (busy) act('The new version has to wait', (node) => node.finishThenStop())
  }
  return (
    <Alert variant="light" role="status" title="A new version of Roomful is ready">
      <Group justify="space-between">
        <Text size="sm">{busy ? 'The chunks in hand are finished first.' : 'Nothing is running, so it can start now.'}</Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => ui.setState({ update: null })}>
            Later
          </Button>
          <Button size="xs" loading={finishing} onClick={reload}>
            {busy ? 'Finish, then reload' : 'Reload'}
          </Button>
        </Group>
      </Group>
    </Alert>
  )
}
