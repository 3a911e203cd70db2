import type { AddressInfo } from 'node:net'
import { createAccessTokenVerifier, protectedResourceMetadataUrl } from '@countersign/verifier'
import {
  type AccessTokenState,
  protectedResourceMetadata,
  requireAccessToken,
  requireRole,
  requireScope
} from '@countersign/verifier/koa'
import { redisDpopReplays, redisRevocations } from '@countersign/verifier/redis'
import Router from '@koa/router'
import Koa from 'koa'

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

const open = new Router()
open.get('/public', (ctx) => {
  ctx.body = { hello: 'everybody' }
})
open.get(
  '/.well-known/oauth-protected-resource',
  protectedResourceMetadata({ resource: AUDIENCE, authorizationServers: [ISSUER], scopesSupported: ['reports:read'] })
)

const guarded = new Router<AccessTokenState>()
guarded.get('/me', (ctx) => {
  ctx.body = ctx.state.accessToken
})
guarded.get('/reports', requireScope('reports:read'), (ctx) => {
  ctx.body = { reports: [] }
})
guarded.get('/admin', requireRole('admin'), (ctx) => {
  ctx.body = { hello: ctx.state.accessToken.sub }
})

const app = new Koa()
app.use(open.routes())
app.use(
  requireAccessToken(verifier, {
    publicUrl: PUBLIC_URL,
    resourceMetadata: protectedResourceMetadataUrl(AUDIENCE),
    logger
  })
)
app.use(guarded.routes())

const server = app.listen(Number(PORT), () => {
  console.info(`http://localhost:${(server.address() as AddressInfo).port}`)
})
process.once('SIGTERM', () => {
  server.close()
  void verifier.close()
})
