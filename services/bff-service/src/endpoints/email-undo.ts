import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { z } from 'zod'
import type { IssuerClient } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'

const undo = z.strictObject({ secret: z.string(), new_password: z.string() })

/** `POST /bff/email-undo`: restores the e-mail address of before with what the mail has brought, and sets a new password. It signs nobody in. */
export function undoEmailChange({ issuer }: { issuer: IssuerClient }): Middleware[] {
  return [
    requireJsonBody(undo),
    async function undoEmailChange(ctx) {
      await issuer.undoEmailChange(ctx.state.body, clientInfoOf(ctx))
      ctx.status = 204
    }
  ]
}
