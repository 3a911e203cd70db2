/** A probe: what the example of Koa has no use for. */
import type { AddressInfo } from 'node:net'
import {
  type AccessTokenState,
  requireAccessToken,
  requireAuthentication,
  requireRole,
  requireScope
} from '@countersign/verifier/koa'
import Koa, { type Middleware, type ParameterizedContext } from 'koa'
import { faultOf, loggerOf, publicUrl, verifier } from './probe-settings.js'

const setForm: Middleware = async (ctx, next) => {
  let text = ''
  for await (const chunk of ctx.req) text += chunk
  Object.assign(ctx.request, { body: Object.fromEntries(new URLSearchParams(text)) })
  await next()
}
const guard = requireAccessToken(verifier, { publicUrl, logger: (ctx) => loggerOf(ctx.originalUrl) })
const scoped = requireScope('reports:read', 'reports:list')
const recent = requireAuthentication({ maxAgeSeconds: 300, acr: 'urn:countersign:acr:1' })
const mounted = async (ctx: ParameterizedContext<AccessTokenState>) => {
  if (ctx.path === '/scoped') return scoped(ctx, async () => {})
  if (ctx.path === '/recent') {
    return recent(ctx, async () => {
      ctx.status = 204
    })
  }
  if (ctx.path === '/fails') throw new RangeError('its own')
  const { accessToken } = ctx.state
  ctx.body = { sub: accessToken.sub, isFrozen: Object.isFrozen(accessToken) && Object.isFrozen(accessToken.aud) }
}

const app = new Koa<AccessTokenState>()
app.use(async (ctx, next) => {
  try {
    await next()
  } catch (error) {
    Object.assign(ctx, faultOf(error as Error))
  }
})
app.use((ctx, next) => (ctx.method === 'POST' ? setForm(ctx, next) : next()))
app.use((ctx, next) => (ctx.path.startsWith('/unguarded/') ? requireRole('admin')(ctx, next) : next()))
app.use((ctx) => {
  // As koa-mount does.
  ctx.path = ctx.path.replace(/^\/mounted/, '')
  return guard(ctx, () => mounted(ctx))
})

const server = app.listen(0, () => console.log(`http://localhost:${(server.address() as AddressInfo).port}`))
process.once('SIGTERM', () => {
  server.close()
  void verifier.close()
})
