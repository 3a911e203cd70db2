import { randomUUID } from 'node:crypto'
import { accessTokenUrn, basic, postForm, send, tokenExchange } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../interop/fixture.ts'

interface Operation {
  method: string
  path: string
  needsToken: boolean
}

/** Tokens with a valid signature that the issuer would never make, by what is wrong with them. */
const claims: Record<string, object> = {
  'a sub that is a word': { sub: 'alice' },
  'a sub that holds a NUL': { sub: '\u0000' },
  'a sub that is another client': { sub: 'somebody', preferred_username: undefined },
  'a sid that is a word': { sid: 'session-1' },
  'a sid that holds a NUL': { sid: 'a\u0000b' },
  'no sid': { sid: undefined },
  'a jti that holds a NUL': { jti: 'a\u0000b' },
  'a client_id that holds a NUL': { client_id: 'a\u0000b' },
  'an exp that no database can hold': { exp: 1e300 },
  'an actor with a sid that is a word': { act: { sub: 'orders', sid: 'x' } }
}

/** Values in a path that are not the id of anything. */
const ids = ['x', '%00', "'", '1e1', '00000000-0000-0000-0000-00000000000g', '%F0%9F%92%A9', 'a'.repeat(300)]

describe('identifiers that are not of this issuer', () => {
  let fixture: Fixture
  let operations: Operation[]
  let api: { client_id: string; client_secret: string }

  beforeAll(async () => {
    fixture = await startFixture()
    api = await fixture.newClient({
      grant_types: [tokenExchange],
      audiences: [fixture.audience, fixture.issuer],
      scopes: ['account'],
      resources: [fixture.audience, fixture.issuer],
      may_act_for: ['countersign']
    })
    const { body } = await send<{ paths: Record<string, Record<string, { security?: object[] }>> }>(
      `${fixture.issuer}/openapi.json`,
      {}
    )
    operations = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => ({
        method: method.toUpperCase(),
        path,
        needsToken: security?.some((scheme) => 'accessToken' in scheme) ?? false
      }))
    )
  })
  afterAll(() => fixture?.stop())

  // What the token is for is in the query of this one, and is read first.
  const queryOf = (path: string) => (path === '/forward-auth' ? `?audience=${encodeURIComponent(fixture.issuer)}` : '')
  const call = (method: string, path: string, token: string) =>
    send<{ error?: string }>(fixture.issuer + path + queryOf(path), {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(method === 'POST' || method === 'PATCH' ? { body: '{}' } : {})
    })

  test.each(Object.entries(claims))('a token with %s is 401 at every route that takes one', async (_, wrong) => {
    const token = await fixture.signAsIssuer({ preferred_username: 'admin', roles: ['admin'], ...wrong })
    const protectedRoutes = operations.filter(({ needsToken }) => needsToken)
    expect(protectedRoutes.length).toBeGreaterThan(20)
    for (const { method, path } of protectedRoutes) {
      const { status, body } = await call(method, path.replaceAll(/\{\w+\}/g, randomUUID()), token)
      expect({ method, path, status, error: body.error }).toEqual({ method, path, status: 401, error: 'invalid_token' })
    }
  })

  test.each(Object.entries(claims))('a token with %s is inactive, unknown and not exchanged', async (_, wrong) => {
    const token = await fixture.signAsIssuer({ preferred_username: 'admin', client_id: 'countersign', ...wrong })
    const ask = (path: string, form: Record<string, string>) =>
      postForm(`${fixture.issuer}${path}`, form, basic(api.client_id, api.client_secret))
    expect(await ask('/oauth/introspect', { token })).toMatchObject({ status: 200, body: { active: false } })
    expect((await ask('/oauth/revoke', { token })).status).toBe(200)
    const exchange = { grant_type: tokenExchange, subject_token: token, subject_token_type: accessTokenUrn }
    expect(await ask('/oauth/token', exchange)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test('its own client cannot revoke a token into an entry that no database can hold', async () => {
    const token = await fixture.signAsIssuer({ client_id: api.client_id, sub: api.client_id, exp: 1e300 })
    const response = await postForm(
      `${fixture.issuer}/oauth/revoke`,
      { token },
      basic(api.client_id, api.client_secret)
    )
    expect(response.status).toBe(200)
  })

  test.each(ids)('a path with the id %j is a 4xx at every route that has one', async (id) => {
    const token = await fixture.signInAdmin()
    const routes = operations.filter(({ path }) => path.includes('{'))
    expect(routes.length).toBeGreaterThan(8)
    for (const { method, path } of routes) {
      const { status } = await call(method, path.replaceAll(/\{\w+\}/g, id), token)
      expect({ method, path, isRefused: status >= 400 && status < 500 }).toEqual({ method, path, isRefused: true })
    }
  })
})
