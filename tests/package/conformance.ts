/** The one suite for all frameworks: what an API answers, over HTTP, to the last byte. */
import { createTestIssuer, createTestRedis, type TestIssuer, type TestIssuerServer } from '@countersign/testing'
import { type ClientKey, dpopProof, makeClientKey } from '@countersign/testing/trio'
import type { RevocationKind } from '@countersign/verifier'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { RevocationPublisher } from '../../services/auth-service/src/revocation/revocation-publisher.ts'
import { createRedisRevocationPublisher } from '../../services/auth-service/src/stores/redis-revocation-publisher.ts'
import { type Answer, type Api, type Asked, ask, startApi } from './fixtures/api.ts'

/** The script of an API, once its project was made. */
export type Script = () => string

/** An API with an issuer and a denylist of its own. */
interface Stage {
  readonly api: Api
  readonly issuer: TestIssuer
  readonly publisher: RevocationPublisher
  /** Presents a token, as a bearer token unless it is said otherwise. */
  present(path: string, token: string, asked?: Asked): Promise<Answer>
  revoke(kind: RevocationKind, value: string): Promise<void>
  stop(): Promise<number | NodeJS.Signals | null>
}

const publicUrl = 'https://api.example.com'
const metadataUrl = 'https://api.example.com/.well-known/oauth-protected-resource'
const algs = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"'
const words = {
  missing: 'Send an access token in the Authorization header.',
  invalid: 'The access token is invalid.',
  expired: 'The access token has expired.',
  revoked: 'The access token was revoked.',
  one: 'Send exactly one access token, in the Authorization header.',
  binding: 'The access token must be presented as it is bound: with a DPoP proof of its key, or without one.',
  proof: 'The DPoP proof is not valid.',
  scope: 'The access token does not have the scope that this needs.',
  role: 'The access token does not have the role that this needs.',
  unavailable: 'The access token cannot be checked right now. Try again.'
}

async function setStage(script: Script): Promise<Stage> {
  const [redisUrl, issuer] = await Promise.all([createTestRedis(), createTestIssuer()])
  const server: TestIssuerServer = await issuer.startServer()
  const api = await startApi(script(), {
    ISSUER: issuer.issuer,
    AUDIENCE: issuer.audience,
    REDIS_URL: redisUrl,
    JWKS_URL: server.jwksUri,
    PUBLIC_URL: publicUrl
  })
  const publisher = createRedisRevocationPublisher({ url: redisUrl })
  return {
    api,
    issuer,
    publisher,
    present: (path, token, asked = {}) =>
      ask(api.url + path, { ...asked, headers: { Authorization: `Bearer ${token}`, ...asked.headers } }),
    revoke: (kind, value) => publisher.publish([{ kind, value, expiresAt: Date.now() / 1000 + 660 }]),
    async stop() {
      const code = await api.stop()
      await Promise.all([publisher.close(), server.close()])
      return code
    }
  }
}

/** An answer as all frameworks have to give it. */
function refusal(status: number, error: string, description: string, challenge: string | undefined) {
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'www-authenticate': challenge,
      'retry-after': status === 503 ? '1' : undefined
    },
    body: JSON.stringify({ error, error_description: description })
  }
}
const challenge = (scheme: string, error: string, description: string, ...more: string[]) =>
  `${scheme} ${[`error="${error}"`, `error_description="${description}"`, ...more].join(', ')}`

function seen({ status, headers, body }: Answer) {
  const names = ['content-type', 'cache-control', 'www-authenticate', 'retry-after'] as const
  return { status, headers: Object.fromEntries(names.map((name) => [name, headers[name]])), body }
}

/** What is left of a refusal in the answer to HEAD. */
const withoutBody = <T extends object>(answer: T) => ({ ...answer, body: '' })

const bearerRefusal = (status: number, error: string, description: string, ...more: string[]) =>
  refusal(status, error, description, challenge('Bearer', error, description, ...more))

async function untilCurrent({ publisher, issuer, present }: Stage, path: string): Promise<void> {
  await publisher.rebuild((async function* () {})())
  await vi.waitUntil(async () => (await present(path, issuer.mint())).status === 200, { timeout: 10_000 })
}

/** Of an example, which has `/public`, `/me`, `/reports`, `/admin`, and its metadata. */
export function describeExample(script: Script): void {
  const resource = `resource_metadata="${metadataUrl}"`
  const invalid = (description = words.invalid) => bearerRefusal(401, 'invalid_token', description, resource)
  const minted: string[] = []
  let stage: Stage
  let key: ClientKey
  beforeAll(async () => {
    ;[stage, key] = await Promise.all([setStage(script), makeClientKey()])
  })
  afterAll(() => stage?.stop())
  const mint: TestIssuer['mint'] = (claims, header) => {
    const token = stage.issuer.mint(claims, header)
    minted.push(token)
    return token
  }

  test('cannot know whether a token is good before the denylist was heard: 503 and no challenge', async () => {
    const answer = await stage.present('/me', mint())
    expect(seen(answer)).toEqual(refusal(503, 'temporarily_unavailable', words.unavailable, undefined))
    await untilCurrent(stage, '/me')
  })

  test('lets everybody see what is public, and what clients have to know', async () => {
    expect(await ask(`${stage.api.url}/public`)).toMatchObject({ status: 200, body: '{"hello":"everybody"}' })
    const { status, headers, body } = await ask(metadataUrl.replace(publicUrl, stage.api.url))
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

  test('takes a good token, and has its claims', async () => {
    const token = mint({ sub: 'ada', roles: ['admin'] })
    for (let round = 0; round < 2; round++) {
      const { status, body } = await stage.present('/me', token)
      expect(status).toBe(200)
      expect(JSON.parse(body)).toMatchObject({ iss: stage.issuer.issuer, sub: 'ada', roles: ['admin'] })
    }
    expect(await stage.present('/me', token, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  test('challenges a request without a token, and one with credentials of another kind, without an error code', async () => {
    const bare = refusal(401, 'missing_token', words.missing, `Bearer ${resource}, DPoP ${algs}, ${resource}`)
    expect(seen(await ask(`${stage.api.url}/me`))).toEqual(bare)
    const basic = { headers: { Authorization: 'Basic dTpw' } }
    expect(seen(await ask(`${stage.api.url}/me`, basic))).toEqual(bare)
    const head = await ask(`${stage.api.url}/me`, { method: 'HEAD' })
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
      stranger.mint({}, { kid: stage.issuer.kid })
    ]) {
      expect(seen(await stage.present('/me', token)), token).toEqual(invalid())
    }
    expect(seen(await stage.present('/me', mint({ exp: 1 })))).toEqual(invalid(words.expired))
  })

  test('refuses several tokens, and one in the query, as a bad request', async () => {
    const bad = bearerRefusal(400, 'invalid_request', words.one, resource)
    const token = mint()
    const twice = { headers: { Authorization: [`Bearer ${token}`, `Bearer ${token}`] as never } }
    expect(seen(await ask(`${stage.api.url}/me`, twice))).toEqual(bad)
    const mixed = { headers: { Authorization: [`Bearer ${token}`, 'Basic dTpw'] as never } }
    expect(seen(await ask(`${stage.api.url}/me`, mixed))).toEqual(bad)
    expect(seen(await stage.present(`/me?access_token=${token}`, token))).toEqual(bad)
    expect(seen(await stage.present('/me', `${token} ${token}`))).toEqual(bad)
  })

  test('lets a token pass for its scopes and roles alone', async () => {
    const scope = bearerRefusal(403, 'insufficient_scope', words.scope, 'scope="reports:read"', resource)
    expect(seen(await stage.present('/reports', mint()))).toEqual(scope)
    expect(seen(await stage.present('/reports', mint({ scope: undefined })))).toEqual(scope)
    const reader = mint({ scope: 'openid reports:read' })
    expect(await stage.present('/reports', reader)).toMatchObject({ status: 200, body: '{"reports":[]}' })
    const role = bearerRefusal(403, 'insufficient_scope', words.role, resource)
    expect(seen(await stage.present('/admin', reader))).toEqual(role)
    const admin = mint({ sub: 'ada', roles: ['user', 'admin'] })
    expect(await stage.present('/admin', admin)).toMatchObject({ status: 200, body: '{"hello":"ada"}' })
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
    expect(await stage.present('/me?page=1', token, good)).toMatchObject({ status: 200 })
    expect(seen(await stage.present('/me?page=1', token, good))).toEqual(badProof)
    expect(seen(await stage.present('/me', token, await proofFor('/other')))).toEqual(badProof)
    expect(seen(await stage.present('/me', token, { headers: { Authorization: `DPoP ${token}` } }))).toEqual(badProof)
    const binding = challenge('DPoP', 'invalid_token', words.binding, algs, resource)
    const unbound = refusal(401, 'invalid_token', words.binding, binding)
    expect(seen(await stage.present('/me', token))).toEqual(unbound)
    expect(seen(await stage.present('/me', token, await proofFor('/me', await makeClientKey())))).toEqual(unbound)
    expect(seen(await stage.present('/reports', token, await proofFor('/reports')))).toEqual(
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
      ['kid', stage.issuer.kid, {}]
    ] as const) {
      const token = mint(claims)
      expect(await stage.present('/me', token), kind).toMatchObject({ status: 200 })
      await stage.revoke(kind, value)
      await expect.poll(async () => (await stage.present('/me', token)).status, { timeout: 5_000 }).toBe(401)
      const answer = seen(await stage.present('/me', token))
      expect([invalid(words.revoked), invalid()], kind).toContainEqual(answer)
    }
  })

  test('has logged what it refused, and no part of any token', () => {
    const output = stage.api.output()
    for (const code of ['ERR_TOKEN_CLAIM', 'ERR_BEARER_REQUEST', 'ERR_SCOPE_INSUFFICIENT', 'ERR_TOKEN_REVOKED']) {
      expect(output).toContain(code)
    }
    for (const part of minted.flatMap((token) => token.split('.').slice(1))) expect(output).not.toContain(part)
  })

  test('ends by itself when it is asked to', async () => {
    expect(await stage.stop()).toBe(0)
  })
}

/** Of a probe, which has all under `/mounted` but a route that forgot its guard. */
export function describeProbe(script: Script, { parsesForms }: { parsesForms: boolean }): void {
  let stage: Stage
  let key: ClientKey
  beforeAll(async () => {
    ;[stage, key] = await Promise.all([setStage(script), makeClientKey()])
    await untilCurrent(stage, '/mounted/me')
  })
  afterAll(() => stage?.stop())

  test('hands frozen claims to a part of the app that is mounted', async () => {
    const token = stage.issuer.mint({ sub: 'ada' })
    for (let round = 0; round < 2; round++) {
      const answer = await stage.present('/mounted/me', token)
      expect(answer).toMatchObject({ status: 200, body: '{"sub":"ada","isFrozen":true}' })
    }
  })

  test('goes by the whole path of a request for a proof, and by all scopes that are wanted', async () => {
    const token = stage.issuer.mint({ cnf: { jkt: key.publicJwk.kid }, scope: 'reports:read' })
    for (const [path, status] of [
      ['/mounted/me', 200],
      ['/me', 401]
    ] as const) {
      const proof = await dpopProof(key, { method: 'GET', url: publicUrl + path, accessToken: token })
      const headers = { Authorization: `DPoP ${token}`, DPoP: proof }
      expect(await stage.present('/mounted/me', token, { headers }), path).toMatchObject({ status })
    }
    const reader = stage.issuer.mint({ scope: 'reports:read' })
    expect(seen(await stage.present('/mounted/scoped', reader))).toEqual(
      bearerRefusal(403, 'insufficient_scope', words.scope, 'scope="reports:read reports:list"')
    )
  })

  test('leaves errors of the app, and what it answers to them, alone', async () => {
    const answer = await stage.present('/mounted/fails', stage.issuer.mint())
    expect(answer).toMatchObject({ status: 418, body: '{"name":"RangeError","message":"its own"}' })
  })

  test('fails, and never lets pass, where requireRole has no requireAccessToken before it', async () => {
    const answer = await stage.present('/unguarded/1', stage.issuer.mint({ roles: ['admin'] }))
    expect(answer).toMatchObject({ status: 418, body: expect.stringMatching(/^\{"name":"TypeError"/) })
  })

  test('guards HEAD and OPTIONS as any method', async () => {
    const bare = refusal(401, 'missing_token', words.missing, `Bearer realm="api", DPoP ${algs}`)
    expect(seen(await ask(`${stage.api.url}/mounted/me`, { method: 'OPTIONS' }))).toEqual(bare)
    const head = seen(await ask(`${stage.api.url}/mounted/me`, { method: 'HEAD' }))
    expect(head).toEqual(withoutBody(bare))
  })

  test.skipIf(!parsesForms)('refuses a token in a form that was parsed before', async () => {
    const body = 'access_token=x'
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': body.length }
    const answer = await stage.present('/mounted/me', stage.issuer.mint(), { method: 'POST', headers, body })
    expect(seen(answer)).toEqual(bearerRefusal(400, 'invalid_request', words.one))
  })

  test('tells of each refusal by the logger of its request', async () => {
    await stage.present('/mounted/me', 'x')
    const line = JSON.stringify({ path: '/mounted/me', message: 'access token refused', code: 'ERR_TOKEN_MALFORMED' })
    await expect.poll(() => stage.api.output()).toContain(line.slice(0, -1))
  })
}
