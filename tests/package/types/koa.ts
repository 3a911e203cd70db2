/** What the compiler of a Koa project says. */
import type { AccessTokenVerifier } from '@countersign/verifier'
import { type AccessTokenState, requireAccessToken, requireRole, requireScope } from '@countersign/verifier/koa'
import Koa from 'koa'

export function build(verifier: AccessTokenVerifier): Koa {
  const app = new Koa<AccessTokenState>()
  app.use(requireAccessToken(verifier))
  app.use((ctx) => {
    // @ts-expect-error claims are frozen
    ctx.state.accessToken.sub = 'somebody else'
  })
  // @ts-expect-error there is no such policy
  requireAccessToken(verifier, { whenStale: 'ignore' })
  // @ts-expect-error a scope has to be named
  requireScope()
  // @ts-expect-error one role for each
  requireRole('admin', 'auditor')
  // @ts-expect-error in an app that does not say so, nobody knows of claims
  new Koa<{ user: string }>().use((ctx) => ctx.state.accessToken.sub)
  return app as unknown as Koa
}
