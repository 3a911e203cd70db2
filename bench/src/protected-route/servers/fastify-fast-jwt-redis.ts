/** Fastify, fast-jwt with its cache at its fastest, keys by get-jwks, and a Redis `EXISTS` for each request. */
import { createVerifier, TokenError } from 'fast-jwt'
import fastify from 'fastify'
import { createClient } from 'redis'
import { announce, readOptions } from '../../servers/serve.ts'
import { createPublicKeys } from './public-key.ts'
import { revokedKey, type Trust } from './trust.ts'

const { issuer, audience, jwksUri, redisUrl } = readOptions<Trust>()
const publicKey = createPublicKeys(jwksUri)
const verify = createVerifier({
  key: publicKey,
  algorithms: ['RS256'],
  allowedIss: issuer,
  allowedAud: audience,
  requiredClaims: ['iss', 'aud', 'exp', 'jti'],
  checkTyp: 'at+jwt',
  cache: 10_000,
  // Its documentation calls the hash that is the default costly: the token itself is the fastest key.
  cacheKeyBuilder: (token) => token
})
const redis = createClient({ url: redisUrl })
redis.on('error', (error) => process.stderr.write(`${error}\n`))
await redis.connect()

const app = fastify()
app.decorateRequest('user', null)
app.addHook('onRequest', async (request, reply) => {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) return reply.code(401).send({ error: 'no token' })
  try {
    const claims = (await verify(token)) as { sub: string; jti: string }
    if (await redis.exists(revokedKey(claims.jti))) return reply.code(401).send({ error: 'revoked' })
    request.user = claims
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return reply.code(401).send({ error: 'invalid token' })
  }
})
app.get('/', async (request) => ({ sub: request.user?.sub }))
await app.ready()
announce(app.server.listen(0, '127.0.0.1'))

declare module 'fastify' {
  interface FastifyRequest {
    user: { sub: string } | null
  }
}
