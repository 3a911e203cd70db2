import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { z } from 'zod'
import type { IssuerClient } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'

const link = z.strictObject({ secret: z.string() })
const acceptance = z.strictObject({ secret: z.string(), username: z.string(), password: z.string() })

/** `POST /bff/invitations/show`: what the link of an invitation is about. The issuer checks what the body holds. */
export function showInvitation({ issuer }: { issuer: IssuerClient }): Middleware[] {
  return [
    requireJsonBody(link),
    async function showInvitation(ctx) {
      const invitation = await issuer.showInvitation(ctx.state.body, clientInfoOf(ctx))
      ctx.set('Cache-Control', 'no-store')
      ctx.body = invitation
    }
  ]
}

/** `POST /bff/invitations/accept`: makes the account. It signs nobody in. */
export function acceptInvitation({ issuer }: { issuer: IssuerClient }): Middleware[] {
  return [
    requireJsonBody(acceptance),
    async function acceptInvitation(ctx) {
      const user = await issuer.acceptInvitation(ctx.state.body, clientInfoOf(ctx))
      ctx.status = 201
      ctx.set('Cache-Control', 'no-store')
      ctx.body = user
    }
  ]
}
