import { AccessDeniedError } from '@countersign/oauth'
import { requireScope } from '@countersign/verifier/koa'
import type { Context, Middleware } from 'koa'
import compose from 'koa-compose'
import { accountScope } from '../tokens/requested-grant.ts'

const refuseClients: Middleware = async function refuseClients(ctx, next) {
  const { sub, client_id: clientId, sid, preferred_username: username } = ctx.state.accessToken
  // A service may act for a client, too: then neither of them is a user.
  if (sub === clientId || sid === undefined || username === undefined)
    throw denied(ctx, 'This is for users; the token is one of a client itself.')
  await next()
}

/** For routes that need a user: a client's own token has none. Belongs behind `requireAccessToken`. */
export const requireUser: Middleware = compose([refuseClients, requireScope(accountScope) as Middleware])

/**
 * For actions that users must do in person: a service that acts for a user (RFC 8693) may read the account, but not
 * administer, change a password or end a session, whatever the user may do. Belongs behind `requireUser`.
 */
export const requireInPerson: Middleware = async function requireInPerson(ctx, next) {
  const { act } = ctx.state.accessToken
  if (act) throw denied(ctx, 'This is for users in person; the token is one of a service that acts for one.')
  await next()
}

/** RFC 6750 §3: a token that does not enable access is answered with a challenge. */
function denied(ctx: Context, description: string): AccessDeniedError {
  const scheme = ctx.state.accessToken.cnf ? 'DPoP' : 'Bearer'
  return new AccessDeniedError({ description, headers: { 'WWW-Authenticate': `${scheme} error="insufficient_scope"` } })
}
