import { SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import type { ActivityWindow } from '../../api/types.ts'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { ActivityChart } from './activity-chart.tsx'
import { useActivity, useStatistics } from './dashboard-api.ts'
import { Figures } from './figures.tsx'

const windows: { value: ActivityWindow; label: string }[] = [
  { value: 'hour', label: 'Last hour' },
  { value: 'day', label: 'Last day' }
]

export function DashboardPage() {
  const [window, setWindow] = useState<ActivityWindow>('hour')
  const statistics = useStatistics()
  const activity = useActivity(window)
  return (
    <Page
      title="Dashboard"
      actions={
        <SegmentedControl
          aria-label="Time shown in the charts"
          data={windows}
          value={window}
          onChange={(value) => setWindow(value as ActivityWindow)}
        />
      }
    >
      <QueryResult query={statistics}>{(data) => <Figures statistics={data} />}</QueryResult>
      <QueryResult query={activity}>
        {(data) => (
          <>
            <Section title="Sign-ins">
              <ActivityChart
                activity={data}
                counts={data.series.sign_ins}
                series={[
                  { name: 'succeeded', label: 'Succeeded', color: 'brand.5' },
                  { name: 'failed', label: 'Failed', color: 'red.7' }
                ]}
              />
            </Section>
            <Section
              title="Refreshes"
              lead="A retry gets the current token. A response lost for longer is recovered. A replayed token ends its session."
            >
              <ActivityChart
                activity={data}
                counts={data.series.refreshes}
                series={[
                  { name: 'rotated', label: 'Rotated', color: 'brand.5' },
                  { name: 'retried', label: 'Retried', color: 'yellow.7' },
                  { name: 'recovered', label: 'Recovered', color: 'orange.7' },
                  { name: 'replayed', label: 'Replayed', color: 'red.7' },
                  { name: 'refused', label: 'Refused', color: 'gray.6' }
                ]}
              />
            </Section>
            <Section title="Revocations">
              <ActivityChart
                activity={data}
                counts={data.series.revocations}
                series={[
                  { name: 'sessions', label: 'Sessions', color: 'brand.5' },
                  { name: 'tokens', label: 'Tokens', color: 'grape.5' },
                  { name: 'clients', label: 'Clients', color: 'yellow.7' },
                  { name: 'keys', label: 'Keys', color: 'red.7' }
                ]}
              />
            </Section>
          </>
        )}
      </QueryResult>
    </Page>
  )
}
