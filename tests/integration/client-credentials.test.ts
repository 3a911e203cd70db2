import {
  createTestDatabase,
  createTestRedis,
  expectRefusedWithin,
  expectResponseWithin,
  type PostgresRecorder,
  type RedisFaults,
  startPostgresRecorder,
  startRedisFaults,
  type TestDatabase
} from '@countersign/testing'
import {
  audience,
  basic,
  clientAssertion,
  createClient,
  get,
  isBackgroundStatement,
  issuer,
  makeClientKey,
  post,
  postForm,
  send,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

/** A client that gets many tokens is not looked up each time, and yet never gets more than it may. */
describe.skipIf(!inject('docker'))('client credentials in the steady state', () => {
  let database: TestDatabase
  let recorder: PostgresRecorder
  let redis: RedisFaults
  let trio: Trio
  let admin: string

  beforeAll(async () => {
    database = await createTestDatabase()
    recorder = await startPostgresRecorder(database.url)
    redis = await startRedisFaults(await createTestRedis())
    trio = await startTrio({
      databaseUrl: recorder.url,
      redisUrl: redis.url,
      authReplicas: 2,
      env: { CLIENT_CACHE_SECONDS: '60' }
    })
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
  })
  afterAll(async () => {
    await trio?.stop()
    await redis?.close()
    await recorder?.close()
    await database?.drop()
  })

  const newClient = (client: Record<string, unknown> = {}) =>
    createClient(trio.auth.url, admin, {
      token_endpoint_auth_method: 'client_secret_basic',
      scopes: ['reports:read'],
      audiences: [audience],
      ...client
    })
  type Registered = Awaited<ReturnType<typeof newClient>>
  const token = (client: Registered, parameters = {}, secret = client.client_secret, replica = 0) =>
    postForm<Record<string, string>>(
      `${trio.auths[replica]?.url}/oauth/token`,
      { grant_type: 'client_credentials', ...parameters },
      basic(client.client_id, secret)
    )
  const change = (client: Registered, body: unknown, replica = 0) =>
    send(`${trio.auths[replica]?.url}/admin/clients/${client.client_id}`, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${admin}` },
      body: JSON.stringify(body)
    })
  // The sender of back-channel logouts looks at the clients every few seconds.
  const look = () =>
    recorder.statements.filter((text) => /FROM clients/.test(text) && !isBackgroundStatement(text)).length

  test('a client is looked up once, and its tokens cost no statement', async () => {
    const client = await newClient()
    expect((await token(client)).status).toBe(200)
    recorder.clear()
    const responses = []
    for (let at = 0; at < 20; at++) responses.push(await token(client))
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(look()).toBe(0)
    const claims = responses.map(({ body }) => unverifiedClaims(body.access_token as string))
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(20)
    const now = Date.now() / 1000
    for (const { iat, exp } of claims) {
      expect(exp - iat).toBe(600)
      expect(Math.abs(now - iat)).toBeLessThan(30)
      expect(iat).toBeLessThanOrEqual(Math.ceil(now))
    }
  })

  test('the same for a client with a key, whose assertion is valid once all the same', async () => {
    const key = await makeClientKey()
    const client = await newClient({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.publicJwk] } })
    const assert = () => clientAssertion(key, { clientId: client.client_id, audience: issuer })
    const ask = async (assertion: Awaited<ReturnType<typeof assert>>) =>
      (await postForm(`${trio.auth.url}/oauth/token`, { grant_type: 'client_credentials', ...assertion })).status
    expect(await ask(await assert())).toBe(200)
    recorder.clear()
    const assertion = await assert()
    expect(await ask(assertion)).toBe(200)
    expect(look()).toBe(0)
    expect(await ask(assertion)).toBe(401)
  })

  test('the first token of a client is recorded by one statement, and later ones by none, at every replica', async () => {
    const client = await newClient()
    const firstTokenAt = async () => {
      const url = `${trio.auth.url}/admin/clients/${client.client_id}`
      return (await get<{ first_token_at: string | null }>(url, admin)).body.first_token_at
    }
    expect(await firstTokenAt()).toBeNull()
    expect((await token(client, { scope: 'more:than:it:has' })).status).toBe(400)
    recorder.clear()
    expect((await token(client)).status).toBe(200)
    await expect.poll(firstTokenAt).not.toBeNull()
    const first = await firstTokenAt()
    for (const replica of [0, 1, 0, 1]) expect((await token(client, {}, undefined, replica)).status).toBe(200)
    expect(recorder.statements.filter((text) => /SET first_token_at/.test(text))).toHaveLength(1)
    expect(await firstTokenAt()).toBe(first)
  })

  test('one that is disabled at another replica is refused at once here, and so are its tokens', async () => {
    const client = await newClient()
    const { body } = await token(client)
    expect((await get(`${trio.resource.url}/me`, body.access_token)).status).toBe(200)
    expect((await change(client, { disabled: true }, 1)).status).toBe(200)
    await expectRefusedWithin(1000, async () => (await token(client)).status)
    await expectRefusedWithin(1000, async () => (await get(`${trio.resource.url}/me`, body.access_token)).status)
  })

  test('a scope that it gets at another replica is valid at once here; one that it loses is refused at once', async () => {
    const client = await newClient()
    expect((await token(client)).status).toBe(200)
    expect((await change(client, { scopes: ['reports:read', 'reports:write'] }, 1)).status).toBe(200)
    expect((await token(client, { scope: 'reports:write' })).body).toMatchObject({ scope: 'reports:write' })
    expect((await change(client, { scopes: ['reports:read'] }, 1)).status).toBe(200)
    const ask = async () => (await token(client, { scope: 'reports:write' })).body.error
    await expectResponseWithin(1000, 'invalid_scope', ask)
  })

  test('a secret that it gets at another replica is valid at once here; a wrong one never is', async () => {
    const client = await newClient()
    expect((await token(client)).status).toBe(200)
    const path = `/admin/clients/${client.client_id}/secrets`
    const { body } = await post<{ client_secret: string }>(`${trio.auths[1]?.url}${path}`, {}, admin)
    expect((await token(client, {}, body.client_secret)).status).toBe(200)
    expect((await token(client, {}, 'css_wrong')).status).toBe(401)
    expect((await token(client, {}, client.client_secret)).status).toBe(200)
  })

  test('a token that a memory allows after a key was revoked is signed by the next key, which every verifier takes', async () => {
    const client = await newClient()
    await token(client)
    const { keys } = (await get<{ keys: { kid: string; state: string }[] }>(`${trio.auth.url}/admin/keys`, admin)).body
    const signing = keys.find(({ state }) => state === 'signing')?.kid as string
    expect((await post(`${trio.auths[1]?.url}/admin/keys/${signing}/revoke`, {}, admin)).status).toBe(200)
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    const ask = async () => {
      const { body } = await token(client)
      return (await get(`${trio.resource.url}/me`, body.access_token)).status
    }
    await expect.poll(ask, { timeout: 3000, interval: 20 }).toBe(200)
  })

  test('while the denylist is not followed, each token is confirmed by the database', async () => {
    const client = await newClient()
    await token(client)
    const stopCutting = redis.intercept({
      matches: /^XREAD /i,
      moment: 'before_sending',
      times: Number.POSITIVE_INFINITY,
      action: ({ cut }) => cut()
    })
    await expect
      .poll(
        async () => {
          recorder.clear()
          await token(client)
          return look()
        },
        { timeout: 5000, interval: 50 }
      )
      .toBe(1)
    recorder.clear()
    for (let at = 0; at < 5; at++) expect((await token(client)).status).toBe(200)
    expect(look()).toBe(5)
    stopCutting()
  })
})
