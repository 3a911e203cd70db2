import { AccessDeniedError } from '@countersign/oauth'
import type { VerifiedAccessToken } from '@countersign/verifier'
import { requireScope } from '@countersign/verifier/koa'
import type { Context, Middleware } from 'koa'
import compose from 'koa-compose'
import { firstPartyClientId } from '../clients/client-rules.ts'
import { accountScope } from '../tokens/requested-grant.ts'

/** A token of a user, not of a client itself. Belongs behind `requireAccessToken`. */
export const refuseClients: Middleware = async function refuseClients(ctx, next) {
  const { sub, client_id: clientId, sid, auth_time: signedInAt } = ctx.state.accessToken
  // A service may act for a client, too: then neither of them is a user, and there was no sign-in.
  if (sub === clientId || sid === undefined || signedInAt === undefined)
    throw denied(ctx, 'This is for users; the token is one of a client itself.')
  await next()
}

/** A token that an app has got for its user. Here it is valid for userinfo alone, whatever it holds. */
export function isOfApp({ act, sub, client_id: clientId }: VerifiedAccessToken): boolean {
  return !act && sub !== clientId && clientId !== firstPartyClientId
}

/**
 * The account is for the issuer's own pages alone: neither a client that users sign in to nor what it holds opens it. A service that acts
 * for a user is limited by its scopes.
 */
export const refuseApps: Middleware = async function refuseApps(ctx, next) {
  if (isOfApp(ctx.state.accessToken)) throw denied(ctx, 'This is not for apps that users have signed in to.')
  await next()
}

/** For routes that need a user: a client's own token has none. Belongs behind `requireAccessToken`. */
export const requireUser: Middleware = compose([refuseClients, refuseApps, requireScope(accountScope) as Middleware])

/**
 * For actions that users must do in person: a service that acts for a user (RFC 8693) may read the account, but not
 * administer, change a password or end a session, whatever the user may do. Belongs behind `requireUser`.
 */
export const requireInPerson: Middleware = async function requireInPerson(ctx, next) {
  const { act } = ctx.state.accessToken
  if (act) throw denied(ctx, 'This is for users in person; the token is one of a service that acts for one.')
  await next()
}

/** RFC 6750 §3: a token that does not enable access gets a challenge. */
function denied(ctx: Context, description: string): AccessDeniedError {
  const scheme = ctx.state.accessToken.cnf ? 'DPoP' : 'Bearer'
  return new AccessDeniedError({ description, headers: { 'WWW-Authenticate': `${scheme} error="insufficient_scope"` } })
}
