import { Table, Text } from '@mantine/core'
import type { NodeSnapshot } from '../../node/api.ts'
import { PeerName } from '../parts/peer-name.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { CREDIT } from '../view/credit.ts'
import { count, dateTime, short } from '../view/format.ts'

/** Most places shown. */
const PLACES = 20

/** Credit by peer, counted from certificates alone. */
export function Leaderboard({ ledger }: { ledger: NodeSnapshot['ledger'] }) {
  const { leaderboard: leaders, entries, since } = ledger
  if (leaders.length === 0)
    return <Text c="dimmed">No work has been verified yet. That takes two tabs at least: one computes, another checks.</Text>
  return (
    <Sheet
      label="Leaderboard"
      columns={['Place', 'Peer', { title: 'Chunks', figures: true }, { title: 'Credit', figures: true }]}
      caption={`${CREDIT} It is counted from certificates alone: from the newest ${count(entries)} ${entries === 1 ? 'entry' : 'entries'} of the ledger, which this tab has${since === null ? '' : `, since ${dateTime(since)}`}.`}
    >
      {leaders.slice(0, PLACES).map((leader, index) => (
        <Table.Tr key={leader.peer}>
          <Table.Td>{index + 1}</Table.Td>
          <Table.Td>
            <PeerName peer={leader.peer} />
          </Table.Td>
          <Table.Td ta="right">{count(leader.chunks)}</Table.Td>
          <Table.Td ta="right">{short(leader.credit)}</Table.Td>
        </Table.Tr>
      ))}
    </Sheet>
  )
}
