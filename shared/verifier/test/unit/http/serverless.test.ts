import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createMocks, createRequest, createResponse } from 'node-mocks-http'
import serverless from 'serverless-http'
import { describe, expect, it } from 'vitest'
import { accessTokenOf, requireAccessToken as requireInExpress } from '../../../src/http/express.ts'
import { requireAccessToken as requireInFastify } from '../../../src/http/fastify.ts'
import { type AccessTokenEnv, requireAccessToken as requireInHono } from '../../../src/http/hono.ts'
import { requireAccessToken as requireInKoa } from '../../../src/http/koa.ts'
import { signProof } from '../fixtures/dpop-proofs.ts'
import { setUpVerifierFixture } from '../fixtures/verifier-fixture.ts'

const { clock, issuer, verifier, key, bound } = await setUpVerifierFixture()

const expressApp = express()
  .use(requireInExpress(verifier))
  .get('/me', (request, response) => void response.json({ sub: accessTokenOf(request).sub }))
const koaApp = new Koa().use(requireInKoa(verifier)).use((ctx) => {
  ctx.body = { sub: ctx.state.accessToken.sub }
})

/** An event of Amazon's API gateway, payload version 2.0. */
const eventWith = (headers: Record<string, string>) => ({
  version: '2.0',
  rawPath: '/me',
  rawQueryString: '',
  headers: { host: 'api.example.com', 'x-forwarded-proto': 'https', ...headers },
  requestContext: { http: { method: 'GET', path: '/me' } }
})
type ReceivedResponse = { statusCode: number; body: string }

describe.each([
  ['Express', expressApp],
  ['Koa', koaApp]
])('%s under serverless-http, whose requests have no raw headers', (_, app) => {
  const handler = serverless(app)
  const sendRequest = async (headers: Record<string, string>) =>
    (await handler(eventWith(headers), {})) as ReceivedResponse

  it('takes a valid token', async () => {
    expect(await sendRequest({ authorization: `Bearer ${issuer.mint()}` })).toMatchObject({
      statusCode: 200,
      body: '{"sub":"user-1"}'
    })
  })

  it('refuses no token, and two of them', async () => {
    expect(await sendRequest({})).toMatchObject({ statusCode: 401 })
    const two = `Bearer ${issuer.mint()}, Bearer ${issuer.mint()}`
    expect(await sendRequest({ authorization: two })).toMatchObject({ statusCode: 400 })
  })
})

describe('Express middleware under node-mocks-http, whose requests have no app', () => {
  it('takes a valid token', async () => {
    const headers = { authorization: `Bearer ${issuer.mint({ sub: 'ada' })}` }
    const { req, res } = createMocks({ method: 'GET', url: '/me', headers })
    await new Promise<void>((resolve) => {
      requireInExpress(verifier)(req as never, res as never, () => resolve())
    })
    expect(accessTokenOf(req as never).sub).toBe('ada')
  })

  it('takes a bound token and its proof', async () => {
    const url = 'http://api.example.com/me'
    const proof = await signProof(key, { method: 'GET', url, accessToken: bound, now: clock.now() })
    const headers = { host: 'api.example.com', authorization: `DPoP ${bound}`, dpop: proof }
    const request = createRequest({ method: 'GET', url: '/me', originalUrl: '/me', headers })
    Object.assign(request, { protocol: 'http' })
    await new Promise<void>((resolve, reject) => {
      const response = createResponse()
      const guard = requireInExpress(verifier)
      guard(request as never, response as never, (error?: unknown) => (error ? reject(error) : resolve()))
      setTimeout(() => reject(new Error(`status ${response.statusCode}`)), 1000)
    })
    expect(accessTokenOf(request as never).cnf?.jkt).toBeDefined()
  })
})

describe('requests that no server received', () => {
  const two = () => [`Bearer ${issuer.mint()}`, `Bearer ${issuer.mint()}`]

  it('of fastify.inject pass with one token, and are refused with two', async () => {
    const app = Fastify()
    app.get('/me', { onRequest: requireInFastify(verifier) }, async (request) => ({ sub: accessTokenOf(request).sub }))
    const statusOf = async (headers: Record<string, string | string[]>) =>
      (await app.inject({ url: '/me', headers: headers as Record<string, string> })).statusCode
    expect(await statusOf({ authorization: `Bearer ${issuer.mint()}` })).toBe(200)
    expect(await statusOf({})).toBe(401)
    expect(await statusOf({ authorization: two() })).toBe(400)
    expect(await statusOf({ authorization: two().join(', ') })).toBe(400)
  })

  it('of app.request of Hono pass with one token, and are refused with two', async () => {
    const app = new Hono<AccessTokenEnv>()
    app.use(requireInHono(verifier)).get('/me', (c) => c.json({ sub: c.get('accessToken').sub }))
    const statusOf = async (values: readonly string[]) =>
      (await app.request('/me', { headers: values.map((value): [string, string] => ['Authorization', value]) })).status
    expect(await statusOf([`Bearer ${issuer.mint()}`])).toBe(200)
    expect(await statusOf([])).toBe(401)
    expect(await statusOf(two())).toBe(400)
  })

  it('without any headers reach the error handler of Express with a sentence that says so', async () => {
    const request = { method: 'GET', url: '/me', originalUrl: '/me' }
    const error = await new Promise((resolve) => {
      requireInExpress(verifier)(request as never, createResponse() as never, resolve)
    })
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toContain('this host cannot run the verifier')
  })

  it('without any headers fail in Koa with the same error', async () => {
    const ctx = { req: { url: '/me', method: 'GET' }, request: {}, state: {} }
    const passed = async () => requireInKoa(verifier)(ctx as never, async () => {})
    await expect(passed()).rejects.toThrow('this host cannot run the verifier')
  })
})
