import { createTestIssuer, type TestIssuer } from '@countersign/testing'
import { type ClientKey, dpopProof, makeClientKey } from '@countersign/testing/trio'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from './fixtures/api.ts'
import { type Fixture, publicUrl, type Script, setUpFixture, untilCurrent } from './fixtures/fixture.ts'
import { algs, bearerRefusal, challenge, refusal, seen, withoutBody, words } from './fixtures/refusals.ts'

const metadataUrl = 'https://api.example.com/.well-known/oauth-protected-resource'

/** The one suite for all examples, over HTTP. Each has `/public`, `/me`, `/reports`, `/admin`, and its metadata. */
export function describeExample(script: Script): void {
  const resource = `resource_metadata="${metadataUrl}"`
  const invalid = (description = words.invalid) => bearerRefusal(401, 'invalid_token', description, resource)
  const minted: string[] = []
  let fixture: Fixture
  let key: ClientKey
  beforeAll(async () => {
    ;[fixture, key] = await Promise.all([setUpFixture(script), makeClientKey()])
  })
  afterAll(() => fixture?.stop())
  const mint: TestIssuer['mint'] = (claims, header) => {
    const token = fixture.issuer.mint(claims, header)
    minted.push(token)
    return token
  }

  test('returns 503 without a challenge until the denylist is loaded', async () => {
    const response = await fixture.present('/me', mint())
    expect(seen(response)).toEqual(refusal(503, 'temporarily_unavailable', words.unavailable, undefined))
    await untilCurrent(fixture, '/me')
  })

  test('shows public documents to everybody', async () => {
    expect(await ask(`${fixture.api.url}/public`)).toMatchObject({ status: 200, body: '{"hello":"everybody"}' })
    const { status, headers, body } = await ask(metadataUrl.replace(publicUrl, fixture.api.url))
    expect({ status, type: headers['content-type'], cache: headers['cache-control'], body }).toEqual({
      status: 200,
      type: 'application/json; charset=utf-8',
      cache: 'public, max-age=3600',
      body:
        '{"resource":"https://api.example.com","authorization_servers":["https://auth.example.com"],' +
        '"bearer_methods_supported":["header"],' +
        '"dpop_signing_alg_values_supported":["ES256","ES384","EdDSA","Ed25519","RS256","PS256"],' +
        '"scopes_supported":["reports:read"]}'
    })
  })

  test('takes a valid token, and has its claims', async () => {
    const token = mint({ sub: 'ada', roles: ['admin'] })
    for (let round = 0; round < 2; round++) {
      const { status, body } = await fixture.present('/me', token)
      expect(status).toBe(200)
      expect(JSON.parse(body)).toMatchObject({ iss: fixture.issuer.issuer, sub: 'ada', roles: ['admin'] })
    }
    expect(await fixture.present('/me', token, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  test('challenges a request without a token, and one with credentials of another kind, without an error code', async () => {
    const bare = refusal(401, 'missing_token', words.missing, `Bearer ${resource}, DPoP ${algs}, ${resource}`)
    expect(seen(await ask(`${fixture.api.url}/me`))).toEqual(bare)
    const basic = { headers: { Authorization: 'Basic dTpw' } }
    expect(seen(await ask(`${fixture.api.url}/me`, basic))).toEqual(bare)
    const head = await ask(`${fixture.api.url}/me`, { method: 'HEAD' })
    expect(seen(head)).toEqual(withoutBody(bare))
  })

  test('refuses a token that is malformed, expired, forged, or meant for another API or purpose', async () => {
    const stranger = await createTestIssuer()
    for (const token of [
      'x',
      'a.b.c',
      mint({ aud: 'https://other.example.com' }),
      mint({ iss: 'https://evil.example.com' }),
      mint({}, { typ: 'JWT' }),
      stranger.mint({}, { kid: fixture.issuer.kid })
    ]) {
      expect(seen(await fixture.present('/me', token)), token).toEqual(invalid())
    }
    expect(seen(await fixture.present('/me', mint({ exp: 1 })))).toEqual(invalid(words.expired))
  })

  test('refuses several tokens, and one in the query, as a bad request', async () => {
    const bad = bearerRefusal(400, 'invalid_request', words.one, resource)
    const token = mint()
    const twice = { headers: { Authorization: [`Bearer ${token}`, `Bearer ${token}`] as never } }
    expect(seen(await ask(`${fixture.api.url}/me`, twice))).toEqual(bad)
    const mixed = { headers: { Authorization: [`Bearer ${token}`, 'Basic dTpw'] as never } }
    expect(seen(await ask(`${fixture.api.url}/me`, mixed))).toEqual(bad)
    expect(seen(await fixture.present(`/me?access_token=${token}`, token))).toEqual(bad)
    expect(seen(await fixture.present('/me', `${token} ${token}`))).toEqual(bad)
  })

  test('accepts a token only for its scopes and roles', async () => {
    const scope = bearerRefusal(403, 'insufficient_scope', words.scope, 'scope="reports:read"', resource)
    expect(seen(await fixture.present('/reports', mint()))).toEqual(scope)
    expect(seen(await fixture.present('/reports', mint({ scope: undefined })))).toEqual(scope)
    const reader = mint({ scope: 'openid reports:read' })
    expect(await fixture.present('/reports', reader)).toMatchObject({ status: 200, body: '{"reports":[]}' })
    const role = bearerRefusal(403, 'insufficient_scope', words.role, resource)
    expect(seen(await fixture.present('/admin', reader))).toEqual(role)
    const admin = mint({ sub: 'ada', roles: ['user', 'admin'] })
    expect(await fixture.present('/admin', admin)).toMatchObject({ status: 200, body: '{"hello":"ada"}' })
  })

  test('takes a token that is bound to a key with a proof of that key, once', async () => {
    const token = mint({ cnf: { jkt: key.publicJwk.kid } })
    const proofFor = async (path: string, signer = key) => {
      const proof = await dpopProof(signer, { method: 'GET', url: publicUrl + path, accessToken: token })
      return { headers: { Authorization: `DPoP ${token}`, DPoP: proof } }
    }
    const badProof = refusal(
      401,
      'invalid_dpop_proof',
      words.proof,
      challenge('DPoP', 'invalid_dpop_proof', words.proof, algs, resource)
    )
    const good = await proofFor('/me')
    expect(await fixture.present('/me?page=1', token, good)).toMatchObject({ status: 200 })
    expect(seen(await fixture.present('/me?page=1', token, good))).toEqual(badProof)
    expect(seen(await fixture.present('/me', token, await proofFor('/other')))).toEqual(badProof)
    expect(seen(await fixture.present('/me', token, { headers: { Authorization: `DPoP ${token}` } }))).toEqual(badProof)
    const binding = challenge('DPoP', 'invalid_token', words.binding, algs, resource)
    const unbound = refusal(401, 'invalid_token', words.binding, binding)
    expect(seen(await fixture.present('/me', token))).toEqual(unbound)
    expect(seen(await fixture.present('/me', token, await proofFor('/me', await makeClientKey())))).toEqual(unbound)
    expect(seen(await fixture.present('/reports', token, await proofFor('/reports')))).toEqual(
      refusal(
        403,
        'insufficient_scope',
        words.scope,
        challenge('DPoP', 'insufficient_scope', words.scope, 'scope="reports:read"', algs, resource)
      )
    )
  })

  test('refuses a token that it remembers as soon as the token, its session or its key is revoked', async () => {
    for (const [kind, value, claims] of [
      ['jti', 'token-9', { jti: 'token-9' }],
      ['sid', 'session-9', { sid: 'session-9' }],
      ['kid', fixture.issuer.kid, {}]
    ] as const) {
      const token = mint(claims)
      expect(await fixture.present('/me', token), kind).toMatchObject({ status: 200 })
      await fixture.revoke(kind, value)
      await expect.poll(async () => (await fixture.present('/me', token)).status, { timeout: 5_000 }).toBe(401)
      const response = seen(await fixture.present('/me', token))
      expect([invalid(words.revoked), invalid()], kind).toContainEqual(response)
    }
  })

  test('has logged its rejections, and no part of any token', () => {
    const output = fixture.api.output()
    for (const code of ['ERR_TOKEN_CLAIM', 'ERR_BEARER_REQUEST', 'ERR_SCOPE_INSUFFICIENT', 'ERR_TOKEN_REVOKED']) {
      expect(output).toContain(code)
    }
    for (const part of minted.flatMap((token) => token.split('.').slice(1))) expect(output).not.toContain(part)
  })

  test('ends by itself when it gets a signal', async () => {
    expect(await fixture.stop()).toBe(0)
  })
}
