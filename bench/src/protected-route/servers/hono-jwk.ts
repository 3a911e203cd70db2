/** Hono's own `jwk` middleware. Its keys are fetched once: by `jwks_uri` it would fetch them for each request. */
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { jwk } from 'hono/jwk'
import type { JwtVariables } from 'hono/jwt'
import type { HonoJsonWebKey } from 'hono/utils/jwt/jws'
import { announce, readOptions } from '../../servers/serve.ts'
import type { Trust } from './trust.ts'

const { issuer, audience, jwksUri } = readOptions<Trust>()
const { keys } = (await (await fetch(jwksUri)).json()) as { keys: HonoJsonWebKey[] }
const app = new Hono<{ Variables: JwtVariables }>()
app.use(jwk({ keys, alg: ['RS256'], verification: { iss: issuer, aud: audience, typ: 'at+jwt' } }))
app.get('/', (c) => c.json({ sub: c.get('jwtPayload').sub }))
announce(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
