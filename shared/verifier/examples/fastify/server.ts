import { createAccessTokenVerifier, protectedResourceMetadataUrl } from '@countersign/verifier'
import {
  accessTokenOf,
  protectedResourceMetadata,
  requireAccessToken,
  requireRole,
  requireScope
} from '@countersign/verifier/fastify'
import { redisDpopReplays, redisRevocations } from '@countersign/verifier/redis'
import Fastify from 'fastify'

const { ISSUER, AUDIENCE, REDIS_URL, JWKS_URL, PUBLIC_URL, PORT = '3000' } = process.env
if (!ISSUER || !AUDIENCE || !REDIS_URL) throw new Error('ISSUER, AUDIENCE and REDIS_URL must be set')

// Without the query of a URL: a client may have put a token there, by mistake.
const app = Fastify({
  logger: { serializers: { req: ({ method, url }) => ({ method, path: url.split('?', 1)[0] }) } }
})
const verifier = createAccessTokenVerifier({
  issuer: ISSUER,
  audience: AUDIENCE,
  jwksUri: JWKS_URL,
  revocations: redisRevocations({ url: REDIS_URL }),
  dpop: { replays: redisDpopReplays({ url: REDIS_URL }) },
  logger: app.log
})
app.addHook('onClose', () => verifier.close())

app.get('/public', async () => ({ hello: 'everybody' }))
app.get(
  '/.well-known/oauth-protected-resource',
  protectedResourceMetadata({ resource: AUDIENCE, authorizationServers: [ISSUER], scopesSupported: ['reports:read'] })
)

app.register(async (api) => {
  api.addHook(
    'onRequest',
    requireAccessToken(verifier, {
      publicUrl: PUBLIC_URL,
      resourceMetadata: protectedResourceMetadataUrl(AUDIENCE),
      logger: (request) => request.log
    })
  )
  api.get('/me', async (request) => accessTokenOf(request))
  api.get('/reports', { onRequest: requireScope('reports:read') }, async () => ({ reports: [] }))
  api.get('/admin', { onRequest: requireRole('admin') }, async (request) => ({ hello: accessTokenOf(request).sub }))
})

console.info(await app.listen({ port: Number(PORT) }))
process.once('SIGTERM', () => void app.close())
