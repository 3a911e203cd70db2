import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { Hono } from 'hono'
import { jwk } from 'hono/jwk'
import { koaJwtSecret } from 'jwks-rsa'
import Koa from 'koa'
import koaJwt from 'koa-jwt'
import type { Client, Verifier } from './verifier-clients.ts'

/** Middleware in a server of its framework, which responds with 200 and the claims. */
export const middlewareClients: readonly Client[] = [
  {
    // Finds the key set through the issuer's metadata. `strict` adds `typ` and the claims that RFC 9068 requires. Responds with
    // 401 as well when the keys cannot be had.
    name: 'express-oauth2-jwt-bearer in strict mode',
    start({ issuer, audience }) {
      const app = express()
      app.use(auth({ issuerBaseURL: issuer, audience, strict: true }))
      app.get('/', (request, response) => void response.json(request.auth?.payload))
      return served(app.listen(0, '127.0.0.1'))
    }
  },
  {
    // Does not look at `typ`. Responds with 401 as well when the keys cannot be had.
    name: 'koa-jwt with jwks-rsa',
    start({ issuer, jwksUri, audience }) {
      const app = new Koa()
      app.use(koaJwt({ secret: koaJwtSecret({ jwksUri, cache: true }), audience, issuer }))
      app.use((ctx) => {
        ctx.body = ctx.state.user
      })
      return served(app.listen(0, '127.0.0.1'))
    }
  },
  {
    // Wants `JWT` or no `typ` at all, by default.
    name: "Hono's jwk middleware",
    start({ issuer, jwksUri, audience }) {
      const app = new Hono()
      app.use(jwk({ jwks_uri: jwksUri, alg: ['RS256'], verification: { iss: issuer, aud: audience, typ: 'at+jwt' } }))
      app.get('/', (context) => context.json(context.get('jwtPayload')))
      return served(serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }))
    }
  }
]

async function served(server: ServerType): Promise<Verifier> {
  if (!server.listening) await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    async verify(token) {
      const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } })
      if (response.status === 200) return (await response.json()) as Record<string, unknown>
      const text = await response.text()
      if (response.status !== 401) throw new Error(`responded with ${response.status}: ${text}`)
      return undefined
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
    }
  }
}
