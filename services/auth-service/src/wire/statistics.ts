import { z } from 'zod'
import { keyStates } from '../keys/signing-key-store.ts'
import { type ActivityWindow, activityOutcomes, activityWindows } from '../statistics/activity.ts'

/** The figures on the wire. */

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

export const activity = z
  .object({
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
  .meta({ id: 'Activity' })

const count = z.int()
export const statistics = z
  .object({
    at: z.iso.datetime(),
    users: z.object({ total: count, disabled: count }),
    sessions: z.object({ live: count }),
    last_day: z.object({ sign_ins: count, failed_sign_ins: count, revocations: count }),
    keys: z.array(
      z.object({
        kid: z.string(),
        state: z.enum(keyStates),
        created_at: z.iso.datetime(),
        signs_from: z.iso.datetime().nullable()
      })
    )
  })
  .meta({ id: 'Statistics' })
