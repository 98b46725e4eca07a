import { Button, List, Skeleton, Stack, Text, ThemeIcon } from '@mantine/core'
import { useState } from 'react'
import type { PreflightCheck } from '../../node/api.ts'
import { Section } from '../parts/section.tsx'
import { act, ui, useUi } from '../state/ui.ts'

const MARKS: Record<PreflightCheck['state'], { mark: string; word: string; colour: string }> = {
  ok: { mark: '✓', word: 'Fine', colour: 'teal' },
  warning: { mark: '!', word: 'Limited', colour: 'orange' },
  failed: { mark: '✕', word: 'Missing', colour: 'red' },
}

/** What this device can do, and what to do about what it can't. */
export function Preflight() {
  const checks = useUi((state) => state.preflight)
  const [checking, setChecking] = useState(false)
  const again = () => {
    setChecking(true)
    act('The device could not be checked', (node) =>
      node
        .preflight()
        .then((preflight) => ui.setState({ preflight }))
        .finally(() => setChecking(false)),
    )
  }
  return (
    <Section title="What this device can do">
      {checks === null ? (
        <Stack gap="xs" role="status" aria-label="Checking this device">
          {[1, 2, 3, 4].map((line) => (
            <Skeleton key={line} height={36} />
          ))}
        </Stack>
      ) : (
        <List spacing="sm" listStyleType="none" className="checks">
          {checks.map((check) => (
            <Check key={check.id} check={check} />
          ))}
        </List>
      )}
      <Button variant="default" size="xs" loading={checking} disabled={checks === null} onClick={again}>
        Check again
      </Button>
    </Section>
  )
}

function Check({ check }: { check: PreflightCheck }) {
  const { mark, word, colour } = MARKS[check.state]
  return (
    <List.Item
      data-check={check.id}
      data-state={check.state}
      icon={
        <ThemeIcon color={colour} variant="light" size={24} radius="xl" aria-hidden="true">
          {mark}
        </ThemeIcon>
      }
    >
      <Text fw={600} size="sm">
        {check.label} <span className="visually-hidden">({word})</span>
      </Text>
      <Text size="sm" c="dimmed">
        {check.detail}
      </Text>
    </List.Item>
  )
}
