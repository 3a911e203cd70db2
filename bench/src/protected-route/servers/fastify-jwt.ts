/** @fastify/jwt, as its README sets it up with get-jwks, with fast-jwt's cache at its fastest. */
import fastifyJwt from '@fastify/jwt'
import type { DecodedJwt } from 'fast-jwt'
import fastify from 'fastify'
import { announce, readOptions } from '../../servers/serve.ts'
import { createPublicKeys } from './public-key.ts'
import type { Trust } from './trust.ts'

const { issuer, audience, jwksUri } = readOptions<Trust>()
const publicKey = createPublicKeys(jwksUri)
const app = fastify()
await app.register(fastifyJwt, {
  decode: { complete: true },
  secret: { public: async (_: unknown, token: unknown) => publicKey(token as DecodedJwt) },
  verify: {
    algorithms: ['RS256'],
    allowedIss: issuer,
    allowedAud: audience,
    checkTyp: 'at+jwt',
    cache: 10_000,
    cacheKeyBuilder: (token: string) => token
  }
})
app.addHook('onRequest', async (request, reply) => {
  try {
    await request.jwtVerify()
  } catch {
    // It has no status for a wrong `typ`.
    return reply.code(401).send({ error: 'invalid token' })
  }
})
app.get('/', async (request) => ({ sub: (request.user as { sub: string }).sub }))
await app.ready()
announce(app.server.listen(0, '127.0.0.1'))
