/** Countersign on Express, as its README sets it up. */
import { createAccessTokenVerifier } from '@countersign/verifier'
import { accessTokenOf, requireAccessToken } from '@countersign/verifier/express'
import { redisRevocations } from '@countersign/verifier/redis'
import express from 'express'
import { announce, readOptions } from '../../servers/serve.ts'
import type { Trust } from './trust.ts'

const { issuer, audience, jwksUri, redisUrl } = readOptions<Trust>()
const verifier = createAccessTokenVerifier({
  issuer,
  audience,
  jwksUri,
  revocations: redisRevocations({ url: redisUrl })
})
const app = express()
app.use(requireAccessToken(verifier))
app.get('/', (request, response) => void response.json({ sub: accessTokenOf(request).sub }))
await verifier.ready()
announce(app.listen(0, '127.0.0.1'))
