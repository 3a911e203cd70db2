import { requireQuery } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { type ActivityStore, activityWindows } from '../statistics/activity.ts'
import { type ActivityQuery, activityQuery } from './activity-bodies.ts'
import { requireStatisticsAccess } from './admin-statistics.ts'

export interface AdminActivityDeps {
  activity: Pick<ActivityStore, 'read'>
  /** Sets `ctx.state.accessToken`, of a user or of a client itself, or answers 401. */
  requireAnyToken: Middleware
}

/** `GET /admin/statistics/activity`: sign-ins, refreshes and revocations over time, for callers that may read the figures. */
export function showActivity({ activity, requireAnyToken }: AdminActivityDeps): Middleware[] {
  return [
    requireAnyToken,
    requireStatisticsAccess,
    requireQuery(activityQuery),
    async function answerActivity(ctx) {
      const { window } = ctx.state.query as ActivityQuery
      const { since, until, series } = await activity.read(window)
      ctx.set('Cache-Control', 'no-store')
      ctx.body = {
        window,
        since: since.toISOString(),
        until: until.toISOString(),
        step_seconds: activityWindows[window].stepSeconds,
        series
      }
    }
  ]
}
