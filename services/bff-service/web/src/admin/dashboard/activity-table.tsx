import { Table, Text } from '@mantine/core'
import { say } from '../../texts/say.ts'
import type { ActivitySeries, ActivityStep } from './activity-steps.ts'
import classes from './activity-table.module.css'

interface ActivityTableProps {
  steps: ActivityStep[]
  series: ActivitySeries[]
}

/** The numbers of a chart; steps in which nothing happened are left out. */
export function ActivityTable({ steps, series }: ActivityTableProps) {
  const busy = steps.filter((step) => series.some(({ name }) => step[name] !== 0))
  return (
    <details className={classes.details}>
      <summary>{say('admin.dashboard.table')}</summary>
      {busy.length === 0 ? (
        <Text size="sm" c="dimmed" mt="xs">
          {say('admin.dashboard.quiet')}
        </Text>
      ) : (
        <Table className={classes.table}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{say('admin.dashboard.time')}</Table.Th>
              {series.map(({ name, label }) => (
                <Table.Th key={name} scope="col">
                  {label}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {busy.map((step) => (
              <Table.Tr key={step.time}>
                <Table.Th scope="row">{step.time}</Table.Th>
                {series.map(({ name }) => (
                  <Table.Td key={name}>{step[name]}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </details>
  )
}
