import { acceptJsonBody, requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { z } from 'zod'
import type { IssuerClient } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'
import { readKnownBrowser } from '../requests/site-cookies.ts'
import { deliver, logAsOpen, type SessionDeps } from './session.ts'
import { flowOf } from './sign-in-flow.ts'

/** What a browser gives; the issuer checks what it holds. */
export const passkeyProof = z.strictObject({ credential: z.record(z.string(), z.unknown()) })

/** `POST /bff/session/passkey/options`: what a passkey is to sign, as a second factor if a sign-in is under way that needs one. */
export function askForPasskey({ issuer, cookies }: SessionDeps & { issuer: IssuerClient }): Middleware[] {
  return [
    acceptJsonBody(z.strictObject({ second_factor: z.boolean().optional() })),
    async function askForPasskey(ctx) {
      const body = ctx.state.body.second_factor ? { flow: flowOf(cookies, ctx) } : {}
      const response = await issuer.continueSignIn('passkey/options', body, clientInfoOf(ctx))
      ctx.set('Cache-Control', 'no-store')
      ctx.body = response
    }
  ]
}

/** `POST /bff/session/passkey`: signs in with a passkey. The id in the cookie is always new, whatever the browser sent. */
export function signInByPasskey(deps: SessionDeps): Middleware[] {
  const { sessions, cookies } = deps
  return [
    requireJsonBody(passkeyProof),
    async function signInByPasskey(ctx) {
      const browser = clientInfoOf(ctx)
      const former = await sessions.find(cookies.session.read(ctx))
      const known = readKnownBrowser(cookies, ctx)
      const session = await sessions.complete('passkey', ctx.state.body, browser, known)
      deliver(deps, ctx, session, former)
      if (former) await sessions.end(former, browser).catch(logAsOpen(ctx))
    }
  ]
}
