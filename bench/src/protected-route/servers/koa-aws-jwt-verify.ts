/** aws-jwt-verify on Koa, with its key set hydrated before it listens, as its README advises. */
import { JwtVerifier } from 'aws-jwt-verify'
import { JwtBaseError } from 'aws-jwt-verify/error'
import { SimpleJwksCache } from 'aws-jwt-verify/jwk'
import Koa from 'koa'
import { announce, readOptions } from '../../servers/serve.ts'
import type { Trust } from './trust.ts'

const { issuer, audience, jwksUri } = readOptions<Trust>()
// Its own fetcher accepts only https.
const fetcher = { fetch: async (uri: string) => (await fetch(uri)).arrayBuffer() }
const verifier = JwtVerifier.create({ issuer, audience, jwksUri }, { jwksCache: new SimpleJwksCache({ fetcher }) })
await verifier.hydrate()

const app = new Koa()
app.use(async (ctx, next) => {
  const token = /^Bearer (.+)$/.exec(ctx.get('Authorization'))?.[1]
  if (token === undefined) return ctx.throw(401)
  try {
    ctx.state.user = await verifier.verify(token)
  } catch (error) {
    if (!(error instanceof JwtBaseError)) throw error
    ctx.throw(401)
  }
  await next()
})
app.use((ctx) => {
  ctx.body = { sub: ctx.state.user.sub }
})
app.silent = true
announce(app.listen(0, '127.0.0.1'))
