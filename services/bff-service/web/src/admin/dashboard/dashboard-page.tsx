import { SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import type { ActivityWindow } from '../../api/types.ts'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { ActivityChart } from './activity-chart.tsx'
import { useActivity, useStatistics } from './dashboard-api.ts'
import { Figures } from './figures.tsx'

const windows = (): { value: ActivityWindow; label: string }[] => [
  { value: 'hour', label: say('admin.dashboard.lastHour') },
  { value: 'day', label: say('admin.dashboard.lastDay') }
]

export function DashboardPage() {
  const [window, setWindow] = useState<ActivityWindow>('hour')
  const statistics = useStatistics()
  const activity = useActivity(window)
  return (
    <Page
      title={say('admin.dashboard.title')}
      actions={
        <SegmentedControl
          aria-label={say('admin.dashboard.window')}
          data={windows()}
          value={window}
          onChange={(value) => setWindow(value as ActivityWindow)}
        />
      }
    >
      <QueryResult query={statistics}>{(data) => <Figures statistics={data} />}</QueryResult>
      <QueryResult query={activity}>
        {(data) => (
          <>
            <Section title={say('admin.dashboard.signIns')}>
              <ActivityChart
                activity={data}
                counts={data.series.sign_ins}
                series={[
                  { name: 'succeeded', label: say('admin.dashboard.succeeded'), color: 'brand.5' },
                  { name: 'failed', label: say('admin.dashboard.failed'), color: 'red.7' }
                ]}
              />
            </Section>
            <Section title={say('admin.dashboard.refreshes')} lead={say('admin.dashboard.refreshesText')}>
              <ActivityChart
                activity={data}
                counts={data.series.refreshes}
                series={[
                  { name: 'rotated', label: say('admin.dashboard.rotated'), color: 'brand.5' },
                  { name: 'retried', label: say('admin.dashboard.retried'), color: 'yellow.7' },
                  { name: 'recovered', label: say('admin.dashboard.recovered'), color: 'orange.7' },
                  { name: 'replayed', label: say('admin.dashboard.replayed'), color: 'red.7' },
                  { name: 'refused', label: say('admin.dashboard.refused'), color: 'gray.6' }
                ]}
              />
            </Section>
            <Section title={say('admin.dashboard.revocations')}>
              <ActivityChart
                activity={data}
                counts={data.series.revocations}
                series={[
                  { name: 'sessions', label: say('admin.dashboard.sessions'), color: 'brand.5' },
                  { name: 'tokens', label: say('admin.dashboard.tokens'), color: 'grape.5' },
                  { name: 'clients', label: say('admin.dashboard.clients'), color: 'yellow.7' },
                  { name: 'keys', label: say('admin.dashboard.keys'), color: 'red.7' }
                ]}
              />
            </Section>
          </>
        )}
      </QueryResult>
    </Page>
  )
}
