import { Table, Text } from '@mantine/core'
import type { Key, ReactNode } from 'react'
import classes from './data-table.module.css'

export interface Column<Row> {
  label: string
  render: (row: Row) => ReactNode
}

interface DataTableProps<Row> {
  /** The items of the table. */
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => Key
  isLoading: boolean
  /** Shown instead of an empty table. */
  empty: string
}

/** A table, which becomes a list of cards on a narrow screen. */
export function DataTable<Row>({ label, columns, rows, keyOf, isLoading, empty }: DataTableProps<Row>) {
  if (rows.length === 0) {
    return (
      <Text c="dimmed" role="status" aria-busy={isLoading}>
        {empty}
      </Text>
    )
  }
  return (
    <Table className={classes.table} aria-label={label} aria-busy={isLoading} data-loading={isLoading || undefined}>
      <Table.Thead>
        <Table.Tr>
          {columns.map((column) => (
            <Table.Th key={column.label} scope="col">
              {column.label}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={keyOf(row)}>
            {columns.map((column) => (
              <Table.Td key={column.label} data-label={column.label}>
                <div>{column.render(row)}</div>
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
