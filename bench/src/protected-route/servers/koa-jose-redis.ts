/** What people write by hand: jose, and a Redis `EXISTS` for each request. */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import Koa from 'koa'
import { createClient } from 'redis'
import { announce, readOptions } from '../../servers/serve.ts'
import { revokedKey, type Trust } from './trust.ts'

const { issuer, audience, jwksUri, redisUrl } = readOptions<Trust>()
const keySet = createRemoteJWKSet(new URL(jwksUri))
const redis = createClient({ url: redisUrl })
redis.on('error', (error) => process.stderr.write(`${error}\n`))
await redis.connect()

const app = new Koa()
app.use(async (ctx, next) => {
  const token = /^Bearer (.+)$/.exec(ctx.get('Authorization'))?.[1]
  if (token === undefined) return ctx.throw(401)
  try {
    const { payload } = await jwtVerify(token, keySet, { issuer, audience, typ: 'at+jwt', algorithms: ['RS256'] })
    ctx.state.user = payload
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    ctx.throw(401)
  }
  if (await redis.exists(revokedKey(ctx.state.user.jti))) ctx.throw(401)
  await next()
})
app.use((ctx) => {
  ctx.body = { sub: ctx.state.user.sub }
})
app.silent = true
announce(app.listen(0, '127.0.0.1'))
