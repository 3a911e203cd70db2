import { BarChart } from '@mantine/charts'
import { getThemeColor, useMantineTheme } from '@mantine/core'
import '@mantine/core/styles/ColorSwatch.css'
import '@mantine/charts/styles.css'
import type { Activity } from '../../api/types.ts'
import { localeOfPage } from '../../texts/say.ts'
import classes from './activity-chart.module.css'
import { type ActivitySeries, stepsOf, totalOf } from './activity-steps.ts'
import { ActivityTable } from './activity-table.tsx'

interface ActivityChartProps {
  activity: Activity
  counts: Record<string, number[]>
  series: ActivitySeries[]
}

/** Counts over time. The drawing is for the eye; the sentence and the table say the same to everybody. */
export function ActivityChart({ activity, counts, series }: ActivityChartProps) {
  const steps = stepsOf(activity, counts)
  return (
    <div>
      <Totals counts={counts} series={series} />
      <div aria-hidden>
        <BarChart
          h={180}
          data={steps}
          dataKey="time"
          type="stacked"
          series={series}
          tickLine="none"
          gridAxis="x"
          accessibilityLayer={false}
          barChartProps={{ margin: { top: 8 } }}
          barProps={{ isAnimationActive: false }}
          xAxisProps={{ minTickGap: 48, interval: 'equidistantPreserveStart' }}
          yAxisProps={{ allowDecimals: false, width: 40 }}
          valueFormatter={(value) => value.toLocaleString(localeOfPage())}
        />
      </div>
      <ActivityTable steps={steps} series={series} />
    </div>
  )
}

/** The sums, and what the colours mean. */
function Totals({ counts, series }: Omit<ActivityChartProps, 'activity'>) {
  const theme = useMantineTheme()
  return (
    <ul className={classes.totals}>
      {series.map(({ name, label, color }) => (
        <li key={name}>
          <span className={classes.swatch} style={{ background: getThemeColor(color, theme) }} />
          {label} <strong>{totalOf(counts[name]).toLocaleString(localeOfPage())}</strong>
        </li>
      ))}
    </ul>
  )
}
