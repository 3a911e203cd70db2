import { AccessDeniedError } from '@countersign/oauth'
import { requireScope } from '@countersign/verifier/koa'
import type { Middleware } from 'koa'
import compose from 'koa-compose'

/** The scope that lets a token use its user's account, here and in the admin API. */
export const accountScope = 'account'

/**
 * For routes that are about the user of the token: a client's own token has none. Belongs behind `requireAccessToken`.
 */
export const requireUser: Middleware = compose([
  async function refuseClients(ctx, next) {
    const { sub, client_id: clientId, sid, cnf } = ctx.state.accessToken
    if (sub === clientId || sid === undefined) {
      // RFC 6750 §3: a token that does not enable access is answered with a challenge.
      const headers = { 'WWW-Authenticate': `${cnf ? 'DPoP' : 'Bearer'} error="insufficient_scope"` }
      throw new AccessDeniedError({ description: 'This is for users; the token is one of a client itself.', headers })
    }
    await next()
  } as Middleware,
  requireScope(accountScope) as Middleware
])
