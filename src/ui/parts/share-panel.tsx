import { Button, CopyButton, Group, Paper, Text, TextInput } from '@mantine/core'
import { memo, useMemo } from 'react'
import { renderSVG } from 'uqr'
import { shareLink } from '../state/route.ts'

/** The link that brings people to a job, as text and as a QR code for the phone next to you. */
export const SharePanel = memo(function SharePanel({ job, ended }: { job: string; ended: boolean }) {
  const link = shareLink(location, job)
  const source = useMemo(() => `data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(link, { border: 2 }))}`, [link])
  return (
    <Paper withBorder p="md">
      <Group align="center" wrap="wrap">
        <img src={source} width={132} height={132} className="qr" alt="QR code of the link to this job" />
        <div className="grow">
          <Text fw={600}>{ended ? 'Show this job to others' : 'Bring more tabs to this job'}</Text>
          <Text size="sm" c="dimmed" mb="xs">
            Whoever opens this link sees this job{ended ? ' and what came of it.' : ' and can start contributing with one button.'}
          </Text>
          <Group gap="xs" align="end">
            <TextInput
              aria-label="Link to this job"
              value={link}
              readOnly
              className="grow"
              onFocus={(event) => event.currentTarget.select()}
            />
            <CopyButton value={link}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {copied ? 'Copied' : 'Copy link'}
                </Button>
              )}
            </CopyButton>
          </Group>
        </div>
      </Group>
    </Paper>
  )
})
