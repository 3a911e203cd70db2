import type { Middleware } from 'koa'
import type { IssuerStatistics } from '../issuer-statistics.ts'

/**
 * `GET /admin/dashboard`: the figures of the auth-service, which this service gets with a token of its own. It asks for
 * itself: what its own client may read does not depend on who looks at it.
 */
export function showDashboard(statistics: Pick<IssuerStatistics, 'read'>): Middleware {
  return async function answerDashboard(ctx) {
    const { preferred_username: username } = ctx.state.accessToken
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { message: `Hello, ${username}.`, statistics: await statistics.read() }
  }
}
