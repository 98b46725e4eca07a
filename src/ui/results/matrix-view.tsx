import { Group, Pagination, Table, Text } from '@mantine/core'
import { useState } from 'react'
import type { JobOutput } from '../../node/api.ts'
import { Sheet } from '../parts/sheet.tsx'
import { count } from '../view/format.ts'
import { figure, matrixPart, missingNote } from './elements.ts'

const ROWS = 12
const COLUMNS = 8

/** A two-dimensional output as numbers, a part at a time. */
export function MatrixView({ output }: { output: JobOutput }) {
  const [width, height] = output.job.space
  const [across, setAcross] = useState(1)
  const [down, setDown] = useState(1)
  const part = { row: (down - 1) * ROWS, column: (across - 1) * COLUMNS }
  const lines = matrixPart(output, part, ROWS, COLUMNS)
  const columns = lines[0]?.map((_, at) => ({ title: count(part.column + at + 1), figures: true as const })) ?? []
  const note = missingNote(output)
  return (
    <div>
      <Sheet label="Output" columns={['Row', ...columns]} monospace>
        {lines.map((values, line) => (
          <Table.Tr key={line}>
            <Table.Td>{count(part.row + line + 1)}</Table.Td>
            {values.map((value, at) => (
              <Table.Td key={at} ta="right">
                {figure(output.kernel.manifest, value)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Sheet>
      <Pages name="Rows" size={ROWS} total={height} page={down} onChange={setDown} />
      <Pages name="Columns" size={COLUMNS} total={width} page={across} onChange={setAcross} />
      {note !== null && (
        <Text size="sm" c="dimmed">
          {note}
        </Text>
      )}
    </div>
  )
}

interface PagesProps {
  name: 'Rows' | 'Columns'
  size: number
  total: number
  page: number
  onChange: (page: number) => void
}

function Pages({ name, size, total, page, onChange }: PagesProps) {
  const last = Math.min(total, page * size)
  return (
    <Group mt="sm" gap="sm">
      <Text size="sm" miw="13em">
        {name} {count((page - 1) * size + 1)} to {count(last)} of {count(total)}
      </Text>
      {total > size && (
        <Pagination
          size="sm"
          total={Math.ceil(total / size)}
          value={page}
          onChange={onChange}
          getControlProps={(control) => ({ 'aria-label': `${name}, ${control} page` })}
          getItemProps={(item) => ({ 'aria-label': `${name}, page ${item}` })}
        />
      )}
    </Group>
  )
}
