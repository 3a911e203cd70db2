import express, { type ErrorRequestHandler, type Express } from 'express'
import { describe, expect, it, vi } from 'vitest'
import {
  accessTokenOf,
  type RequireAccessTokenOptions,
  requireAccessToken,
  requireRole,
  requireScope
} from '../../../src/http/express.ts'
import { signProof } from '../fixtures/dpop-proofs.ts'
import { sendRequest } from '../fixtures/send-request.ts'
import { setUpVerifierFixture } from '../fixtures/verifier-fixture.ts'

const { clock, issuer, verifier, key, bound } = await setUpVerifierFixture()

const ownFault: ErrorRequestHandler = (error: Error, _request, response, _next) => {
  response.status(418).json({ name: error.name, message: error.message })
}
const setUp = (options?: RequireAccessTokenOptions, app: Express = express()) => {
  const api = express.Router()
  api.use(requireAccessToken(verifier, options))
  api.get('/me', (request, response) => void response.json({ sub: accessTokenOf(request).sub }))
  api.get('/fails', () => {
    throw new RangeError('its own')
  })
  api.get('/reports', requireScope('reports:read'), (_, response) => void response.end())
  app.use('/mounted', api)
  app.get('/unguarded', requireRole('admin'), (_, response) => void response.end())
  app.use(ownFault)
  return app
}
const bearer = (token: string) => ['Authorization', `Bearer ${token}`]
const proven = async (url: string, host = 'internal:4001') => {
  const proof = await signProof(key, { method: 'GET', url, accessToken: bound, now: clock.now() })
  return ['Host', host, 'Authorization', `DPoP ${bound}`, 'DPoP', proof]
}

describe('requireAccessToken for Express', () => {
  it('leaves the frozen claims in the request, at the first and at the next request with a token', async () => {
    const token = issuer.mint()
    const app = setUp()
    for (let round = 0; round < 2; round++) {
      const response = await sendRequest(app, { url: '/mounted/me', headers: bearer(token) })
      expect(response).toMatchObject({ status: 200, body: '{"sub":"user-1"}' })
    }
    expect(Object.isFrozen(verifier.check(token))).toBe(true)
  })

  it('sends the same bytes, whatever the app does to its JSON', async () => {
    const app = express()
    app.set('json spaces', 2)
    const response = await sendRequest(setUp({}, app), { url: '/mounted/me', headers: bearer('x') })
    expect(response).toMatchObject({
      status: 401,
      headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
      body: '{"error":"invalid_token","error_description":"The access token is invalid."}'
    })
    expect(response.headers).not.toHaveProperty('etag')
  })

  it('sees the whole path and query where a router is mounted on a part of it', async () => {
    const app = setUp({ publicUrl: 'https://api.example.com' })
    const headers = await proven('https://api.example.com/mounted/me')
    expect(await sendRequest(app, { url: '/mounted/me?x=1', headers })).toMatchObject({ status: 200 })
    const query = { url: '/mounted/me?access_token=x', headers: bearer(issuer.mint()) }
    expect(await sendRequest(app, query)).toMatchObject({ status: 400 })
  })

  it('goes by the address of the request without publicUrl, port and absolute-form included', async () => {
    const url = 'http://internal:4001/mounted/me'
    expect(await sendRequest(setUp(), { url: '/mounted/me', headers: await proven(url) })).toMatchObject({
      status: 200
    })
    expect(await sendRequest(setUp(), { url, headers: await proven(url) })).toMatchObject({ status: 200 })
    const other = await proven('http://internal/mounted/me')
    expect(await sendRequest(setUp(), { url: '/mounted/me', headers: other })).toMatchObject({ status: 401 })
  })

  it('honours X-Forwarded-* only where the app trusts its proxy', async () => {
    const host = ['X-Forwarded-Host', 'api.example.com, internal']
    for (const [trusted, status] of [
      [true, 200],
      [false, 401]
    ] as const) {
      const app = setUp({}, express().set('trust proxy', trusted))
      const withHost = [...(await proven('http://api.example.com/mounted/me')), ...host]
      expect(await sendRequest(app, { url: '/mounted/me', headers: withHost })).toMatchObject({ status })
      const both = [...(await proven('https://api.example.com/mounted/me')), ...host, 'X-Forwarded-Proto', 'https']
      expect(await sendRequest(app, { url: '/mounted/me', headers: both })).toMatchObject({ status })
    }
  })

  it('refuses a token in a form that was parsed before, but not a JSON member of that name', async () => {
    const app = express()
    app.use(express.urlencoded(), express.json())
    setUp({}, app)
    for (const [type, body, status] of [
      ['application/x-www-form-urlencoded', 'access_token=x', 400],
      ['application/json', '{"access_token":"x"}', 200]
    ] as const) {
      const headers = [...bearer(issuer.mint()), 'Content-Type', type, 'Content-Length', String(body.length)]
      expect(await sendRequest(app, { url: '/mounted/me', headers, body }), type).toMatchObject({ status })
    }
  })

  it('leaves errors of the app behind it alone', async () => {
    const response = await sendRequest(setUp(), { url: '/mounted/fails', headers: bearer(issuer.mint()) })
    expect(response).toMatchObject({ status: 418, body: '{"name":"RangeError","message":"its own"}' })
  })

  it('passes an unexpected error to the error handler of the app', async () => {
    const broken = { ...verifier, check: () => Promise.reject(new RangeError('broken')) }
    const app = express()
    app.use(requireAccessToken(broken), ownFault)
    expect(await sendRequest(app, { headers: bearer('x') })).toMatchObject({ status: 418 })
  })

  it('logs each refusal with the logger of its request, by the checks behind it too', async () => {
    const logger = { info: vi.fn(), warn: vi.fn() }
    const app = setUp({ logger: (request) => ({ ...logger, info: (fields) => logger.info(request.path, fields) }) })
    expect(await sendRequest(app, { url: '/mounted/reports', headers: bearer(issuer.mint()) })).toMatchObject({
      status: 403
    })
    const fields = { code: 'ERR_SCOPE_INSUFFICIENT', detail: 'lacks the scope reports:read' }
    expect(logger.info).toHaveBeenCalledExactlyOnceWith('/reports', fields)
  })

  it('is needed before requireRole and accessTokenOf: a TypeError, never a pass', async () => {
    expect(await sendRequest(setUp(), { url: '/unguarded', headers: bearer(issuer.mint()) })).toMatchObject({
      status: 418,
      body: expect.stringMatching(/^\{"name":"TypeError"/)
    })
    expect(() => accessTokenOf({})).toThrow(TypeError)
  })

  it('rejects invalid options with a TypeError', () => {
    expect(() => setUp({ publicUrl: 'nowhere' })).toThrow(/^publicUrl/)
    expect(() => requireAccessToken({} as never)).toThrow(/^verifier/)
    expect(() => requireScope('a b')).toThrow(TypeError)
    expect(() => requireRole('')).toThrow(TypeError)
  })
})
