import { createTestClock, createTestIssuer, type TestIssuer } from '@countersign/verifier/testing'
import { calculateJwkThumbprint } from 'jose'
import Koa from 'koa'
import { beforeAll, describe, expect, it } from 'vitest'
import type { DpopReplays } from '../../../src/dpop/replays.ts'
import {
  type AccessTokenState,
  type RequireAccessTokenOptions,
  requireAccessToken,
  requireRole,
  requireScope
} from '../../../src/http/koa.ts'
import { createAccessTokenVerifier } from '../../../src/token/verifier.ts'
import { createProofKey, type ProofKey, signProof } from '../fixtures/dpop-proofs.ts'
import { sendToKoa } from '../fixtures/send-to-koa.ts'

const clock = createTestClock()
const algs = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"'
let issuer: TestIssuer
let key: ProofKey
let bound: string
beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
  key = await createProofKey()
  bound = issuer.mint({ cnf: { jkt: await calculateJwkThumbprint(key.jwk) } })
})

const setUp = (
  options?: RequireAccessTokenOptions,
  checks: Koa.Middleware<AccessTokenState>[] = [],
  replays?: DpopReplays
) => {
  const verifier = createAccessTokenVerifier({
    issuer: issuer.issuer,
    audience: issuer.audience,
    keys: issuer.keySource,
    revocations: null,
    dpop: { replays },
    clock
  })
  const app = new Koa<AccessTokenState>()
  app.silent = true
  app.use(requireAccessToken(verifier, options))
  for (const check of checks) app.use(check)
  app.use((ctx) => {
    ctx.body = { sub: ctx.state.accessToken.sub }
  })
  return app
}
const proofFor = (url: string, { method = 'GET', accessToken = bound } = {}) =>
  signProof(key, { method, url, accessToken, now: clock.now() })
const headersOf = (proof: string, token = bound) => [
  'Host',
  'internal:4001',
  'Authorization',
  `DPoP ${token}`,
  'DPoP',
  proof
]

describe('requireAccessToken, for a token that is bound to a key', () => {
  it('lets the holder of the key pass, for the method and the URL of the request', async () => {
    const app = setUp()
    for (const [method, url] of [
      ['GET', '/me'],
      ['POST', '/me?page=1'],
      ['DELETE', '/a%2Fb']
    ] as const) {
      const proof = await proofFor(`http://internal:4001${url.split('?')[0]}`, { method })
      expect(await sendToKoa(app, { method, url, headers: headersOf(proof) }), url).toMatchObject({ status: 200 })
      const another = await proofFor('http://internal:4001/me', { method: 'PUT' })
      expect(await sendToKoa(app, { method, url, headers: headersOf(another) }), url).toMatchObject({ status: 401 })
    }
  })

  it('takes the address of the app from publicUrl, whatever the request says', async () => {
    for (const publicUrl of ['https://api.example.com/v1', 'https://api.example.com/v1/']) {
      const app = setUp({ publicUrl })
      const good = await proofFor('https://api.example.com/v1/me')
      expect(await sendToKoa(app, { url: '/me?x=1', headers: headersOf(good) })).toMatchObject({ status: 200 })
      const internal = await proofFor('http://internal:4001/me')
      expect(await sendToKoa(app, { url: '/me', headers: headersOf(internal) })).toMatchObject({ status: 401 })
      const absolute = await proofFor('http://internal:4001/me')
      const target = { url: 'http://internal:4001/me', headers: headersOf(absolute) }
      expect(await sendToKoa(app, target)).toMatchObject({ status: 401 })
    }
  })

  it('sees the whole path also where the app is mounted on a part of it', async () => {
    const app = setUp({ publicUrl: 'https://api.example.com' })
    app.middleware.unshift((ctx, next) => {
      ctx.path = ctx.path.slice('/mounted'.length)
      return next()
    })
    const proof = await proofFor('https://api.example.com/mounted/me')
    expect(await sendToKoa(app, { url: '/mounted/me', headers: headersOf(proof) })).toMatchObject({ status: 200 })
  })

  it('honours X-Forwarded-* only where the app trusts its proxy', async () => {
    const forwarded = ['X-Forwarded-Host', 'api.example.com', 'X-Forwarded-Proto', 'https']
    for (const [proxy, status] of [
      [true, 200],
      [false, 401]
    ] as const) {
      const app = setUp()
      app.proxy = proxy
      const headers = [...headersOf(await proofFor('https://api.example.com/me')), ...forwarded]
      expect(await sendToKoa(app, { url: '/me', headers })).toMatchObject({ status })
    }
  })

  it('rejects a request whose Host makes no URL', async () => {
    const headers = ['Host', 'a b', ...headersOf(await proofFor('http://a/me')).slice(2)]
    expect(await sendToKoa(setUp(), { url: '/me', headers })).toMatchObject({ status: 401 })
  })

  it('refuses it as a bearer token, and tells that a proof is needed', async () => {
    const response = await sendToKoa(setUp(), { url: '/me', headers: ['Authorization', `Bearer ${bound}`] })
    expect(response.status).toBe(401)
    expect(response.headers['www-authenticate']).toMatch(/^DPoP error="invalid_token", .*algs="ES256 /)
    const proof = await proofFor('http://internal:4001/me')
    const headers = ['Host', 'internal:4001', 'Authorization', `Bearer ${bound}`, 'DPoP', proof]
    expect(await sendToKoa(setUp(), { url: '/me', headers })).toMatchObject({ status: 401 })
  })

  it('returns 401 invalid_dpop_proof for a wrong, missing, doubled or used proof', async () => {
    const app = setUp()
    const url = '/me'
    const proof = await proofFor('http://internal:4001/me')
    const doubled = [...headersOf(proof), 'dpop', await proofFor('http://internal:4001/me')]
    for (const headers of [headersOf('garbage'), headersOf(proof).slice(0, 4), doubled, headersOf('')]) {
      expect(await sendToKoa(app, { url, headers })).toMatchObject({
        status: 401,
        headers: {
          'www-authenticate': `DPoP error="invalid_dpop_proof", error_description="The DPoP proof is not valid.", ${algs}`
        },
        body: '{"error":"invalid_dpop_proof","error_description":"The DPoP proof is not valid."}'
      })
    }
    expect(await sendToKoa(app, { url, headers: headersOf(proof) })).toMatchObject({ status: 200 })
    expect(await sendToKoa(app, { url, headers: headersOf(proof) })).toMatchObject({ status: 401 })
  })

  it('returns 503 without a challenge when it cannot be known whether the proof was used', async () => {
    const app = setUp({}, [], { markUsed: () => Promise.reject(new Error('unavailable')) })
    const response = await sendToKoa(app, { url: '/me', headers: headersOf(await proofFor('http://internal:4001/me')) })
    expect(response).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(response.headers).not.toHaveProperty('www-authenticate')
  })

  it('challenges under the scheme that was used: for an invalid token, and for rights that lack', async () => {
    const resourceMetadata = 'https://api.example.com/.well-known/oauth-protected-resource'
    const app = setUp({ resourceMetadata }, [requireScope('write')])
    const proof = await proofFor('http://internal:4001/me')
    const lacking = await sendToKoa(app, { url: '/me', headers: headersOf(proof) })
    expect(lacking.status).toBe(403)
    expect(lacking.headers['www-authenticate']).toBe(
      'DPoP error="insufficient_scope", error_description="The access token does not have the scope that this needs.", ' +
        `scope="write", ${algs}, resource_metadata="${resourceMetadata}"`
    )
    const bad = await sendToKoa(app, { url: '/me', headers: headersOf(proof, 'garbage') })
    expect(bad).toMatchObject({ status: 401 })
    expect(bad.headers['www-authenticate']).toMatch(/^DPoP error="invalid_token"/)
    const bearer = await sendToKoa(app, { url: '/me', headers: ['Authorization', `Bearer ${issuer.mint()}`] })
    expect(bearer.headers['www-authenticate']).toMatch(/^Bearer error="insufficient_scope"/)
  })

  it('lets requireRole check the token behind it', async () => {
    for (const [role, status] of [
      ['user', 200],
      ['admin', 403]
    ] as const) {
      const headers = headersOf(await proofFor('http://internal:4001/me'))
      expect(await sendToKoa(setUp({}, [requireRole(role)]), { url: '/me', headers })).toMatchObject({ status })
    }
  })

  it('refuses a token that is bound to no key under the scheme DPoP', async () => {
    const accessToken = issuer.mint()
    const proof = await proofFor('http://internal:4001/me', { accessToken })
    expect(await sendToKoa(setUp(), { url: '/me', headers: headersOf(proof, accessToken) })).toMatchObject({
      status: 401
    })
  })

  it('takes a mistake in publicUrl as a TypeError', () => {
    for (const publicUrl of ['', 'api.example.com', 'https://api.example.com?x=1', 'https://api.example.com#x']) {
      expect(() => setUp({ publicUrl }), publicUrl).toThrow(/^publicUrl/)
    }
  })
})
