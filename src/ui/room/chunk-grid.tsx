import { Group, Text } from '@mantine/core'
import type { ChunkView } from '../../node/api.ts'
import { colourOf } from '../parts/colours.ts'
import { PeerName } from '../parts/peer-name.tsx'
import { useNow } from '../parts/use-now.ts'
import { useSnapshot } from '../state/ui.ts'
import { chunkLabel, chunkMark } from './chunk-label.ts'

/** One cell a chunk, coloured by who computes or computed it; the mark in it says the state without colour. */
export function ChunkGrid({ chunks }: { chunks: ChunkView[] }) {
  const now = useNow(1000)
  const self = useSnapshot((snapshot) => snapshot.peer, '')
  const peers = [...new Set(chunks.flatMap((chunk) => (chunk.peer === null ? [] : [chunk.peer])))]
  return (
    <div>
      <ul className="chunks">
        {chunks.map((chunk) => {
          const label = chunkLabel(chunk, self, now)
          return (
            <li
              key={chunk.id}
              className={`chunk ${chunk.state}`}
              title={label}
              style={chunk.peer === null ? undefined : { background: colourOf(chunk.peer) }}
            >
              <span aria-hidden="true">{chunkMark(chunk, now)}</span>
              <span className="visually-hidden">{label}</span>
            </li>
          )
        })}
      </ul>
      <Group gap="md" mt="sm" className="legend">
        {peers.map((peer) => (
          <Text key={peer} size="sm">
            <PeerName peer={peer} />
          </Text>
        ))}
        <Text size="sm" c="dimmed">
          ✓ result, ✓✓ verified, a number: seconds until the deadline
        </Text>
      </Group>
    </div>
  )
}
