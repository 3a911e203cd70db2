/** What the compiler of a Fastify project says. */
import type { AccessTokenVerifier } from '@countersign/verifier'
import { accessTokenOf, requireAccessToken, requireRole, requireScope } from '@countersign/verifier/fastify'
import Fastify, { type FastifyInstance } from 'fastify'

export function build(verifier: AccessTokenVerifier): FastifyInstance {
  const app = Fastify()
  const guard = requireAccessToken(verifier, { logger: (request) => request.log })
  app.get<{ Params: { id: string } }>('/users/:id', { onRequest: [guard, requireRole('admin')] }, async (request) => {
    // @ts-expect-error claims are frozen
    accessTokenOf(request).sub = 'somebody else'
    return { id: request.params.id, by: accessTokenOf(request).sub, roles: request.accessToken?.roles }
  })
  // Servers of the other kinds take the same hooks.
  Fastify({ https: {} }).addHook('onRequest', guard)
  Fastify({ http2: true, https: {} }).get('/', { preHandler: guard }, async () => '')
  // @ts-expect-error a route may have no guard: whether there are claims has to be asked, or accessTokenOf used
  app.get('/', async (request) => request.accessToken.sub)
  // @ts-expect-error there is no such policy
  requireAccessToken(verifier, { whenStale: 'ignore' })
  // @ts-expect-error a scope has to be named
  requireScope()
  return app
}
