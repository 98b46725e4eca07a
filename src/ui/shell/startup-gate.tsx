import { Alert, Button, Group, Loader, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { useUi } from '../state/ui.ts'

/** Shows the pages once there is a node; until then what it is doing, or why there is none. */
export function StartupGate({ children }: { children: ReactNode }) {
  const startup = useUi((state) => state.startup)
  switch (startup.phase) {
    case 'ready':
      return children
    case 'starting':
      return (
        <Stack>
          <Title order={1}>Roomful</Title>
          <Group role="status" gap="sm">
            <Loader size="sm" />
            <Text>{startup.step}</Text>
          </Group>
        </Stack>
      )
    case 'failed':
      return (
        <Stack>
          <Title order={1}>Roomful</Title>
          <Alert color="red" variant="light" role="alert" title="This tab cannot take part yet">
            <Text>{startup.message}</Text>
            <Button mt="md" onClick={() => location.reload()}>
              Try again
            </Button>
          </Alert>
        </Stack>
      )
  }
}
