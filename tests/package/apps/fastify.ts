/** A probe: what the example of Fastify has no use for. */
import {
  accessTokenOf,
  requireAccessToken,
  requireAuthentication,
  requireRole,
  requireScope
} from '@countersign/verifier/fastify'
import Fastify from 'fastify'
import { faultOf, loggerOf, publicUrl, verifier } from './probe-settings.js'

const app = Fastify()
app.addHook('onClose', () => verifier.close())
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
  done(null, Object.fromEntries(new URLSearchParams(body as string)))
)
app.setErrorHandler((error: Error, _, reply) => {
  const { status, body } = faultOf(error)
  return reply.code(status).send(body)
})
app.register(
  async (mounted) => {
    // Behind the parsing of bodies, so that a token in a form is seen.
    mounted.addHook(
      'preHandler',
      requireAccessToken(verifier, { publicUrl, logger: (request) => loggerOf(request.originalUrl) })
    )
    mounted.get('/fails', async () => {
      throw new RangeError('its own')
    })
    mounted.get('/scoped', { preHandler: requireScope('reports:read', 'reports:list') }, async () => '')
    const recent = requireAuthentication({ maxAgeSeconds: 300, acr: 'urn:countersign:acr:1' })
    mounted.get('/recent', { preHandler: recent }, async () => '')
    mounted.route({
      method: ['GET', 'POST', 'OPTIONS'],
      url: '/me',
      handler: async (request) => {
        const accessToken = accessTokenOf(request)
        const isFrozen = Object.isFrozen(request.accessToken) && Object.isFrozen(accessToken.aud)
        return { sub: accessToken.sub, isFrozen }
      }
    })
  },
  { prefix: '/mounted' }
)
app.get<{ Params: { id: string } }>(
  '/unguarded/:id',
  { onRequest: requireRole('admin') },
  async ({ params }) => params.id
)

console.log(await app.listen({ port: 0 }))
process.once('SIGTERM', () => void app.close())
