import { List, Text } from '@mantine/core'
import type { RoomView } from '../../node/api.ts'
import { PeerName } from '../parts/peer-name.tsx'
import { time } from '../view/format.ts'

/** Who left and why, the latest first. */
export function Departures({ departures }: { departures: RoomView['departures'] }) {
  if (departures.length === 0) return <Text c="dimmed">Nobody has left.</Text>
  return (
    <List spacing={4} listStyleType="none">
      {departures.toReversed().map((departure) => (
        <List.Item key={`${departure.peer} ${departure.at}`}>
          <Text size="sm" span>
            <PeerName peer={departure.peer} /> left at {time(departure.at)}: {departure.reason}
          </Text>
        </List.Item>
      ))}
    </List>
  )
}
