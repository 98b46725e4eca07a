import { Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'

/** A figure with its name; a list of them goes into a `<dl className="stats">`. */
export function Stat({ name, children, testId, hint }: { name: string; children: ReactNode; testId?: string; hint?: string }) {
  return (
    <Paper withBorder p="sm" component="div">
      <Text component="dt" size="xs" c="dimmed">
        {name}
      </Text>
      <Text component="dd" fw={600} size="lg" m={0} data-testid={testId} title={hint} className="figure">
        {children}
      </Text>
    </Paper>
  )
}
