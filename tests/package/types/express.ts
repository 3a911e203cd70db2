/** What the compiler of an Express project says. */
import type { AccessTokenVerifier } from '@countersign/verifier'
import { accessTokenOf, requireAccessToken, requireRole, requireScope } from '@countersign/verifier/express'
import express, { type Express } from 'express'

export function build(verifier: AccessTokenVerifier): Express {
  const app = express()
  const guard = requireAccessToken(verifier, { logger: (request) => request.app.locals.logger })
  app.get('/users/:id', guard, requireRole('admin'), (request, response) => {
    const { id }: { id: string } = request.params
    response.json({ id, by: accessTokenOf(request).sub, roles: request.accessToken?.roles })
    // @ts-expect-error claims are frozen
    accessTokenOf(request).sub = 'somebody else'
  })
  // @ts-expect-error a route may have no guard: whether there are claims has to be asked, or accessTokenOf used
  app.get('/', (request, response) => response.json(request.accessToken.sub))
  // @ts-expect-error there is no such policy
  requireAccessToken(verifier, { whenStale: 'ignore' })
  // @ts-expect-error a scope has to be named
  requireScope()
  return app
}
