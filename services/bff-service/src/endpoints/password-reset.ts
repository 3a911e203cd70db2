import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { z } from 'zod'
import type { IssuerClient } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'

const who = z.strictObject({ email: z.string().optional(), username: z.string().optional() })
const reset = z.strictObject({
  secret: z.string().optional(),
  flow: z.string().optional(),
  code: z.string().optional(),
  new_password: z.string()
})

/** `POST /bff/password-reset`: mails a user who has forgotten a password. The issuer checks what the body holds. */
export function requestPasswordReset({ issuer }: { issuer: IssuerClient }): Middleware[] {
  return [
    requireJsonBody(who),
    async function requestPasswordReset(ctx) {
      const requested = await issuer.requestPasswordReset(ctx.state.body, clientInfoOf(ctx))
      ctx.status = 202
      ctx.set('Cache-Control', 'no-store')
      ctx.body = requested
    }
  ]
}

/** `POST /bff/password-reset/confirm`: sets a new password with what the mail has brought. It signs nobody in. */
export function confirmPasswordReset({ issuer }: { issuer: IssuerClient }): Middleware[] {
  return [
    requireJsonBody(reset),
    async function confirmPasswordReset(ctx) {
      await issuer.confirmPasswordReset(ctx.state.body, clientInfoOf(ctx))
      ctx.status = 204
    }
  ]
}
