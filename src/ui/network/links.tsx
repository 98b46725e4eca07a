import { Button, CopyButton, Group, Table, Text } from '@mantine/core'
import type { NodeSnapshot } from '../../node/api.ts'
import { PeerName } from '../parts/peer-name.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { bytes, count, decimal } from '../view/format.ts'

type Network = NodeSnapshot['network']

const RELAY_WORDS: Record<Network['relays'][number]['state'], string> = {
  connecting: 'connecting',
  reserved: 'reserved: others can find this tab',
  unreachable: 'unreachable, but this tab keeps trying',
}

/** Most rows of a table that can grow without end. */
const MAX_ROWS = 50

export function Relays({ relays }: { relays: Network['relays'] }) {
  if (relays.length === 0) return <Text c="dimmed">No relay is known. This tab cannot meet others until it has one.</Text>
  return (
    <Sheet label="Relays" columns={['Relay', 'State']}>
      {relays.map((relay) => (
        <Table.Tr key={relay.multiaddr}>
          <Table.Td>
            <Group gap="xs">
              <Text size="sm" ff="monospace" title={relay.multiaddr}>
                {relay.place}
              </Text>
              <CopyButton value={relay.multiaddr}>
                {({ copied, copy }) => (
                  <Button size="compact-sm" variant="default" onClick={copy}>
                    {copied ? 'Copied' : 'Copy address'}
                    <span className="visually-hidden"> of {relay.place}</span>
                  </Button>
                )}
              </CopyButton>
            </Group>
          </Table.Td>
          <Table.Td data-testid="relay-state" data-state={relay.state}>
            {RELAY_WORDS[relay.state]}
            {relay.detail !== '' && `: ${relay.detail}`}
          </Table.Td>
        </Table.Tr>
      ))}
    </Sheet>
  )
}

export function Peers({ peers }: { peers: Network['peers'] }) {
  if (peers.length === 0)
    return <Text c="dimmed">No other tab has been met yet. Open this page in another tab or on another device to see one here.</Text>
  return (
    <ul className="peers">
      {peers.slice(0, MAX_ROWS).map((peer) => (
        <li key={peer.peer} className={peer.link}>
          <PeerName peer={peer.peer} />{' '}
          <Text span size="xs">
            {peer.link}
          </Text>
        </li>
      ))}
      {peers.length > MAX_ROWS && <li>and {count(peers.length - MAX_ROWS)} more</li>}
    </ul>
  )
}

export function Wires({ wires }: { wires: Network['wires'] }) {
  if (wires.length === 0) return <Text c="dimmed">A wire is opened to each member of a room; this tab has none now.</Text>
  return (
    <Sheet label="Wires" columns={['Member', 'Link', 'Round trip', 'Sent', 'Received', 'Queued', 'Dropped', 'Reconnects']}>
      {wires.map((wire) => (
        <Table.Tr key={wire.peer}>
          <Table.Td>
            <PeerName peer={wire.peer} />
          </Table.Td>
          <Table.Td>{wire.link}</Table.Td>
          <Table.Td>{wire.roundTripMs === null ? 'not measured' : `${decimal(wire.roundTripMs)} ms`}</Table.Td>
          <Table.Td>{bytes(wire.bytesSent)}</Table.Td>
          <Table.Td>{bytes(wire.bytesReceived)}</Table.Td>
          <Table.Td>{count(wire.queued)}</Table.Td>
          <Table.Td>{count(wire.dropped)}</Table.Td>
          <Table.Td>{count(wire.reconnects)}</Table.Td>
        </Table.Tr>
      ))}
    </Sheet>
  )
}
