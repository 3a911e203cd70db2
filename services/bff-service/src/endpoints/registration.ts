import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { z } from 'zod'
import type { IssuerClient } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'

const account = z.strictObject({ username: z.string(), password: z.string(), email: z.string().optional() })

/** `GET /bff/registration`: whether registration is open, and whether there is mail. */
export function showRegistration({ issuer }: { issuer: IssuerClient }): Middleware {
  return async function showRegistration(ctx) {
    const offers = await issuer.readOffers(clientInfoOf(ctx))
    ctx.set('Cache-Control', 'no-store')
    ctx.body = offers
  }
}

/** `POST /bff/registration`: creates an account; signing in is another request. */
export function register({ issuer }: { issuer: IssuerClient }): Middleware[] {
  return [
    requireJsonBody(account),
    async function register(ctx) {
      const user = await issuer.register(ctx.state.body, clientInfoOf(ctx))
      ctx.status = 201
      ctx.set('Cache-Control', 'no-store')
      ctx.body = user
    }
  ]
}
