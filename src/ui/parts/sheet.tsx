import { Table } from '@mantine/core'
import type { ReactNode } from 'react'

/** The head of a column; figures are written to the right. */
export type Column = string | { title: string; figures: true }

interface Props {
  /** What the table is, for those who cannot see it. */
  label: string
  columns: readonly Column[]
  /** Rows. */
  children: ReactNode
  caption?: string
  monospace?: boolean
}

/** A table that scrolls by itself where the page is narrow, by keyboard as well. */
export function Sheet({ label, columns, children, caption, monospace = false }: Props) {
  return (
    <div className="scroll" role="group" aria-label={label} tabIndex={0}>
      <Table ff={monospace ? 'monospace' : undefined}>
        {caption !== undefined && <Table.Caption>{caption}</Table.Caption>}
        <Table.Thead>
          <Table.Tr>
            {columns.map((column, index) => {
              const title = typeof column === 'string' ? column : column.title
              return (
                <Table.Th key={index} scope="col" ta={typeof column === 'string' ? undefined : 'right'}>
                  {title}
                </Table.Th>
              )
            })}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  )
}
