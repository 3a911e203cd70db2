/** @fastify/jwt, as its README sets it up with get-jwks, with fast-jwt's cache at its fastest. */
import fastifyJwt from '@fastify/jwt'
import fastify from 'fastify'
import buildGetJwks from 'get-jwks'
import { announce, readOptions } from '../../servers/serve.ts'
import type { Trust } from './trust.ts'

interface CompleteToken {
  readonly header: { readonly kid: string; readonly alg: string }
}

const { issuer, audience, jwksUri } = readOptions<Trust>()
const domain = new URL('/', jwksUri).href
const getJwks = buildGetJwks({ issuersWhitelist: [domain] })
// get-jwks makes the PEM again for each token; kept, it costs once.
const pems = new Map<string, Promise<string>>()
function publicKey({ header: { kid, alg } }: CompleteToken): Promise<string> {
  const known = pems.get(kid)
  if (known) return known
  const pem = getJwks.getPublicKey({ kid, alg, domain })
  pems.set(kid, pem)
  pem.catch(() => pems.delete(kid))
  return pem
}

const app = fastify()
await app.register(fastifyJwt, {
  decode: { complete: true },
  secret: { public: async (_: unknown, token: unknown) => publicKey(token as CompleteToken) },
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
