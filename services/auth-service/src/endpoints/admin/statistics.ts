import type { SigningKeyAdministration } from '../../keys/signing-key-administration.ts'
import { defineRoute } from '../../routing/route.ts'
import { type ActivityStore, activityWindows } from '../../statistics/activity.ts'
import type { Statistics } from '../../statistics/statistics.ts'
import { activity, activityQuery, statistics } from '../../wire/statistics.ts'

export interface StatisticsDeps {
  statistics: Statistics
  keyAdministration: Pick<SigningKeyAdministration, 'overview'>
}

/** `GET /admin/statistics`: figures of this issuer. */
export const showStatistics = defineRoute(
  {
    method: 'get',
    path: '/admin/statistics',
    summary:
      'Figures of this issuer: users, sessions, the last day, keys; also for services with the scope statistics:read',
    access: 'statistics-reader',
    response: { status: 200, schema: statistics }
  },
  ({ statistics, keyAdministration }: StatisticsDeps) =>
    async () => {
      const [figures, { keys }] = await Promise.all([statistics.read(), keyAdministration.overview()])
      return {
        at: figures.at.toISOString(),
        users: figures.users,
        sessions: figures.sessions,
        last_day: {
          sign_ins: figures.lastDay.signIns,
          failed_sign_ins: figures.lastDay.failedSignIns,
          revocations: figures.lastDay.revocations
        },
        keys: keys.map(({ kid, state, createdAt, signsFrom }) => ({
          kid,
          state,
          created_at: createdAt.toISOString(),
          signs_from: signsFrom?.toISOString() ?? null
        }))
      }
    }
)

/** `GET /admin/statistics/activity`: sign-ins, refreshes and revocations over time. */
export const showActivity = defineRoute(
  {
    method: 'get',
    path: '/admin/statistics/activity',
    summary:
      'Sign-ins, refreshes and revocations over the last hour or day; also for services with the scope statistics:read',
    access: 'statistics-reader',
    query: activityQuery,
    response: { status: 200, schema: activity }
  },
  ({ activity }: { activity: Pick<ActivityStore, 'read'> }) =>
    async ({ query: { window } }) => {
      const { since, until, series } = await activity.read(window)
      return {
        window,
        since: since.toISOString(),
        until: until.toISOString(),
        step_seconds: activityWindows[window].stepSeconds,
        series
      }
    }
)
