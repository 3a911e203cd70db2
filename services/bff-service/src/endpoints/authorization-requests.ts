import { NotFoundError } from '@countersign/oauth'
import type { Context, Middleware } from 'koa'
import type { IssuerClient } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'

/** `GET /bff/authorization-requests/:id`: which app asks for a sign-in, and where the browser goes on. */
export function showAuthorizationRequest({ issuer }: { issuer: IssuerClient }): Middleware {
  return async function showAuthorizationRequest(ctx) {
    ctx.body = await issuer.showAuthorizationRequest(idOf(ctx), clientInfoOf(ctx))
    ctx.set('Cache-Control', 'no-store')
  }
}

/** `GET /bff/logout-requests/:id`: which app asks for a sign-out, and where the browser goes on. */
export function showLogoutRequest({ issuer }: { issuer: IssuerClient }): Middleware {
  return async function showLogoutRequest(ctx) {
    ctx.body = await issuer.showLogoutRequest(idOf(ctx), clientInfoOf(ctx))
    ctx.set('Cache-Control', 'no-store')
  }
}

/** It becomes part of a path of the issuer. */
function idOf({ params: { id } }: Context): string {
  if (!/^[\w-]{43}$/.test(id)) throw new NotFoundError()
  return id
}
