import { createAccessTokenVerifier, protectedResourceMetadataUrl } from '@countersign/verifier'
import {
  type AccessTokenEnv,
  protectedResourceMetadata,
  requireAccessToken,
  requireRole,
  requireScope
} from '@countersign/verifier/hono'
import { redisDpopReplays, redisRevocations } from '@countersign/verifier/redis'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const { ISSUER, AUDIENCE, REDIS_URL, JWKS_URL, PUBLIC_URL, PORT = '3000' } = process.env
if (!ISSUER || !AUDIENCE || !REDIS_URL) throw new Error('ISSUER, AUDIENCE and REDIS_URL must be set')

// Any logger of this shape, such as pino.
const logger = {
  info: (fields: object, message: string) => console.info(message, fields),
  warn: (fields: object, message: string) => console.warn(message, fields)
}
const verifier = createAccessTokenVerifier({
  issuer: ISSUER,
  audience: AUDIENCE,
  jwksUri: JWKS_URL,
  revocations: redisRevocations({ url: REDIS_URL }),
  dpop: { replays: redisDpopReplays({ url: REDIS_URL }) },
  logger
})

const app = new Hono<AccessTokenEnv>()
app.get('/public', (c) => c.json({ hello: 'everybody' }))
app.get(
  '/.well-known/oauth-protected-resource',
  protectedResourceMetadata({ resource: AUDIENCE, authorizationServers: [ISSUER], scopesSupported: ['reports:read'] })
)

app.use(
  requireAccessToken(verifier, {
    publicUrl: PUBLIC_URL,
    resourceMetadata: protectedResourceMetadataUrl(AUDIENCE),
    logger
  })
)
app.get('/me', (c) => c.json(c.get('accessToken')))
app.get('/reports', requireScope('reports:read'), (c) => c.json({ reports: [] }))
app.get('/admin', requireRole('admin'), (c) => c.json({ hello: c.get('accessToken').sub }))

const server = serve({ fetch: app.fetch, port: Number(PORT) }, ({ port }) => {
  console.info(`http://localhost:${port}`)
})
process.once('SIGTERM', () => {
  server.close()
  void verifier.close()
})
