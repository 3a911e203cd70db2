import { requireScope } from '@countersign/verifier/koa'
import type { Middleware } from 'koa'
import { adminRole } from '../accounts/first-admin.ts'
import type { SigningKeyAdministration } from '../keys/signing-key-administration.ts'
import type { Statistics } from '../statistics/statistics.ts'

/** The scope by which a service reads the figures with a token of its own. */
export const statisticsScope = 'statistics:read'

export interface AdminStatisticsDeps {
  statistics: Statistics
  keyAdministration: SigningKeyAdministration
  /** Sets `ctx.state.accessToken`, of a user or of a client itself, or answers 401. */
  requireAnyToken: Middleware
}

const requireStatisticsScope = requireScope(statisticsScope) as Middleware

/** Lets admins pass, and services that have the scope `statistics:read`. Belongs behind `requireAnyToken`. */
export const requireStatisticsAccess: Middleware = function requireStatisticsAccess(ctx, next) {
  const { act, roles } = ctx.state.accessToken
  // A service that acts for an admin is none.
  const isAdmin = !act && roles?.includes(adminRole) === true
  return isAdmin ? next() : requireStatisticsScope(ctx, next)
}

/** `GET /admin/statistics`: figures of this issuer, for admins, and for services that have the scope `statistics:read`. */
export function showStatistics({ statistics, keyAdministration, requireAnyToken }: AdminStatisticsDeps): Middleware[] {
  return [
    requireAnyToken,
    requireStatisticsAccess,
    async function answerStatistics(ctx) {
      const [figures, { keys }] = await Promise.all([statistics.read(), keyAdministration.overview()])
      ctx.set('Cache-Control', 'no-store')
      ctx.body = {
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
  ]
}
