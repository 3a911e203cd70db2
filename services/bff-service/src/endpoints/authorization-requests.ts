import { NotFoundError } from '@countersign/oauth'
import type { Middleware } from 'koa'
import type { IssuerClient } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'

/** `GET /bff/authorization-requests/:id`: which app asks for a sign-in, and where the browser goes on. */
export function showAuthorizationRequest({ issuer }: { issuer: IssuerClient }): Middleware {
  return async function showAuthorizationRequest(ctx) {
    const { id } = ctx.params as { id: string }
    // It becomes part of a path of the issuer.
    if (!/^[\w-]{43}$/.test(id)) throw new NotFoundError()
    const request = await issuer.showAuthorizationRequest(id, clientInfoOf(ctx))
    ctx.set('Cache-Control', 'no-store')
    ctx.body = request
  }
}
