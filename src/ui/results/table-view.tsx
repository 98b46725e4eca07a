import { Pagination, Table, Text } from '@mantine/core'
import { useState } from 'react'
import type { JobOutput } from '../../node/api.ts'
import { Sheet } from '../parts/sheet.tsx'
import { Stat } from '../parts/stat.tsx'
import { count } from '../view/format.ts'
import { columnTitles, figure, isMissing, itemCount, missingNote, rows } from './elements.ts'
import { findings } from './findings.ts'

const PAGE = 20

/** The output as numbers, a page at a time. */
export function TableView({ output }: { output: JobOutput }) {
  const { manifest } = output.kernel
  const [page, setPage] = useState(1)
  const total = itemCount(manifest, output.output)
  const pages = Math.max(1, Math.ceil(total / PAGE))
  const values = columnTitles(output).map((title) => ({ title, figures: true as const }))
  const found = findings(output)
  const folded = manifest.reduce !== 'concat'
  const note = missingNote(output)
  return (
    <div>
      {found.length > 0 && (
        <dl className="stats wide">
          {found.map(({ name, value }) => (
            <Stat key={name} name={name}>
              {value}
            </Stat>
          ))}
        </dl>
      )}
      <Sheet label="Output" columns={[folded ? 'Chunk' : 'Item', ...values]} monospace>
        {rows(manifest, output.output, (page - 1) * PAGE, PAGE).map((row) => (
          <Table.Tr key={row.index}>
            <Table.Td>{count(row.index)}</Table.Td>
            {row.values.map((value, element) => (
              <Table.Td key={element} ta="right">
                {isMissing(output, row.index) ? '–' : figure(manifest, value)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Sheet>
      {pages > 1 && (
        <Pagination
          total={pages}
          value={page}
          onChange={setPage}
          mt="sm"
          getControlProps={(control) => ({ 'aria-label': `${control} page` })}
          getItemProps={(item) => ({ 'aria-label': `Page ${item}` })}
        />
      )}
      {note !== null && (
        <Text size="sm" c="dimmed">
          {note}
        </Text>
      )}
    </div>
  )
}
