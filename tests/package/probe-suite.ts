import { type ClientKey, dpopProof, makeClientKey } from '@countersign/testing/trio'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from './fixtures/api.ts'
import { type Fixture, publicUrl, type Script, setUpFixture, untilCurrent } from './fixtures/fixture.ts'
import { algs, bearerRefusal, refusal, seen, withoutBody, words } from './fixtures/refusals.ts'

/** The one suite for all probes, over HTTP. Each has all under `/mounted` but a route that forgot its guard. */
export function describeProbe(script: Script, { parsesForms }: { parsesForms: boolean }): void {
  let fixture: Fixture
  let key: ClientKey
  beforeAll(async () => {
    ;[fixture, key] = await Promise.all([setUpFixture(script), makeClientKey()])
    await untilCurrent(fixture, '/mounted/me')
  })
  afterAll(() => fixture?.stop())

  test('hands frozen claims to a part of the app that is mounted', async () => {
    const token = fixture.issuer.mint({ sub: 'ada' })
    for (let round = 0; round < 2; round++) {
      const response = await fixture.present('/mounted/me', token)
      expect(response).toMatchObject({ status: 200, body: '{"sub":"ada","isFrozen":true}' })
    }
  })

  test('goes by the whole path of a request for a proof, and by all scopes that are wanted', async () => {
    const token = fixture.issuer.mint({ cnf: { jkt: key.publicJwk.kid }, scope: 'reports:read' })
    for (const [path, status] of [
      ['/mounted/me', 200],
      ['/me', 401]
    ] as const) {
      const proof = await dpopProof(key, { method: 'GET', url: publicUrl + path, accessToken: token })
      const headers = { Authorization: `DPoP ${token}`, DPoP: proof }
      expect(await fixture.present('/mounted/me', token, { headers }), path).toMatchObject({ status })
    }
    const reader = fixture.issuer.mint({ scope: 'reports:read' })
    expect(seen(await fixture.present('/mounted/scoped', reader))).toEqual(
      bearerRefusal(403, 'insufficient_scope', words.scope, 'scope="reports:read reports:list"')
    )
  })

  test('requires a sign-in that is recent and strong enough', async () => {
    const now = Math.floor(Date.now() / 1000)
    const wants = 'acr_values="urn:countersign:acr:1", max_age="300"'
    const cases: [Record<string, unknown>, boolean][] = [
      [{ auth_time: now - 10, acr: 'urn:countersign:acr:1' }, true],
      [{ auth_time: now - 10, acr: 'urn:countersign:acr:2' }, true],
      [{ auth_time: now - 400, acr: 'urn:countersign:acr:2' }, false],
      [{ auth_time: now - 10, acr: 'urn:example:high' }, false],
      [{ auth_time: now - 10 }, false],
      [{ acr: 'urn:countersign:acr:1' }, false]
    ]
    for (const [claims, isGood] of cases) {
      const response = await fixture.present('/mounted/recent', fixture.issuer.mint(claims))
      const said = JSON.stringify(claims)
      if (isGood) expect(response.status, said).toBeLessThan(300)
      else
        expect(seen(response), said).toEqual(bearerRefusal(401, 'insufficient_user_authentication', words.again, wants))
    }
  })

  test('does not touch errors of the app and its responses to them', async () => {
    const response = await fixture.present('/mounted/fails', fixture.issuer.mint())
    expect(response).toMatchObject({ status: 418, body: '{"name":"RangeError","message":"its own"}' })
  })

  test('fails, and never lets pass, where requireRole has no requireAccessToken before it', async () => {
    const response = await fixture.present('/unguarded/1', fixture.issuer.mint({ roles: ['admin'] }))
    expect(response).toMatchObject({ status: 418, body: expect.stringMatching(/^\{"name":"TypeError"/) })
  })

  test('guards HEAD and OPTIONS as any method', async () => {
    const bare = refusal(401, 'missing_token', words.missing, `Bearer realm="api", DPoP ${algs}`)
    expect(seen(await ask(`${fixture.api.url}/mounted/me`, { method: 'OPTIONS' }))).toEqual(bare)
    const head = seen(await ask(`${fixture.api.url}/mounted/me`, { method: 'HEAD' }))
    expect(head).toEqual(withoutBody(bare))
  })

  test.skipIf(!parsesForms)('refuses a token in a form that was parsed before', async () => {
    const body = 'access_token=x'
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': body.length }
    const response = await fixture.present('/mounted/me', fixture.issuer.mint(), { method: 'POST', headers, body })
    expect(seen(response)).toEqual(bearerRefusal(400, 'invalid_request', words.one))
  })

  test('logs each rejection with the logger of its request', async () => {
    await fixture.present('/mounted/me', 'x')
    const line = JSON.stringify({ path: '/mounted/me', message: 'access token refused', code: 'ERR_TOKEN_MALFORMED' })
    await expect.poll(() => fixture.api.output()).toContain(line.slice(0, -1))
  })
}
