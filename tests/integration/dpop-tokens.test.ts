import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  accessTokenUrn,
  ageSessions,
  basic,
  burstSeconds,
  type ClientKey,
  createClient,
  dpopProof,
  issuer,
  makeClientKey,
  post,
  postForm,
  query,
  readFamily,
  register,
  send,
  signIn,
  startTrio,
  type Trio,
  tokenExchange,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

interface Tokens {
  access_token: string
  refresh_token: string
  token_type: string
  error: string
}

describe('tokens that are bound to a key (DPoP, RFC 9449)', () => {
  let database: TestDatabase
  let trio: Trio
  let key: ClientKey
  let thief: ClientKey

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl,
      authReplicas: redisUrl ? 2 : 1,
      env: { REGISTRATIONS_PER_ADDRESS: '1000' }
    })
    key = await makeClientKey()
    thief = await makeClientKey()
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const proofFor = (path: string, signer = key, options: Partial<Parameters<typeof dpopProof>[1]> = {}) =>
    dpopProof(signer, { url: `${issuer}${path}`, ...options })
  const postJson = (path: string, body: object, proof?: string, auth = trio.auth) =>
    send<Tokens>(`${auth.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(proof === undefined ? {} : { DPoP: proof }) },
      body: JSON.stringify(body)
    })
  const signInBound = async () => {
    const { username, password, id } = await register(trio.auth.url)
    const { body, status } = await postJson('/auth/login', { username, password }, await proofFor('/auth/login'))
    expect(status).toBe(200)
    return { ...body, userId: id }
  }
  const refreshBound = async (refreshToken: string, signer?: ClientKey, auth = trio.auth) =>
    postJson(
      '/auth/refresh',
      { refresh_token: refreshToken },
      signer && (await proofFor('/auth/refresh', signer)),
      auth
    )
  const jktOf = (token: string) => (unverifiedClaims(token).cnf as { jkt: string } | undefined)?.jkt

  test('a sign-in with a proof binds both tokens to the key', async () => {
    const tokens = await signInBound()
    expect(tokens.token_type).toBe('DPoP')
    expect(jktOf(tokens.access_token)).toBe(key.publicJwk.kid)
    const rotated = await refreshBound(tokens.refresh_token, key)
    expect(rotated).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(jktOf(rotated.body.access_token)).toBe(key.publicJwk.kid)
  })

  test('a stolen refresh token is of no use without the key, and the thief cannot end the session by trying', async () => {
    const tokens = await signInBound()
    for (let at = 0; at < 3; at++) {
      expect(await refreshBound(tokens.refresh_token, thief)).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' }
      })
      expect(await refreshBound(tokens.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
    const second = await refreshBound(tokens.refresh_token, key)
    await ageSessions(database.url, tokens.userId, burstSeconds)
    const third = await refreshBound(second.body.refresh_token, key)
    expect(third.status).toBe(200)
    // From before the last burst, by somebody without the key: otherwise a replay, which ends the family.
    expect((await refreshBound(tokens.refresh_token, thief)).status).toBe(400)
    const { sid } = unverifiedClaims(tokens.access_token)
    expect(await readFamily(database.url, sid)).toMatchObject({ revoked_at: null, generation: 2 })
    expect((await refreshBound(third.body.refresh_token, key)).status).toBe(200)
    // From the owner of the key it is a replay.
    expect((await refreshBound(tokens.refresh_token, key)).status).toBe(400)
    expect(await readFamily(database.url, sid)).toMatchObject({ revoked_reason: 'replay' })
  })

  test('a lost response is recovered for as long as the session lives', async () => {
    const tokens = await signInBound()
    await refreshBound(tokens.refresh_token, key)
    await ageSessions(database.url, tokens.userId, 7 * 86_400 - 60)
    expect((await refreshBound(tokens.refresh_token, thief)).status).toBe(400)
    const recovered = await refreshBound(tokens.refresh_token, key)
    expect(recovered.status).toBe(200)
    expect((await refreshBound(recovered.body.refresh_token, key)).status).toBe(200)

    const bearer = await signIn(trio.auth.url, await register(trio.auth.url))
    await refreshBound(bearer.refresh_token)
    await ageSessions(database.url, unverifiedClaims(bearer.access_token).sub as string, 86_401)
    expect((await refreshBound(bearer.refresh_token)).status).toBe(400)
  })

  describe.each([
    ['POST /auth/logout', '/auth/logout', 204],
    ['POST /oauth/revoke', '/oauth/revoke', 200]
  ] as const)('%s with a refresh token', (_, path, done) => {
    const end = async (token: string, signer?: ClientKey, proof?: string) => {
      const dpop = proof ?? (signer && (await proofFor(path, signer)))
      if (path === '/auth/logout') return postJson(path, { refresh_token: token }, dpop)
      const form = { client_id: 'countersign', token }
      return postForm<Tokens>(`${trio.auth.url}${path}`, form, dpop === undefined ? {} : { DPoP: dpop })
    }
    const familyOf = (accessToken: string) => readFamily(database.url, unverifiedClaims(accessToken).sid)

    test('that is bound is refused without a proof of its key, and the session lives', async () => {
      const tokens = await signInBound()
      for (const signer of [undefined, thief]) {
        expect(await end(tokens.refresh_token, signer)).toMatchObject({
          status: 400,
          body: { error: 'invalid_dpop_proof' }
        })
      }
      expect(await familyOf(tokens.access_token)).toMatchObject({ revoked_at: null })
      expect((await refreshBound(tokens.refresh_token, key)).status).toBe(200)
    })

    test('that is bound ends the session with a proof of its key, by any generation', async () => {
      const tokens = await signInBound()
      const second = await refreshBound(tokens.refresh_token, key)
      await ageSessions(database.url, tokens.userId, burstSeconds)
      await refreshBound(second.body.refresh_token, key)
      expect((await end(tokens.refresh_token, key)).status).toBe(done)
      expect(await familyOf(tokens.access_token)).toMatchObject({ revoked_at: expect.any(Date) })
      // It has ended: nothing is left to protect.
      expect((await end(tokens.refresh_token)).status).toBe(done)
    })

    test('that is not bound needs no proof, and none does harm', async () => {
      for (const signer of [undefined, key]) {
        const { username, password } = await register(trio.auth.url)
        const tokens = await signIn(trio.auth.url, { username, password })
        expect((await end(tokens.refresh_token, signer)).status).toBe(done)
        expect(await familyOf(tokens.access_token)).toMatchObject({ revoked_at: expect.any(Date) })
      }
    })

    test('uses a proof up', async () => {
      const [one, two] = [await signInBound(), await signInBound()]
      const proof = await proofFor(path, key)
      expect((await end(one.refresh_token, undefined, proof)).status).toBe(done)
      expect(await end(two.refresh_token, undefined, proof)).toMatchObject({
        status: 400,
        body: { error: 'invalid_dpop_proof' }
      })
      expect(await familyOf(two.access_token)).toMatchObject({ revoked_at: null })
    })
  })

  test('a stolen access token that is bound cannot be revoked without its key', async () => {
    const { access_token: token } = await signInBound()
    const form = { client_id: 'countersign', token }
    const revoke = (headers: Record<string, string> = {}) => postForm(`${trio.auth.url}/oauth/revoke`, form, headers)
    expect(await revoke()).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    const { jti } = unverifiedClaims(token)
    const entries = () => query(database.url, 'SELECT 1 FROM revocations WHERE value = $1', [jti])
    expect(await entries()).toHaveLength(0)
    expect((await revoke({ DPoP: await proofFor('/oauth/revoke') })).status).toBe(200)
    expect(await entries()).toHaveLength(1)
  })

  test('a client binds tokens of its own at the token endpoint', async () => {
    const admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    const client = await createClient(trio.auth.url, admin, {
      token_endpoint_auth_method: 'client_secret_basic',
      audiences: ['http://api.test']
    })
    const response = await postForm<Tokens>(
      `${trio.auth.url}/oauth/token`,
      { grant_type: 'client_credentials' },
      { ...basic(client.client_id, client.client_secret), DPoP: await proofFor('/oauth/token') }
    )
    expect(response).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(jktOf(response.body.access_token)).toBe(key.publicJwk.kid)
  })

  test('a bound access token gives access to an account only with a proof of its key', async () => {
    const { access_token: accessToken } = await signInBound()
    const me = async (scheme: string, proof?: string, auth = trio.auth) =>
      (
        await send(`${auth.url}/auth/me`, {
          headers: { Authorization: `${scheme} ${accessToken}`, ...(proof === undefined ? {} : { DPoP: proof }) }
        })
      ).status
    const proofOf = (signer: ClientKey) => proofFor('/auth/me', signer, { method: 'GET', accessToken })
    expect(await me('DPoP', await proofOf(key))).toBe(200)
    expect(await me('Bearer')).toBe(401)
    expect(await me('Bearer', await proofOf(key))).toBe(401)
    expect(await me('DPoP')).toBe(401)
    expect(await me('DPoP', await proofOf(thief))).toBe(401)
    expect(await me('DPoP', await proofFor('/auth/me', key, { method: 'GET' }))).toBe(401)
    const proof = await proofOf(key)
    const statuses = await Promise.all(trio.auths.flatMap((auth) => [me('DPoP', proof, auth), me('DPoP', proof, auth)]))
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  })

  test('a service that gets a bound token can introspect it and act for its user, with a key of its own', async () => {
    const admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    const { client_id: id, client_secret: secret } = await createClient(trio.auth.url, admin, {
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: [tokenExchange],
      scopes: ['account'],
      audiences: [issuer],
      resources: ['http://api.test'],
      may_act_for: ['countersign'],
      may_unbind_tokens: true
    })
    const { access_token: token } = await signInBound()
    const introspected = await postForm(`${trio.auth.url}/oauth/introspect`, { token }, basic(id, secret))
    expect(introspected.body).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.publicJwk.kid } })
    const form = { grant_type: tokenExchange, subject_token: token, subject_token_type: accessTokenUrn }
    const acting = await postForm<Tokens>(`${trio.auth.url}/oauth/token`, form, {
      ...basic(id, secret),
      DPoP: await proofFor('/oauth/token', thief)
    })
    expect(acting).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(jktOf(acting.body.access_token)).toBe(thief.publicJwk.kid)
  })

  test('a proof is valid once, whichever replica gets it', async () => {
    const { username, password } = await register(trio.auth.url)
    const proof = await proofFor('/auth/login')
    const responses = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        postJson('/auth/login', { username, password }, proof, trio.auths[at % trio.auths.length] ?? trio.auth)
      )
    )
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status, body } of responses) if (status !== 200) expect(body.error).toBe('invalid_dpop_proof')
  })

  test.each<[string, () => Promise<string>]>([
    ['for another method', () => proofFor('/auth/login', key, { method: 'GET' })],
    ['for another path', () => proofFor('/auth/refresh')],
    ['for another host', () => dpopProof(key, { url: 'http://other.test/auth/login' })],
    ['that is old', () => proofFor('/auth/login', key, { claims: { iat: Math.floor(Date.now() / 1000) - 120 } })],
    ['of the future', () => proofFor('/auth/login', key, { claims: { iat: Math.floor(Date.now() / 1000) + 120 } })],
    ['without jti', () => proofFor('/auth/login', key, { claims: { jti: undefined } as never })],
    ['of another type', () => proofFor('/auth/login', key, { header: { typ: 'JWT' } })],
    ['that is signed by another key', () => proofFor('/auth/login', { ...thief, publicJwk: key.publicJwk })],
    ['that is garbage', async () => 'garbage']
  ])('a proof %s is refused', async (_, makeProof) => {
    const { username, password } = await register(trio.auth.url)
    expect(await postJson('/auth/login', { username, password }, await makeProof())).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' }
    })
    const started = await query(
      database.url,
      'SELECT 1 FROM users u JOIN refresh_token_families f ON f.user_id = u.id WHERE u.username = $1',
      [username]
    )
    expect(started).toHaveLength(0)
  })

  test.skipIf(!inject('docker'))(
    'where nonces are required, the first response gives one, which every replica accepts',
    async () => {
      const strict = await Promise.all([1, 2].map(() => trio.startAuth({ DPOP_NONCE: 'required' })))
      const { username, password } = await register(trio.auth.url)
      const login = (proof: string, at: number) =>
        postJson('/auth/login', { username, password }, proof, strict[at] as never)
      const first = await login(await proofFor('/auth/login'), 0)
      expect(first).toMatchObject({ status: 400, body: { error: 'use_dpop_nonce' } })
      const nonce = first.headers.get('DPoP-Nonce') as string
      expect((await login(await proofFor('/auth/login', key, { claims: { nonce } }), 1)).status).toBe(200)
      const wrong = await login(await proofFor('/auth/login', key, { claims: { nonce: `${nonce}x` } }), 1)
      expect(wrong).toMatchObject({ status: 400, body: { error: 'use_dpop_nonce' } })
      expect((await post(`${strict[0]?.url}/auth/login`, { username, password })).status).toBe(200)
    }
  )
})
