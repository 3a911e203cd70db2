/** A probe: what the example of Hono has no use for. */
import { requireAccessToken, requireAuthentication, requireRole, requireScope } from '@countersign/verifier/hono'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { faultOf, loggerOf, publicUrl, verifier } from './probe-settings.js'

// Without naming types: the chain has them from `requireAccessToken`.
const mounted = new Hono()
  .use(requireAccessToken(verifier, { publicUrl, logger: (c) => loggerOf(c.req.path) }))
  .get('/fails', () => {
    throw new RangeError('its own')
  })
  .get('/scoped', requireScope('reports:read', 'reports:list'), (c) => c.body(null))
  .get('/recent', requireAuthentication({ maxAgeSeconds: 300, acr: 'urn:countersign:acr:1' }), (c) => c.body(null))
  .all('/me', (c) => {
    const { accessToken } = c.var
    return c.json({ sub: accessToken.sub, isFrozen: Object.isFrozen(accessToken) && Object.isFrozen(accessToken.aud) })
  })

const app = new Hono()
app.route('/mounted', mounted)
app.get('/unguarded/:id', requireRole('admin'), (c) => c.text(c.req.param('id')))
app.onError((error, c) => {
  const { status, body } = faultOf(error)
  return c.newResponse(JSON.stringify(body), status as 418)
})

const server = serve({ fetch: app.fetch, port: 0 }, ({ port }) => console.log(`http://localhost:${port}`))
process.once('SIGTERM', () => {
  server.close()
  void verifier.close()
})
