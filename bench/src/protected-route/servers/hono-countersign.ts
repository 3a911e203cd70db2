/** Countersign on Hono, as its README sets it up. */
import type { Server } from 'node:http'
import { createAccessTokenVerifier } from '@countersign/verifier'
import { type AccessTokenEnv, requireAccessToken } from '@countersign/verifier/hono'
import { redisRevocations } from '@countersign/verifier/redis'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { announce, readOptions } from '../../servers/serve.ts'
import type { Trust } from './trust.ts'

const { issuer, audience, jwksUri, redisUrl } = readOptions<Trust>()
const verifier = createAccessTokenVerifier({
  issuer,
  audience,
  jwksUri,
  revocations: redisRevocations({ url: redisUrl })
})
const app = new Hono<AccessTokenEnv>()
app.use(requireAccessToken(verifier))
app.get('/', (c) => c.json({ sub: c.get('accessToken').sub }))
await verifier.ready()
announce(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
