import { createTestClock, createTestIssuer, type TestIssuer } from '@countersign/verifier/testing'
import Koa from 'koa'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { dpopAlgorithms } from '../../../src/dpop/key.ts'
import {
  type AccessTokenState,
  protectedResourceMetadata,
  type RequireAccessTokenOptions,
  requireAccessToken,
  requireAuthentication,
  requireRole,
  requireScope
} from '../../../src/http/koa.ts'
import { createInProcessRevocationLog, inProcessRevocations } from '../../../src/in-process/index.ts'
import { createAccessTokenVerifier } from '../../../src/token/verifier.ts'
import { sendToKoa } from '../fixtures/send-to-koa.ts'

let issuer: TestIssuer
const clock = createTestClock()
beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
})

const setUp = (options?: RequireAccessTokenOptions, ...checks: Koa.Middleware<AccessTokenState>[]) => {
  const log = createInProcessRevocationLog({ clock })
  log.complete()
  const verifier = createAccessTokenVerifier({
    issuer: issuer.issuer,
    audience: issuer.audience,
    keys: issuer.keySource,
    clock,
    revocations: inProcessRevocations(log, { maxStalenessSeconds: 1 })
  })
  const app = new Koa()
  app.silent = true
  app.use(requireAccessToken(verifier, options))
  for (const check of checks) app.use(check)
  app.use((ctx) => {
    ctx.body = { sub: ctx.state.accessToken.sub }
  })
  const get = (token?: string, url = '/') =>
    sendToKoa(app, { url, headers: token ? ['Authorization', `Bearer ${token}`] : [] })
  return { app, get, log }
}
const resourceMetadata = 'https://api.example.com/.well-known/oauth-protected-resource'

describe('requireAccessToken', () => {
  it('puts the verified claims into ctx.state.accessToken', async () => {
    const { get } = setUp()
    expect(await get(issuer.mint({ sub: 'ada' }))).toMatchObject({ status: 200, body: '{"sub":"ada"}' })
  })

  it('challenges a request without a token, without an error code (RFC 6750 §3.1)', async () => {
    const response = await setUp({ resourceMetadata }).get()
    expect(response).toMatchObject({
      status: 401,
      headers: {
        'www-authenticate':
          `Bearer resource_metadata="${resourceMetadata}", ` +
          `DPoP algs="${dpopAlgorithms.join(' ')}", resource_metadata="${resourceMetadata}"`,
        'cache-control': 'no-store'
      },
      body: '{"error":"missing_token","error_description":"Send an access token in the Authorization header."}'
    })
  })

  it('returns 401 invalid_token and its challenge for an invalid token', async () => {
    expect(await setUp().get(issuer.mint({ exp: 1 }))).toMatchObject({
      status: 401,
      headers: {
        'www-authenticate': 'Bearer error="invalid_token", error_description="The access token has expired."'
      },
      body: '{"error":"invalid_token","error_description":"The access token has expired."}'
    })
  })

  it('returns 401 for a revoked token, and 503 without a challenge when the revocation state is unknown', async () => {
    const { get, log } = setUp()
    log.append([{ kind: 'sid', value: 'session-1', expiresAt: clock.now() / 1000 + 600 }])
    expect(await get(issuer.mint())).toMatchObject({ status: 401 })
    log.flush()
    clock.advance(1100)
    expect(await get(issuer.mint())).toMatchObject({ status: 401 })
    const response = await get(issuer.mint({ sid: 'session-2' }))
    expect(response).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(response.headers).not.toHaveProperty('www-authenticate')
    expect(JSON.parse(response.body)).toMatchObject({ error: 'temporarily_unavailable' })
  })

  it('takes another stale policy for its routes', async () => {
    const { get, log } = setUp({ whenStale: 'allow' })
    log.flush()
    clock.advance(1100)
    expect(await get(issuer.mint())).toMatchObject({ status: 200 })
  })

  it('refuses two Authorization headers, and a token in the query, with 400', async () => {
    const { app, get } = setUp()
    const token = issuer.mint()
    const headers = ['Authorization', `Bearer ${token}`, 'authorization', `Bearer ${token}`]
    expect(await sendToKoa(app, { headers })).toMatchObject({ status: 400 })
    const response = await get(token, `/?access_token=${token}`)
    expect(response).toMatchObject({ status: 400 })
    expect(response.headers['www-authenticate']).toContain('error="invalid_request"')
  })

  it('refuses a token in a parsed form, but not a JSON member of that name', async () => {
    for (const [type, status] of [
      ['application/x-www-form-urlencoded', 400],
      ['application/json', 200]
    ] as const) {
      const { app } = setUp()
      app.middleware.unshift((ctx, next) => {
        ;(ctx.request as { body?: unknown }).body = { access_token: 'x' }
        return next()
      })
      const headers = ['Authorization', `Bearer ${issuer.mint()}`, 'Content-Type', type, 'Content-Length', '14']
      expect(await sendToKoa(app, { headers }), type).toMatchObject({ status })
    }
  })

  it('logs the detail of a refusal and never the token', async () => {
    const logger = { info: vi.fn(), warn: vi.fn() }
    const token = issuer.mint({ aud: 'https://evil.example' })
    await setUp({ logger }).get(token)
    expect(logger.info).toHaveBeenCalledWith(
      { code: 'ERR_TOKEN_CLAIM', detail: 'aud is "https://evil.example", expected "https://api.example.com"' },
      'access token refused'
    )
    for (const part of token.split('.')) expect(JSON.stringify(logger.info.mock.calls)).not.toContain(part)
  })

  it('leaves errors of the app behind it alone', async () => {
    const { app, get } = setUp()
    app.use(() => {
      throw new Error('never reached')
    })
    app.middleware.splice(1, 0, (ctx) => ctx.throw(418))
    expect(await get(issuer.mint())).toMatchObject({ status: 418 })
  })

  it('names the scopes that a client begins with in the challenge', async () => {
    const { headers } = await setUp({ challengeScopes: ['read', 'write'] }).get()
    expect(headers['www-authenticate']).toMatch(/^Bearer scope="read write", DPoP scope="read write", /)
  })

  it('rejects invalid options with a TypeError', () => {
    expect(() => setUp({ resourceMetadata: 'nowhere' })).toThrow(/^resourceMetadata/)
    for (const scope of ['', 'a b', 'a"b', 'ä']) {
      expect(() => setUp({ challengeScopes: [scope] })).toThrow(/^challengeScopes/)
    }
    expect(() => setUp({ whenStale: 'ignore' as 'allow' })).toThrow(/^whenStale/)
    expect(() => requireAccessToken(undefined as never)).toThrow(/^verifier/)
  })
})

describe('requireScope and requireRole', () => {
  it('let a token pass that has every scope and the role', async () => {
    const { get } = setUp({}, requireScope('profile', 'openid'), requireRole('admin'))
    expect(await get(issuer.mint({ roles: ['user', 'admin'] }))).toMatchObject({ status: 200 })
  })

  it('return 403 insufficient_scope, naming the scopes (RFC 6750 §3.1)', async () => {
    const { get } = setUp({ resourceMetadata }, requireScope('openid', 'write'))
    for (const scope of ['openid', 'openid writer', 'Write openid', undefined]) {
      const response = await get(issuer.mint({ scope }))
      expect(response.status).toBe(403)
      expect(response.headers['www-authenticate']).toBe(
        'Bearer error="insufficient_scope", error_description="The access token does not have the scope that this ' +
          `needs.", scope="openid write", resource_metadata="${resourceMetadata}"`
      )
      expect(JSON.parse(response.body)).toMatchObject({ error: 'insufficient_scope' })
    }
  })

  it('return 403 for a token without the role, or without roles', async () => {
    const { get } = setUp({}, requireRole('admin'))
    for (const roles of [['user'], ['administrator'], [], undefined]) {
      expect(await get(issuer.mint({ roles }))).toMatchObject({ status: 403 })
    }
  })

  it('are a programmer’s mistake without requireAccessToken before them', async () => {
    const app = new Koa()
    app.silent = true
    const errors: Error[] = []
    app.on('error', (error: Error) => errors.push(error))
    app.use(requireRole('admin') as Koa.Middleware)
    expect(await sendToKoa(app)).toMatchObject({ status: 500 })
    expect(errors[0]).toBeInstanceOf(TypeError)
  })

  it('take what is no scope or role as a TypeError', () => {
    for (const scope of ['', 'a b', 'a"b', 'ä']) expect(() => requireScope(scope)).toThrow(TypeError)
    expect(() => requireRole('')).toThrow(TypeError)
  })
})

describe('requireAuthentication', () => {
  const recent = requireAuthentication({ maxAgeSeconds: 60 })
  const secondsAgo = (age: number) => Math.floor(Date.now() / 1000) - age

  it('accepts a recent sign-in, and challenges an older one with what it requires (RFC 9470 §3)', async () => {
    const { get } = setUp({ resourceMetadata }, recent)
    expect(await get(issuer.mint({ auth_time: secondsAgo(50) }))).toMatchObject({ status: 200 })
    const response = await get(issuer.mint({ auth_time: secondsAgo(70) }))
    expect(response.status).toBe(401)
    expect(response.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_user_authentication", error_description="Sign in again: this needs a more recent or a ' +
        `stronger sign-in.", max_age="60", resource_metadata="${resourceMetadata}"`
    )
  })

  it('refuses a token that says nothing of a sign-in', async () => {
    expect(await setUp({}, recent).get(issuer.mint())).toMatchObject({ status: 401 })
    const strong = requireAuthentication({ acr: 'urn:countersign:acr:2' })
    expect(await setUp({}, strong).get(issuer.mint())).toMatchObject({ status: 401 })
  })

  it('takes a stronger sign-in for a weaker one, and not the other way', async () => {
    const levels = ['urn:countersign:acr:1', 'urn:countersign:acr:2'] as const
    const passes = async (acr: (typeof levels)[number], shown: string) =>
      (await setUp({}, requireAuthentication({ acr })).get(issuer.mint({ acr: shown }))).status === 200
    expect(await Promise.all(levels.map((shown) => passes(levels[0], shown)))).toEqual([true, true])
    expect(await Promise.all(levels.map((shown) => passes(levels[1], shown)))).toEqual([false, true])
    expect(await passes(levels[0], 'urn:example:high')).toBe(false)
  })

  it('throws a TypeError for an empty or unknown requirement', () => {
    const wishes = [{}, { maxAgeSeconds: 0 }, { maxAgeSeconds: Number.NaN }, { acr: 'high' as never }]
    for (const wish of wishes) expect(() => requireAuthentication(wish)).toThrow(TypeError)
  })
})

describe('protectedResourceMetadata', () => {
  it('serves the metadata document (RFC 9728 §2)', async () => {
    const app = new Koa()
    app.use(
      protectedResourceMetadata({
        resource: 'https://api.example.com',
        authorizationServers: ['https://auth.example.com'],
        scopesSupported: ['openid'],
        resourceName: 'The API'
      })
    )
    const response = await sendToKoa(app)
    expect(response).toMatchObject({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' } })
    expect(JSON.parse(response.body)).toEqual({
      resource: 'https://api.example.com',
      authorization_servers: ['https://auth.example.com'],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: [...dpopAlgorithms],
      scopes_supported: ['openid'],
      resource_name: 'The API'
    })
  })
})
