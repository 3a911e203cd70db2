import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  accessTokenUrn,
  audience,
  basic,
  createClient,
  get,
  issuer,
  post,
  postForm,
  query,
  readFamily,
  refresh,
  register,
  signIn,
  startTrio,
  type Trio,
  tokenExchange,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'

describe('revocation (RFC 7009) and introspection (RFC 7662)', () => {
  let database: TestDatabase
  let trio: Trio
  let api: { client_id: string; client_secret: string }
  let stranger: { client_id: string; client_secret: string }
  let user: { id: string; username: string; password: string }

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl, env: { REGISTRATIONS_PER_ADDRESS: '1000' } })
    const admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    const basicClient = { token_endpoint_auth_method: 'client_secret_basic', scopes: ['jobs'], audiences: [audience] }
    api = await createClient(trio.auth.url, admin, {
      ...basicClient,
      grant_types: ['client_credentials', tokenExchange],
      scopes: ['jobs', 'account'],
      audiences: [audience, issuer],
      resources: [audience],
      may_act_for: ['countersign']
    })
    stranger = await createClient(trio.auth.url, admin, basicClient)
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })
  beforeEach(async () => {
    user = await register(trio.auth.url)
  })

  const call = (
    endpoint: string,
    token: string,
    { client_id: id, client_secret: secret }: typeof api,
    parameters: Record<string, string> = {}
  ) => postForm(`${trio.auth.url}/oauth/${endpoint}`, { token, ...parameters }, basic(id, secret))
  const revoke = (token: string, client: typeof api, parameters?: Record<string, string>) =>
    call('revoke', token, client, parameters)
  const revokeAsPublicClient = (token: string, parameters: Record<string, string> = {}) =>
    postForm(`${trio.auth.url}/oauth/revoke`, { token, client_id: 'countersign', ...parameters })
  const introspect = (token: string, client: typeof api) => call('introspect', token, client)
  const clientToken = async ({ client_id: id, client_secret: secret }: typeof api) => {
    const form = { grant_type: 'client_credentials' }
    const { body } = await postForm<{ access_token: string }>(`${trio.auth.url}/oauth/token`, form, basic(id, secret))
    return body.access_token
  }
  const me = async (token: string) => (await get(`${trio.resource.url}/me`, token)).status

  test.each(['refresh_token', 'access_token', 'nonsense', undefined])(
    'a revoked refresh token takes its access tokens along, with the hint %s',
    async (hint) => {
      const tokens = await signIn(trio.auth.url, user)
      expect(await me(tokens.access_token)).toBe(200)
      const revoked = await revokeAsPublicClient(
        tokens.refresh_token,
        hint === undefined ? {} : { token_type_hint: hint }
      )
      expect(revoked).toMatchObject({ status: 200, body: '' })
      // oidc-client-ts takes JSON or nothing.
      expect(revoked.headers.get('Content-Type')).toBeNull()
      await expect.poll(() => me(tokens.access_token)).toBe(401)
      expect((await refresh(trio.auth.url, tokens.refresh_token)).status).toBe(400)
      const { sid } = unverifiedClaims(tokens.access_token)
      expect(await readFamily(database.url, sid)).toMatchObject({ revoked_reason: 'token_revoked' })
    }
  )

  test('a revoked access token is refused, and the session it belongs to lives on', async () => {
    const tokens = await signIn(trio.auth.url, user)
    expect((await revokeAsPublicClient(tokens.access_token)).status).toBe(200)
    await expect.poll(() => me(tokens.access_token)).toBe(401)
    const next = await refresh(trio.auth.url, tokens.refresh_token)
    expect(await me(next.body.access_token)).toBe(200)
    expect((await revokeAsPublicClient(tokens.access_token)).status).toBe(200)
    const { jti } = unverifiedClaims(tokens.access_token)
    expect(await query(database.url, 'SELECT 1 FROM revocations WHERE value = $1', [jti])).toHaveLength(1)
  })

  test("a client's own token can be revoked, and no other one of it", async () => {
    const [one, two] = [await clientToken(api), await clientToken(api)]
    expect((await revoke(one, api)).status).toBe(200)
    await expect.poll(() => me(one)).toBe(401)
    expect(await me(two)).toBe(200)
  })

  test("a client cannot revoke another client's tokens: the response is 200, and nothing happens", async () => {
    const tokens = await signIn(trio.auth.url, user)
    for (const token of [
      tokens.access_token,
      tokens.refresh_token,
      await clientToken(api),
      'garbage',
      'csr1.x',
      'a.b.c'
    ]) {
      expect(await revoke(token, stranger)).toMatchObject({ status: 200, body: '' })
    }
    expect(await me(tokens.access_token)).toBe(200)
    expect((await refresh(trio.auth.url, tokens.refresh_token)).status).toBe(200)
  })

  test('an unauthenticated client gets 401, and a request without a token 400', async () => {
    for (const endpoint of ['revoke', 'introspect']) {
      const url = `${trio.auth.url}/oauth/${endpoint}`
      expect(await postForm(url, { token: 'x' })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
      const wrong = basic(api.client_id, 'wrong')
      expect(await postForm(url, { token: 'x' }, wrong)).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' }
      })
      const right = basic(api.client_id, api.client_secret)
      expect(await postForm(url, {}, right)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    }
    const { access_token: token } = await signIn(trio.auth.url, user)
    const asPublicClient = await postForm(`${trio.auth.url}/oauth/introspect`, { token, client_id: 'countersign' })
    expect(asPublicClient).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  test('a service learns what a token for it says, while it is valid', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const response = await introspect(tokens.access_token, api)
    const { iat, exp, jti, sid } = unverifiedClaims(tokens.access_token)
    expect(response.body).toEqual({
      active: true,
      iss: issuer,
      sub: user.id,
      aud: [audience, issuer],
      client_id: 'countersign',
      username: user.username,
      scope: 'account',
      roles: [],
      token_type: 'Bearer',
      auth_time: iat,
      acr: 'urn:countersign:acr:1',
      amr: ['pwd'],
      iat,
      exp,
      jti,
      sid
    })
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    await post(`${trio.auth.url}/auth/logout`, undefined, tokens.access_token)
    await expect.poll(async () => (await introspect(tokens.access_token, api)).body).toEqual({ active: false })
  })

  test('a client learns of its own tokens', async () => {
    const token = await clientToken(stranger)
    expect((await introspect(token, stranger)).body).toMatchObject({
      active: true,
      sub: stranger.client_id,
      scope: 'jobs'
    })
    const acting = await postForm<{ access_token: string }>(
      `${trio.auth.url}/oauth/token`,
      {
        grant_type: tokenExchange,
        subject_token: (await signIn(trio.auth.url, user)).access_token,
        subject_token_type: accessTokenUrn,
        resource: issuer
      },
      basic(api.client_id, api.client_secret)
    )
    expect((await introspect(acting.body.access_token, api)).body).toMatchObject({
      active: true,
      sub: user.id,
      act: { sub: api.client_id }
    })
  })

  test('a stranger learns nothing of a token: not even that it is one', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const forged = `${tokens.access_token.slice(0, -10)}AAAAAAAAAA`
    for (const token of [tokens.access_token, tokens.refresh_token, forged, 'garbage', 'csr1.x']) {
      const { status, body } = await introspect(token, stranger)
      expect({ status, body }).toEqual({ status: 200, body: { active: false } })
    }
    // Not even the service that the access token is for learns of the refresh token.
    expect((await introspect(tokens.refresh_token, api)).body).toEqual({ active: false })
  })
})
