import type { Middleware } from 'koa'
import type { IssuerStatistics } from '../issuer-statistics.ts'

/**
 * `GET /admin/dashboard`: the statistics of the auth-service, which this service reads with its own token. What its client may
 * read does not depend on the user.
 */
export function showDashboard(statistics: Pick<IssuerStatistics, 'read'>): Middleware {
  return async function serveDashboard(ctx) {
    const { preferred_username: username } = ctx.state.accessToken
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { message: `Hello, ${username}.`, statistics: await statistics.read() }
  }
}
