import { NotFoundError } from '@countersign/oauth'
import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { z } from 'zod'
import type { IssuerClient } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'
import { readKnownBrowser, readOpaque, setOpaque } from '../requests/site-cookies.ts'
import { deliver, keepingFlow, logAsOpen, type SessionDeps } from './session.ts'

/** The issuer checks what the bodies hold. */
const who = z.strictObject({ email: z.string().optional(), username: z.string().optional() })
const proof = z.strictObject({ secret: z.string().optional(), code: z.string().optional() })

/** `POST /bff/session/mail`: has a mail sent with which this browser can sign in. No script sees the flow. */
export function requestMailSignIn({ issuer, cookies }: SessionDeps & { issuer: IssuerClient }): Middleware[] {
  return [
    requireJsonBody(who),
    async function requestMailSignIn(ctx) {
      const { flow, expires_in } = await issuer.requestMailSignIn(ctx.state.body, clientInfoOf(ctx))
      setOpaque(cookies.mailFlow, ctx, flow)
      ctx.status = 202
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { expires_in }
    }
  ]
}

/** `POST /bff/session/mail/confirm`: signs in with what the mail has brought, in the browser that asked for it. */
export function signInByMail(deps: SessionDeps): Middleware[] {
  const { sessions, cookies } = deps
  return [
    requireJsonBody(proof),
    async function signInByMail(ctx) {
      const flow = readOpaque(cookies.mailFlow, ctx)
      if (flow === undefined) {
        throw new NotFoundError({ description: 'This browser has not asked for a sign-in by mail recently.' })
      }
      const browser = clientInfoOf(ctx)
      const former = await sessions.find(cookies.session.read(ctx))
      const known = readKnownBrowser(cookies, ctx)
      const session = await keepingFlow(cookies, ctx, () =>
        sessions.complete('mail/confirm', { ...ctx.state.body, flow }, browser, known)
      )
      cookies.mailFlow.clear(ctx)
      deliver(deps, ctx, session, former)
      if (former) await sessions.end(former, browser).catch(logAsOpen(ctx))
    }
  ]
}
