import type { Activity } from '../../api/types.ts'
import { localeOfPage } from '../../texts/say.ts'

export interface ActivitySeries {
  name: string
  label: string
  color: string
}

/** The counts of one step of time, by the name of the series. */
export type ActivityStep = { time: string } & Record<string, number | string>

/** One object for each step, oldest first. */
export function stepsOf({ window, since, step_seconds }: Activity, counts: Record<string, number[]>): ActivityStep[] {
  const format = new Intl.DateTimeFormat(localeOfPage(), {
    ...(window === 'day' && { weekday: 'short' }),
    hour: '2-digit',
    minute: '2-digit'
  })
  const start = new Date(since).getTime()
  const length = Math.max(0, ...Object.values(counts).map((values) => values.length))
  return Array.from({ length }, (_, index) => ({
    time: format.format(start + index * step_seconds * 1000),
    ...Object.fromEntries(Object.entries(counts).map(([name, values]) => [name, values[index] ?? 0]))
  }))
}

export function totalOf(values: readonly number[] = []): number {
  return values.reduce((sum, value) => sum + value, 0)
}
