/** koa-jwt with jwks-rsa, as both of their documents set it up. */
import { koaJwtSecret } from 'jwks-rsa'
import Koa from 'koa'
import jwt from 'koa-jwt'
import { announce, readOptions } from '../../servers/serve.ts'
import type { Trust } from './trust.ts'

const { issuer, audience, jwksUri } = readOptions<Trust>()
const app = new Koa()
app.use(
  jwt({
    secret: koaJwtSecret({ jwksUri, cache: true, cacheMaxEntries: 5, cacheMaxAge: 10 * 3600 * 1000 }),
    audience,
    issuer,
    algorithms: ['RS256']
  })
)
app.use((ctx) => {
  ctx.body = { sub: ctx.state.user.sub }
})
app.silent = true
announce(app.listen(0, '127.0.0.1'))
