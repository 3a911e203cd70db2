import { endpointOf, InvalidRequestError } from '@countersign/oauth'
import { headerValues } from '@countersign/verifier'
import type { Middleware } from 'koa'
import {
  authenticateClient,
  type ClientAuthenticationDeps,
  type ClientCredentials
} from '../clients/client-authentication.ts'
import { clientInfoOf } from './client-info.ts'

const pushPath = '/oauth/par'

/** Authenticates the client of a form that was read before, and sets `ctx.state.client`; or responds 401. */
export function requireClient(deps: ClientAuthenticationDeps, issuer: string): Middleware {
  // RFC 9126 §2: for a pushed request clients may name this endpoint, too.
  const atPush = { ...deps, audiences: [...deps.audiences, endpointOf(issuer, pushPath)] }
  return async function requireClient(ctx, next) {
    const [authorization, ...others] = headerValues(ctx.req, 'authorization')
    if (others.length > 0) throw new InvalidRequestError({ description: 'There are several Authorization headers.' })
    const form = ctx.state.body as Omit<ClientCredentials, 'authorization'> & { readonly grant_type?: string }
    // The other grants are confirmed by the database in any case, and revocation and introspection are rare.
    const mayBeCached = form.grant_type === 'client_credentials'
    ctx.state.client = await authenticateClient(
      ctx.path === pushPath ? atPush : deps,
      { ...form, authorization },
      { origin: clientInfoOf(ctx), mayBeCached }
    )
    await next()
  }
}
