import { Button, Paper, Text } from '@mantine/core'
import { useState } from 'react'
import { Icon } from '../shell/icons.tsx'
import { act } from '../state/ui.ts'

/** The one button. Nothing computes before it is pressed. */
export function StartPanel({ job }: { job: string | null }) {
  const [starting, setStarting] = useState(false)
  const start = () => {
    setStarting(true)
    act('Contributing could not start', (node) => node.contribute({ firstJob: job ?? undefined }).finally(() => setStarting(false)))
  }
  return (
    <Paper withBorder p="lg" className="start">
      <Button size="xl" leftSection={<Icon name="contribute" size={24} />} loading={starting} onClick={start}>
        Start contributing
      </Button>
      <Text size="sm" c="dimmed" maw="60ch">
        Nothing runs until you press this. Strangers’ work runs locked in: no network, no storage, no view of this page. Nothing about you
        leaves this tab but a peer id made for this site.
      </Text>
    </Paper>
  )
}
