import { Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

/** The heading of a page, which takes the focus when the page is gone to, and a line on what it is for. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <header className="page-head">
      <Title order={1} tabIndex={-1}>
        {title}
      </Title>
      {children !== undefined && (
        <Text c="dimmed" mt={4} maw="65ch" component="div">
          {children}
        </Text>
      )}
    </header>
  )
}
