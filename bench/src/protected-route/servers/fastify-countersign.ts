/** Countersign on Fastify, as its README sets it up. */
import { createAccessTokenVerifier } from '@countersign/verifier'
import { accessTokenOf, requireAccessToken } from '@countersign/verifier/fastify'
import { redisRevocations } from '@countersign/verifier/redis'
import fastify from 'fastify'
import { announce, readOptions } from '../../servers/serve.ts'
import type { Trust } from './trust.ts'

const { issuer, audience, jwksUri, redisUrl } = readOptions<Trust>()
const verifier = createAccessTokenVerifier({
  issuer,
  audience,
  jwksUri,
  revocations: redisRevocations({ url: redisUrl })
})
const app = fastify()
app.addHook('onRequest', requireAccessToken(verifier))
app.get('/', async (request) => ({ sub: accessTokenOf(request).sub }))
await app.ready()
await verifier.ready()
announce(app.server.listen(0, '127.0.0.1'))
