import { z } from 'zod'
import { type ActivityWindow, activityOutcomes, activityWindows } from '../statistics/activity.ts'

/** What `/admin/statistics/activity` takes and answers. */

const windows = Object.keys(activityWindows) as [ActivityWindow, ...ActivityWindow[]]

/** `GET /admin/statistics/activity` */
export const activityQuery = z.strictObject({
  window: z.enum(windows).default('hour').meta({ description: '60 steps of a minute, or 96 of a quarter of an hour' })
})
export type ActivityQuery = z.infer<typeof activityQuery>

const counts = z.array(z.int())

function seriesOf<Outcome extends string>(outcomes: readonly Outcome[]) {
  return z.object(Object.fromEntries(outcomes.map((outcome) => [outcome, counts])) as Record<Outcome, typeof counts>)
}

export const activity = z.object({
  window: z.enum(windows),
  since: z.iso.datetime().meta({ description: 'when the first step began' }),
  until: z.iso.datetime().meta({ description: 'when the last step, which is under way, will end' }),
  step_seconds: z.int(),
  series: z
    .object({
      sign_ins: seriesOf(activityOutcomes.sign_ins),
      refreshes: seriesOf(activityOutcomes.refreshes),
      revocations: seriesOf(activityOutcomes.revocations)
    })
    .meta({
      description:
        'a count for each step, the oldest first; replicas save theirs every few seconds. ' +
        'A sign-in failed when its pair was wrong or there were too many that were'
    })
})
