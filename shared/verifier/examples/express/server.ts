import type { AddressInfo } from 'node:net'
import { createAccessTokenVerifier, protectedResourceMetadataUrl } from '@countersign/verifier'
import {
  accessTokenOf,
  protectedResourceMetadata,
  requireAccessToken,
  requireRole,
  requireScope
} from '@countersign/verifier/express'
import { redisDpopReplays, redisRevocations } from '@countersign/verifier/redis'
import express from 'express'

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

const app = express()
app.get('/public', (_request, response) => {
  response.json({ hello: 'everybody' })
})
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
app.get('/me', (request, response) => {
  response.json(accessTokenOf(request))
})
app.get('/reports', requireScope('reports:read'), (_request, response) => {
  response.json({ reports: [] })
})
app.get('/admin', requireRole('admin'), (request, response) => {
  response.json({ hello: accessTokenOf(request).sub })
})

const server = app.listen(Number(PORT), () => {
  console.info(`http://localhost:${(server.address() as AddressInfo).port}`)
})
process.once('SIGTERM', () => {
  server.close()
  void verifier.close()
})
