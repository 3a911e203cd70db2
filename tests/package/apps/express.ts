/** A probe: what the example of Express has no use for. */
import type { AddressInfo } from 'node:net'
import {
  accessTokenOf,
  requireAccessToken,
  requireAuthentication,
  requireRole,
  requireScope
} from '@countersign/verifier/express'
import express, { type NextFunction, type Request, type Response } from 'express'
import { faultOf, loggerOf, publicUrl, verifier } from './probe-settings.js'

const mounted = express.Router()
mounted.use(requireAccessToken(verifier, { publicUrl, logger: (request) => loggerOf(request.originalUrl) }))
mounted.get('/fails', () => {
  throw new RangeError('its own')
})
mounted.get('/scoped', requireScope('reports:read', 'reports:list'), (_, response) => {
  response.end()
})
mounted.get('/recent', requireAuthentication({ maxAgeSeconds: 300, acr: 'urn:countersign:acr:1' }), (_, response) => {
  response.end()
})
mounted.all('/me', (request, response) => {
  const accessToken = accessTokenOf(request)
  const isFrozen = Object.isFrozen(request.accessToken) && Object.isFrozen(accessToken.aud)
  response.json({ sub: accessToken.sub, isFrozen })
})

const app = express()
app.use(express.urlencoded({ extended: false }))
app.use('/mounted', mounted)
app.get('/unguarded/:id', requireRole('admin'), (request, response) => {
  response.json(request.params.id)
})
app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
  const { status, body } = faultOf(error)
  response.status(status).json(body)
})

const server = app.listen(0, () => console.log(`http://localhost:${(server.address() as AddressInfo).port}`))
process.once('SIGTERM', () => {
  server.close()
  void verifier.close()
})
