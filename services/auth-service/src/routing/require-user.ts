import { AccessDeniedError } from '@countersign/oauth'
import { requireScope } from '@countersign/verifier/koa'
import type { Context, Middleware } from 'koa'
import compose from 'koa-compose'
import { accountScope } from '../tokens/requested-grant.ts'

const refuseClients: Middleware = async function refuseClients(ctx, next) {
  const { sub, client_id: clientId, sid, preferred_username: username } = ctx.state.accessToken
  // A service may act for a client, too: then neither is a user.
  if (sub === clientId || sid === undefined || username === undefined)
    throw denied(ctx, 'This is for users; the token is one of a client itself.')
  await next()
}

/**
 * For routes that are about the user of the token: a client's own token has none. Belongs behind `requireAccessToken`.
 */
export const requireUser: Middleware = compose([refuseClients, requireScope(accountScope) as Middleware])

/**
 * For what users do in person: a service that acts for one (RFC 8693) reads the account, and neither administers nor changes
 * a password or ends a session, whatever the user may do. Belongs behind `requireUser`.
 */
export const requireInPerson: Middleware = async function requireInPerson(ctx, next) {
  const { act } = ctx.state.accessToken
  if (act) throw denied(ctx, 'This is for users in person; the token is one of a service that acts for one.')
  await next()
}

/** RFC 6750 §3: a token that does not enable access is answered with a challenge. */
export function denied(ctx: Context, description: string): AccessDeniedError {
  const scheme = ctx.state.accessToken.cnf ? 'DPoP' : 'Bearer'
  return new AccessDeniedError({ description, headers: { 'WWW-Authenticate': `${scheme} error="insufficient_scope"` } })
}
