import { randomUUID } from 'node:crypto'
import { Prisma } from '@countersign/prisma'
import {
  type Activity,
  type ActivityStore,
  type ActivityWindow,
  activityOutcomes,
  activityWindows
} from '../../statistics/activity.ts'
import { type Database, orUnavailable } from './database.ts'
import { isRevocation, revokedThing } from './revocation-events.ts'

interface StepRow {
  since: Date
  kind: keyof typeof activityOutcomes | null
  outcome: string
  step: number
  count: number
}

/** Each replica writes its own rows, so that none waits for another. */
export function createPrismaActivity(database: Database): ActivityStore {
  const replica = randomUUID()

  return {
    async save(counts) {
      const rows = counts.map(({ minute, ...count }) => ({ ...count, minute: new Date(minute) }))
      // Sets the sum rather than adding a difference: after a lost response, writing it again is right whether or not it was
      // committed.
      await orUnavailable(
        database.$executeRaw`
          INSERT INTO activity (minute, kind, outcome, replica, count)
          SELECT minute, kind, outcome, ${replica}::uuid, count
          FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
            AS counted(minute timestamptz, kind text, outcome text, count bigint)
          ON CONFLICT (minute, kind, outcome, replica) DO UPDATE SET count = greatest(activity.count, excluded.count)`
      )
    },
    async read(window) {
      const rows = await orUnavailable(database.$queryRaw<StepRow[]>`${countsOf(window)}`)
      return toActivity(window, rows)
    }
  }
}

/** One statement, so that all steps are from the same moment, by the database's clock. */
function countsOf(window: ActivityWindow): Prisma.Sql {
  const { steps, stepSeconds } = activityWindows[window]
  const step = Prisma.sql`${stepSeconds}::int`
  const begin = Prisma.sql`((floor(extract(epoch FROM statement_timestamp()) / ${step}) - ${steps - 1}::int) * ${step})`
  const since = Prisma.sql`to_timestamp(${begin}::float8)`
  const until = Prisma.sql`to_timestamp((${begin} + ${steps}::int * ${step})::float8)`
  const stepOf = (moment: Prisma.Sql) => Prisma.sql`floor((extract(epoch FROM ${moment}) - ${begin}) / ${step})::int`
  return Prisma.sql`
    SELECT shown.since, counted.* FROM (SELECT ${since} AS since) shown LEFT JOIN (
      SELECT kind, outcome, ${stepOf(Prisma.sql`minute`)} AS step, sum(count)::float8 AS count
      FROM activity WHERE minute >= ${since} AND minute < ${until} GROUP BY 1, 2, 3
      UNION ALL
      SELECT 'revocations', ${revokedThing}, ${stepOf(Prisma.sql`at`)}, count(*)::float8
      FROM audit_events WHERE ${isRevocation} AND at >= ${since} AND at < ${until} GROUP BY 1, 2, 3
    ) counted ON true`
}

function toActivity(window: ActivityWindow, rows: readonly StepRow[]): Activity {
  const { steps, stepSeconds } = activityWindows[window]
  const since = rows[0]?.since as Date
  const series = Object.fromEntries(
    Object.entries(activityOutcomes).map(([kind, outcomes]) => [
      kind,
      Object.fromEntries(outcomes.map((outcome) => [outcome, Array<number>(steps).fill(0)]))
    ])
  ) as Record<string, Record<string, number[]>>
  for (const { kind, outcome, step, count } of rows) {
    const counts = series[kind ?? '']?.[outcome]
    if (counts?.[step] !== undefined) counts[step] += count
  }
  return {
    since,
    until: new Date(since.getTime() + steps * stepSeconds * 1000),
    series: series as unknown as Activity['series']
  }
}
