import express from 'express'
import Koa from 'koa'
import { createMocks, createRequest, createResponse } from 'node-mocks-http'
import serverless from 'serverless-http'
import { describe, expect, it } from 'vitest'
import { accessTokenOf, requireAccessToken as requireInExpress } from '../../../src/http/express.ts'
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

  it('takes a good token', async () => {
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
  it('takes a good token', async () => {
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
