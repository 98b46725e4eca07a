import { Table } from '@mantine/core'
import type { MemberView } from '../../node/api.ts'
import { PeerName } from '../parts/peer-name.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { count } from '../view/format.ts'

const LINKS: Record<MemberView['link'], string> = { self: 'this tab', direct: 'direct', relayed: 'relayed', none: 'none yet' }

/** The members in join order, which is the order in which they would take over as host. */
export function MemberTable({ members, verifier }: { members: MemberView[]; verifier: string | null }) {
  return (
    <Sheet
      label="Members of the room"
      columns={['Member', 'Role', 'Link', { title: 'Chunks', figures: true }]}
      caption="In join order: if the host goes, the next in line takes over."
    >
      {members.map((member) => (
        <Table.Tr key={member.peer}>
          <Table.Td>
            <PeerName peer={member.peer} />
          </Table.Td>
          <Table.Td>
            {[member.host ? 'host' : '', member.peer === verifier ? 'verifier' : '', member.role].filter(Boolean).join(', ')}
          </Table.Td>
          <Table.Td>{LINKS[member.link]}</Table.Td>
          <Table.Td ta="right">{count(member.chunks)}</Table.Td>
        </Table.Tr>
      ))}
    </Sheet>
  )
}
