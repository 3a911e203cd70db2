import { Hono } from 'hono'
import { describe, expect, it, vi } from 'vitest'
import {
  type AccessTokenEnv,
  type RequireAccessTokenOptions,
  requireAccessToken,
  requireRole,
  requireScope
} from '../../../src/http/hono.ts'
import { signProof } from '../fixtures/dpop-proofs.ts'
import { setUpVerifierFixture } from '../fixtures/verifier-fixture.ts'

const { clock, issuer, verifier, key, bound } = await setUpVerifierFixture()

const setUp = (options?: RequireAccessTokenOptions) => {
  const api = new Hono<AccessTokenEnv>()
  api.use(requireAccessToken(verifier, options))
  api.get('/me', (c) => c.json({ sub: c.get('accessToken').sub }))
  api.get('/fails', () => {
    throw new RangeError('its own')
  })
  api.get('/reports', requireScope('reports:read'), (c) => c.text('reports'))
  const app = new Hono()
  app.use((c, next) => {
    c.header('X-Request-Id', '1')
    return next()
  })
  app.route('/mounted', api)
  app.get('/one', requireAccessToken(verifier, options), requireRole('admin'), (c) => c.text(c.var.accessToken.sub))
  app.get('/unguarded', requireRole('admin'), (c) => c.text('unguarded'))
  app.onError((error, c) => c.json({ name: error.name, message: error.message }, 418))
  return app
}
const send = async (app: Hono, path: string, headers: [string, string][] = [], method = 'GET', env = {}) => {
  const request = new Request(`http://internal:4001${path}`, { method, headers: new Headers(headers) })
  const response = await app.fetch(request, env)
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
}
const bearer = (token: string): [string, string] => ['Authorization', `Bearer ${token}`]
const proven = async (url: string, method = 'GET'): Promise<[string, string][]> => [
  ['Authorization', `DPoP ${bound}`],
  ['DPoP', await signProof(key, { method, url, accessToken: bound, now: clock.now() })]
]

describe('requireAccessToken for Hono', () => {
  it('leaves the claims in the context, at the first and at the next request with a token', async () => {
    const token = issuer.mint()
    for (let round = 0; round < 2; round++) {
      expect(await send(setUp(), '/mounted/me', [bearer(token)])).toMatchObject({
        status: 200,
        body: '{"sub":"user-1"}'
      })
    }
    const admin = issuer.mint({ roles: ['admin'] })
    expect(await send(setUp(), '/one', [bearer(admin)])).toMatchObject({ status: 200, body: 'user-1' })
    expect(await send(setUp(), '/one', [bearer(token)])).toMatchObject({ status: 403 })
  })

  it('sends the same bytes, and keeps the headers that were set before', async () => {
    expect(await send(setUp(), '/mounted/me', [bearer('x')])).toMatchObject({
      status: 401,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'www-authenticate': 'Bearer error="invalid_token", error_description="The access token is invalid."',
        'x-request-id': '1'
      },
      body: '{"error":"invalid_token","error_description":"The access token is invalid."}'
    })
    const head = await send(setUp(), '/mounted/me', [], 'HEAD')
    expect(head).toMatchObject({ status: 401, body: '' })
    expect(head.headers['www-authenticate']).toMatch(/^Bearer realm="api", DPoP /)
  })

  it('refuses several Authorization headers with 400, though Fetch joins them', async () => {
    const token = issuer.mint()
    for (const [first, second] of [
      [`Bearer ${token}`, `Bearer ${token}`],
      [`Bearer ${token}`, 'Basic dTpw'],
      ['Basic dTpw', `Bearer ${token}`],
      ['', `bearer ${token}`],
      [`DPoP ${token}`, `Bearer ${token}`]
    ] as const) {
      const headers: [string, string][] = [
        ['Authorization', first],
        ['authorization', second]
      ]
      expect(await send(setUp(), '/mounted/me', headers), first).toMatchObject({ status: 400 })
    }
    const digest: [string, string] = ['Authorization', 'Digest username="bearer", realm="x", nonce="y"']
    expect(await send(setUp(), '/mounted/me', [digest])).toMatchObject({ status: 401 })
  })

  it('goes by the request that it was given, not by that of the server around it', async () => {
    const incoming = { rawHeaders: bearer(issuer.mint()), url: '/mounted/me' }
    expect(await send(setUp(), '/mounted/me', [], 'GET', { incoming })).toMatchObject({ status: 401 })
  })

  it('takes a proof for the path of the request below publicUrl, or for its own address', async () => {
    const app = setUp({ publicUrl: 'https://api.example.com/v1' })
    const good = await proven('https://api.example.com/v1/mounted/me')
    expect(await send(app, '/mounted/me?x=1', good)).toMatchObject({ status: 200 })
    expect(await send(app, '/mounted/me?x=1', good)).toMatchObject({ status: 401 })
    const own = await proven('http://internal:4001/mounted/me')
    expect(await send(app, '/mounted/me', own)).toMatchObject({ status: 401 })
    expect(await send(setUp(), '/mounted/me', own)).toMatchObject({ status: 200 })
    const head = await proven('http://internal:4001/mounted/me', 'HEAD')
    expect(await send(setUp(), '/mounted/me', head, 'HEAD')).toMatchObject({ status: 200 })
    const [authorization, proof] = await proven('http://internal:4001/mounted/me')
    const doubled = [authorization, proof, proof] as [string, string][]
    expect(await send(setUp(), '/mounted/me', doubled)).toMatchObject({ status: 401 })
  })

  it('refuses a token in the query with 400', async () => {
    expect(await send(setUp(), '/mounted/me?access_token=x', [bearer(issuer.mint())])).toMatchObject({ status: 400 })
  })

  it('leaves errors of the app behind it alone', async () => {
    expect(await send(setUp(), '/mounted/fails', [bearer(issuer.mint())])).toMatchObject({
      status: 418,
      body: '{"name":"RangeError","message":"its own"}'
    })
  })

  it('passes an unexpected error to the error handler of the app', async () => {
    const broken = { ...verifier, check: () => Promise.reject(new RangeError('broken')) }
    const app = setUp()
    app.get('/broken', requireAccessToken(broken), (c) => c.text('in'))
    expect(await send(app, '/broken', [bearer('x')])).toMatchObject({ status: 418 })
  })

  it('logs each refusal with the logger of its request, by the checks behind it too', async () => {
    const logger = { info: vi.fn(), warn: vi.fn() }
    const app = setUp({ logger: (c) => ({ ...logger, info: (fields) => logger.info(c.req.path, fields) }) })
    expect(await send(app, '/mounted/reports', [bearer(issuer.mint())])).toMatchObject({ status: 403 })
    const fields = { code: 'ERR_SCOPE_INSUFFICIENT', detail: 'lacks the scope reports:read' }
    expect(logger.info).toHaveBeenCalledExactlyOnceWith('/mounted/reports', fields)
  })

  it('is needed before requireRole: a TypeError, never a pass', async () => {
    expect(await send(setUp(), '/unguarded', [bearer(issuer.mint())])).toMatchObject({
      status: 418,
      body: expect.stringMatching(/^\{"name":"TypeError"/)
    })
  })

  it('rejects invalid options with a TypeError', () => {
    expect(() => setUp({ publicUrl: 'nowhere' })).toThrow(/^publicUrl/)
    expect(() => requireAccessToken({} as never)).toThrow(/^verifier/)
    expect(() => requireScope('a b')).toThrow(TypeError)
    expect(() => requireRole('')).toThrow(TypeError)
  })
})
