import { Progress, Table, Text } from '@mantine/core'
import { memo } from 'react'
import type { JobView } from '../../node/api.ts'
import { colourOf } from '../parts/colours.ts'
import { PeerName } from '../parts/peer-name.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { count, share } from '../view/format.ts'

/** Most contributors named. */
const SHOWN = 20

/** Who computed how many chunks. */
export const Contributors = memo(function Contributors({ job }: { job: JobView }) {
  if (job.contributors.length === 0) return <Text c="dimmed">Nobody has computed anything yet.</Text>
  const ranked = job.contributors.toSorted((a, b) => b.chunks - a.chunks).slice(0, SHOWN)
  return (
    <div>
      <Progress.Root size="lg" aria-hidden="true">
        {ranked.map((contributor) => (
          <Progress.Section
            key={contributor.peer}
            value={(100 * contributor.chunks) / Math.max(1, job.chunks)}
            color={colourOf(contributor.peer)}
          />
        ))}
      </Progress.Root>
      <Sheet label="Who computed how much" columns={['Peer', { title: 'Chunks', figures: true }, { title: 'Share', figures: true }]}>
        {ranked.map((contributor) => (
          <Table.Tr key={contributor.peer} data-testid="contributor" data-peer={contributor.peer}>
            <Table.Td>
              <PeerName peer={contributor.peer} />
            </Table.Td>
            <Table.Td ta="right">{count(contributor.chunks)}</Table.Td>
            <Table.Td ta="right">{share(contributor.chunks, job.chunks)}</Table.Td>
          </Table.Tr>
        ))}
      </Sheet>
    </div>
  )
})
