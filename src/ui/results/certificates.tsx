import { Anchor, Table, Text } from '@mantine/core'
import { memo } from 'react'
import type { Certificate } from '../../domain/certificate.ts'
import { PeerName } from '../parts/peer-name.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { count } from '../view/format.ts'
import { inJobOrder } from './job-order.ts'

/** Most certificates listed; all of them are in the download. */
const SHOWN = 20

interface Props {
  certificates: readonly Certificate[]
  microjobs: number
}

/** Who checked what, microjob by microjob. */
export const Certificates = memo(function Certificates({ certificates, microjobs }: Props) {
  const listed = inJobOrder(certificates).slice(0, SHOWN)
  return (
    <div>
      <Text size="sm" c="dimmed">
        {count(certificates.length)} of {count(microjobs)} microjobs have one.{' '}
        <Anchor href="/docs/trust.html" target="_blank">
          What is checked, and against whom
        </Anchor>
      </Text>
      {listed.length > 0 && (
        <Sheet label="Certificates" columns={['Microjob', 'Verifier', 'Checked', 'Verdict']}>
          {listed.map(({ body }) => (
            <Table.Tr key={`${body.block} ${body.microjob}`}>
              <Table.Td>{body.blockIndex === 0 ? body.microjob + 1 : `block ${body.blockIndex + 1}, ${body.microjob + 1}`}</Table.Td>
              <Table.Td>
                <PeerName peer={body.verifier} />
              </Table.Td>
              <Table.Td>
                {body.checked.filter((chunk) => chunk.agrees).length} of {body.checked.length} agree
              </Table.Td>
              <Table.Td>{body.verdict}</Table.Td>
            </Table.Tr>
          ))}
        </Sheet>
      )}
      {certificates.length > SHOWN && (
        <Text size="sm" c="dimmed">
          The others are in the download.
        </Text>
      )}
    </div>
  )
}, sameCertificates)

/** Certificates are only ever added, so their number tells. */
function sameCertificates(before: Props, after: Props): boolean {
  return before.certificates.length === after.certificates.length && before.microjobs === after.microjobs
}
