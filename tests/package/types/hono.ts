/** What the compiler of a Hono project says. */
import type { AccessTokenVerifier } from '@countersign/verifier'
import { type AccessTokenEnv, requireAccessToken, requireRole, requireScope } from '@countersign/verifier/hono'
import { Hono } from 'hono'

export function build(verifier: AccessTokenVerifier): Hono<AccessTokenEnv> {
  const app = new Hono<AccessTokenEnv>()
  app.use(requireAccessToken(verifier))
  app.get('/users/:id', requireRole('admin'), (c) => {
    // @ts-expect-error claims are frozen
    c.get('accessToken').sub = 'somebody else'
    return c.json({ id: c.req.param('id'), by: c.var.accessToken.sub })
  })
  // Without naming types, a chain has them too.
  new Hono().get('/', requireAccessToken(verifier), (c) => c.text(c.var.accessToken.sub))
  // @ts-expect-error there is no such policy
  requireAccessToken(verifier, { whenStale: 'ignore' })
  // @ts-expect-error a scope has to be named
  requireScope()
  return app
}
