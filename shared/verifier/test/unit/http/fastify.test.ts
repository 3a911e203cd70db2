import type { RequestListener } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { describe, expect, it, vi } from 'vitest'
import {
  accessTokenOf,
  type RequireAccessTokenOptions,
  requireAccessToken,
  requireRole,
  requireScope
} from '../../../src/http/fastify.ts'
import { signProof } from '../fixtures/dpop-proofs.ts'
import { type SentRequest, sendRequest } from '../fixtures/send-request.ts'
import { setUpVerifierFixture } from '../fixtures/verifier-fixture.ts'

const { clock, issuer, verifier, key, bound } = await setUpVerifierFixture()

const setUp = (options?: RequireAccessTokenOptions, serverOptions?: FastifyServerOptions): FastifyInstance => {
  const app = Fastify(serverOptions)
  app.setErrorHandler((error: Error, _, reply) => reply.code(418).send({ name: error.name, message: error.message }))
  app.register(
    async (api) => {
      api.addHook('onRequest', requireAccessToken(verifier, options))
      api.get('/me', (request, reply) => reply.send({ sub: accessTokenOf(request).sub }))
      api.get('/fails', async () => {
        throw new RangeError('its own')
      })
      api.get('/reports', { onRequest: requireScope('reports:read') }, async () => 'reports')
      api.register(async (inner) => {
        inner.get('/inner', async () => 'inner')
      })
      const schema = { response: { '4xx': { type: 'object', properties: { other: { type: 'string' } } } } }
      api.get('/schema', { schema }, async () => 'schema')
    },
    { prefix: '/mounted' }
  )
  app.get('/public', async () => 'public')
  app.get('/one', { onRequest: [requireAccessToken(verifier), requireRole('admin')] }, async () => 'one')
  app.get('/unguarded', { onRequest: requireRole('admin') }, async () => 'unguarded')
  return app
}
const ask = async (app: FastifyInstance, sent: SentRequest) => {
  await app.ready()
  return sendRequest(app.routing as RequestListener, sent)
}
const bearer = (token: string) => ['Authorization', `Bearer ${token}`]
const proven = async (url: string) => {
  const proof = await signProof(key, { method: 'GET', url, accessToken: bound, now: clock.now() })
  return ['Host', 'internal:4001', 'Authorization', `DPoP ${bound}`, 'DPoP', proof]
}

describe('requireAccessToken for Fastify', () => {
  it('protects the scope that it is a hook of and those within, and nothing beside it', async () => {
    const app = setUp()
    for (const url of ['/mounted/me', '/mounted/inner', '/mounted/reports']) {
      expect(await ask(app, { url }), url).toMatchObject({ status: 401 })
    }
    expect(await ask(app, { url: '/public' })).toMatchObject({ status: 200, body: 'public' })
    const token = issuer.mint()
    for (let round = 0; round < 2; round++) {
      const response = await ask(app, { url: '/mounted/me', headers: bearer(token) })
      expect(response).toMatchObject({ status: 200, body: '{"sub":"user-1"}' })
    }
  })

  it('protects a single route, before checks of that route', async () => {
    const app = setUp()
    expect(await ask(app, { url: '/one' })).toMatchObject({ status: 401 })
    expect(await ask(app, { url: '/one', headers: bearer(issuer.mint()) })).toMatchObject({ status: 403 })
    const headers = bearer(issuer.mint({ roles: ['admin'] }))
    expect(await ask(app, { url: '/one', headers })).toMatchObject({ status: 200, body: 'one' })
  })

  it('sends the same bytes, whatever schema the route has for its responses', async () => {
    expect(await ask(setUp(), { url: '/mounted/schema', headers: bearer('x') })).toMatchObject({
      status: 401,
      headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
      body: '{"error":"invalid_token","error_description":"The access token is invalid."}'
    })
  })

  it('sees the whole path where it has a prefix, and was rewritten', async () => {
    const rewriteUrl = ({ url = '' }) => url.replace(/^\/v1/, '')
    const app = setUp({ publicUrl: 'https://api.example.com' }, { rewriteUrl })
    const headers = await proven('https://api.example.com/v1/mounted/me')
    expect(await ask(app, { url: '/v1/mounted/me?x=1', headers })).toMatchObject({ status: 200 })
    const query = { url: '/mounted/me?access_token=x', headers: bearer(issuer.mint()) }
    expect(await ask(app, query)).toMatchObject({ status: 400 })
  })

  it('goes by the address of the request without publicUrl', async () => {
    const headers = await proven('http://internal:4001/mounted/me')
    expect(await ask(setUp(), { url: '/mounted/me', headers })).toMatchObject({ status: 200 })
    const other = await proven('http://internal/mounted/me')
    expect(await ask(setUp(), { url: '/mounted/me', headers: other })).toMatchObject({ status: 401 })
  })

  it('honours X-Forwarded-* only where the app trusts its proxy', async () => {
    const forwarded = ['X-Forwarded-Host', 'api.example.com', 'X-Forwarded-Proto', 'https']
    for (const [trustProxy, status] of [
      [true, 200],
      [false, 401]
    ] as const) {
      const headers = [...(await proven('https://api.example.com/mounted/me')), ...forwarded]
      expect(await ask(setUp({}, { trustProxy }), { url: '/mounted/me', headers })).toMatchObject({ status })
    }
  })

  it('refuses a token in a parsed form as a hook behind the parsing, but not a JSON member of that name', async () => {
    const app = Fastify()
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
      done(null, Object.fromEntries(new URLSearchParams(body as string)))
    )
    app.post('/', { preHandler: requireAccessToken(verifier) }, async () => 'in')
    for (const [type, body, status] of [
      ['application/x-www-form-urlencoded', 'access_token=x', 400],
      ['application/json', '{"access_token":"x"}', 200]
    ] as const) {
      const headers = [...bearer(issuer.mint()), 'Content-Type', type, 'Content-Length', String(body.length)]
      expect(await ask(app, { method: 'POST', headers, body }), type).toMatchObject({ status })
    }
  })

  it('leaves errors of the app behind it alone', async () => {
    const response = await ask(setUp(), { url: '/mounted/fails', headers: bearer(issuer.mint()) })
    expect(response).toMatchObject({ status: 418, body: '{"name":"RangeError","message":"its own"}' })
  })

  it('passes an unexpected error to the error handler of the app', async () => {
    const broken = { ...verifier, check: () => Promise.reject(new RangeError('broken')) }
    const app = setUp()
    app.get('/broken', { onRequest: requireAccessToken(broken) }, async () => 'in')
    expect(await ask(app, { url: '/broken', headers: bearer('x') })).toMatchObject({ status: 418 })
  })

  it('logs each refusal with the logger of its request, by the checks behind it too', async () => {
    const logger = { info: vi.fn(), warn: vi.fn() }
    const app = setUp({ logger: (request) => ({ ...logger, info: (fields) => logger.info(request.url, fields) }) })
    expect(await ask(app, { url: '/mounted/reports', headers: bearer(issuer.mint()) })).toMatchObject({ status: 403 })
    const fields = { code: 'ERR_SCOPE_INSUFFICIENT', detail: 'lacks the scope reports:read' }
    expect(logger.info).toHaveBeenCalledExactlyOnceWith('/mounted/reports', fields)
  })

  it('is needed before requireRole: a TypeError, never a pass', async () => {
    expect(await ask(setUp(), { url: '/unguarded', headers: bearer(issuer.mint()) })).toMatchObject({
      status: 418,
      body: expect.stringMatching(/^\{"name":"TypeError"/)
    })
  })

  it('rejects invalid options with a TypeError', () => {
    expect(() => requireAccessToken(verifier, { publicUrl: 'nowhere' })).toThrow(/^publicUrl/)
    expect(() => requireAccessToken({} as never)).toThrow(/^verifier/)
    expect(() => requireScope('a b')).toThrow(TypeError)
    expect(() => requireRole('')).toThrow(TypeError)
  })
})
