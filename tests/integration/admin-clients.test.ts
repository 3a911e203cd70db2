import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  basic,
  createClient,
  get,
  makeClientKey,
  post,
  postForm,
  query,
  register,
  send,
  signIn,
  startTrio,
  type Trio,
  tokenExchange,
  unverifiedClaims
} from '@countersign/testing/trio'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const audience = 'https://api.example.com'
const secretClient = {
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['client_credentials'],
  scopes: ['a', 'b'],
  audiences: [audience]
}

describe('administration of clients', () => {
  let database: TestDatabase
  let trio: Trio
  let admin: string

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl })
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const call = (method: string, path: string, body?: unknown, token = admin) =>
    send(`${trio.auth.url}/admin/clients${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  const tokenOf = async ({ client_id: id, client_secret: secret }: { client_id: string; client_secret: string }) => {
    const form = { grant_type: 'client_credentials' }
    const { body } = await postForm<{ access_token: string }>(`${trio.auth.url}/oauth/token`, form, basic(id, secret))
    return body.access_token
  }

  test('a client is registered, shown and changed, and the audit log has each step', async () => {
    const client = await createClient(trio.auth.url, admin, { client_id: 'reports', name: 'Reports', ...secretClient })
    expect(client.client_secret).toMatch(/^css_[\w-]{43}$/)
    const { client_secret: _, ...shown } = client
    expect((await call('GET', '/reports')).body).toEqual(shown)
    const changed = await call('PATCH', '/reports', { name: 'More reports', scopes: ['a', 'b', 'c'] })
    expect(changed).toMatchObject({ status: 200, body: { name: 'More reports', scopes: ['a', 'b', 'c'] } })
    const events = await query<{ type: string; actor_id: string; detail: object }>(
      database.url,
      "SELECT type, actor_id, detail FROM audit_events WHERE type LIKE 'client.%' ORDER BY id"
    )
    const actor_id = unverifiedClaims(admin).sub
    expect(events).toEqual([
      { type: 'client.created', actor_id, detail: { client_id: 'reports' } },
      { type: 'client.changed', actor_id, detail: { client_id: 'reports', changed: ['name', 'scopes'] } }
    ])
  })

  test('a change that only adds ends no token; one that removes something ends all of them', async () => {
    const client = await createClient(trio.auth.url, admin, secretClient)
    const epoch = async () => unverifiedClaims(await tokenOf(client)).sid
    const first = await epoch()
    await call('PATCH', `/${client.client_id}`, { name: 'x', scopes: ['a', 'b', 'c'], access_token_ttl_seconds: 60 })
    expect(await epoch()).toBe(first)
    for (const change of [
      { scopes: ['a'] },
      { audiences: ['https://other.example.com'] },
      { grant_types: ['client_credentials', 'refresh_token'], may_act_for: ['countersign'] },
      { may_act_for: [] }
    ]) {
      const before = await epoch()
      expect((await call('PATCH', `/${client.client_id}`, change)).status).toBe(200)
      const adds = 'grant_types' in change
      expect((await epoch()) === before).toBe(adds)
      const revoked = await query(database.url, "SELECT 1 FROM revocations WHERE kind = 'sid' AND value = $1", [before])
      expect(revoked).toHaveLength(adds ? 0 : 1)
    }
  })

  test('adding a key ends no token, whatever the order of its members; removing one ends all', async () => {
    const [old, next] = [await makeClientKey(), await makeClientKey('RS256')]
    const keyClient = { ...secretClient, token_endpoint_auth_method: 'private_key_jwt' }
    const client = await createClient(trio.auth.url, admin, { ...keyClient, jwks: { keys: [old.publicJwk] } })
    const epoch = async () =>
      (await query<{ epoch: string }>(database.url, 'SELECT epoch FROM clients WHERE id = $1', [client.client_id]))[0]
    const first = await epoch()
    const change = (keys: object[]) => call('PATCH', `/${client.client_id}`, { jwks: { keys } })
    expect((await change([next.publicJwk, old.publicJwk])).status).toBe(200)
    expect((await change([old.publicJwk, next.publicJwk])).status).toBe(200)
    expect(await epoch()).toEqual(first)
    expect((await change([next.publicJwk])).status).toBe(200)
    expect(await epoch()).not.toEqual(first)
  })

  test('a third secret ends the oldest one, and the tokens that may have been got with it', async () => {
    const client = await createClient(trio.auth.url, admin, secretClient)
    const token = await tokenOf(client)
    const { sid } = unverifiedClaims(token)
    const denied = () => query(database.url, "SELECT 1 FROM revocations WHERE kind = 'sid' AND value = $1", [sid])
    expect((await call('POST', `/${client.client_id}/secrets`)).status).toBe(201)
    expect(await denied()).toHaveLength(0)
    expect((await call('POST', `/${client.client_id}/secrets`)).status).toBe(201)
    expect(await denied()).toHaveLength(1)
  })

  test('a list pages in the order of the ids', async () => {
    for (const id of ['page-1', 'page-2', 'page-3'])
      await createClient(trio.auth.url, admin, { ...secretClient, client_id: id })
    const ids: string[] = []
    let cursor = ''
    do {
      const { body } = await get<{ clients: { client_id: string }[]; next_cursor: string | null }>(
        `${trio.auth.url}/admin/clients?limit=2${cursor && `&cursor=${cursor}`}`,
        admin
      )
      expect(body.clients.length).toBeLessThanOrEqual(2)
      ids.push(...body.clients.map(({ client_id }) => client_id))
      cursor = body.next_cursor ?? ''
    } while (cursor)
    expect(ids).toEqual([...ids].sort())
    expect(ids).toEqual(expect.arrayContaining(['countersign', 'page-1', 'page-2', 'page-3']))
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('the client of this service itself is shown, and cannot be changed', async () => {
    expect(await call('GET', '/countersign')).toMatchObject({
      status: 200,
      body: { token_endpoint_auth_method: 'none' }
    })
    expect((await call('PATCH', '/countersign', { disabled: true })).status).toBe(409)
    expect((await call('POST', '/countersign/secrets')).status).toBe(409)
    expect((await call('POST', '', { ...secretClient, client_id: 'countersign' })).status).toBe(409)
  })

  test('what does not fit together is refused with a sentence', async () => {
    const { publicJwk } = await makeClientKey()
    const rsa = await makeClientKey('RS256')
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const keyClient = { ...secretClient, client_id: 'x', token_endpoint_auth_method: 'private_key_jwt' }
    const refused: [object, string | RegExp][] = [
      [keyClient, 'private_key_jwt needs jwks or jwks_uri.'],
      [{ ...keyClient, jwks: { keys: [publicJwk] }, jwks_uri: 'https://x.test/jwks' }, /exclude each other/],
      [{ ...keyClient, jwks: { keys: [] } }, /1 to 20 keys/],
      [{ ...keyClient, jwks: { keys: [await exportJWK(privateKey)] } }, /private or symmetric key/],
      [{ ...keyClient, jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }, /private or symmetric key/],
      [{ ...keyClient, jwks: { keys: [{ kty: 'RSA', e: 'AQAB', n: 'AQAB' }] } }, /2048 bits/],
      [{ ...keyClient, jwks: { keys: [{ ...rsa.publicJwk, e: 'AQ' }] } }, /2048 bits/],
      [{ ...keyClient, jwks: { keys: [{ ...publicJwk, x: 'AA', y: 'AA' }] } }, /P-256/],
      [{ ...keyClient, jwks: { keys: [publicJwk, publicJwk] } }, /kid of its own/],
      [
        { ...keyClient, jwks: { keys: [{ ...publicJwk, kid: '\u0000' }] } },
        /^The request has (invalid fields: \w|fields that)/
      ],
      [
        { ...keyClient, jwks_uri: 'https://keys.example.com/\u0000' },
        /^The request has (invalid fields: \w|fields that)/
      ],
      [
        { ...secretClient, client_id: 'x', audiences: ['https://x.test/\ud800'] },
        /^The request has (invalid fields: \w|fields that)/
      ],
      [
        { ...secretClient, client_id: 'x', audiences: ['https://x.test/\u0000'] },
        /^The request has (invalid fields: \w|fields that)/
      ],
      [{ ...keyClient, jwks_uri: 'http://keys.example.com/jwks' }, /https/],
      [{ ...keyClient, jwks_uri: 'file:///etc/passwd' }, /https/],
      [{ ...secretClient, client_id: 'x', jwks: { keys: [publicJwk] } }, /only for private_key_jwt/],
      [
        { ...secretClient, client_id: 'x', token_endpoint_auth_method: 'none' },
        /gets tokens by authorization_code alone/
      ],
      [{ ...secretClient, client_id: 'a:b' }, /^The request has (invalid fields: \w|fields that)/],
      [{ ...secretClient, client_id: 'x', scopes: ['a b'] }, /^The request has (invalid fields: \w|fields that)/],
      [{ ...secretClient, client_id: 'x', scopes: ['a', 'a'] }, /^The request has (invalid fields: \w|fields that)/],
      [
        { ...secretClient, client_id: 'x', audiences: ['not a uri'] },
        /^The request has (invalid fields: \w|fields that)/
      ],
      [
        { ...secretClient, client_id: 'x', grant_types: ['password'] },
        /^The request has (invalid fields: \w|fields that)/
      ],
      [
        { ...secretClient, client_id: 'x', access_token_ttl_seconds: 3601 },
        /^The request has (invalid fields: \w|fields that)/
      ],
      [
        { ...secretClient, client_id: 'x', secret_hashes: ['mine'] },
        /^The request has (invalid fields: \w|fields that)/
      ]
    ]
    for (const [body, sentence] of refused) {
      const response = await call('POST', '', body)
      expect(response.status).toBe(400)
      expect(response.body.error_description).toMatch(sentence)
    }
    expect((await call('GET', '/x')).status).toBe(404)
    expect((await call('GET', '/a%00b')).status).toBe(404)
    expect((await call('PATCH', '/nobody', { name: 'x' })).status).toBe(404)
    expect((await call('PATCH', '/reports', {})).status).toBe(400)
  })

  test('a client that could never get a token, or a useless grant, is rejected with advice', async () => {
    const exchanges = { ...secretClient, grant_types: [tokenExchange], resources: ['https://me.test'] }
    const refused: [object, string, RegExp][] = [
      [
        { ...secretClient, token_endpoint_auth_method: 'none', grant_types: ['refresh_token'] },
        'token_endpoint_auth_method',
        /Use private_key_jwt or client_secret_basic/
      ],
      [{ ...secretClient, audiences: [] }, 'audiences', /needs an audience/],
      [{ ...exchanges, may_act_for: ['countersign'], audiences: [] }, 'audiences', /needs an audience/],
      [{ ...exchanges, may_act_for: ['countersign'], resources: [] }, 'resources', /needs a resource/],
      [exchanges, 'may_act_for', /needs may_act_for/],
      [{ ...secretClient, grant_types: [] }, 'grant_types', /could never get a token/],
      [{ ...secretClient, grant_types: ['refresh_token'] }, 'grant_types', /could never get a token/]
    ]
    for (const [client, path, sentence] of refused) {
      const { status, body } = await call('POST', '', { client_id: 'useless', ...client })
      expect({ status, body }).toMatchObject({ status: 400, body: { error: 'invalid_request', issues: [{ path }] } })
      expect(body.error_description).toMatch(sentence)
    }
    expect((await call('GET', '/useless')).status).toBe(404)
    const { client_id: id } = await createClient(trio.auth.url, admin, secretClient)
    expect((await call('PATCH', `/${id}`, { audiences: [] })).status).toBe(400)
    expect((await call('PATCH', `/${id}`, { grant_types: [] })).status).toBe(400)
    expect((await call('PATCH', `/${id}`, { grant_types: [], resources: ['https://me.test'] })).status).toBe(200)
  })

  test('one that an older version let in can be renamed and disabled', async () => {
    await query(
      database.url,
      `INSERT INTO clients (id, name, auth_method, grant_types, scopes, audiences, resources, may_act_for, epoch)
       VALUES ('older', 'Older', 'none', '{refresh_token}', '{}', '{}', '{}', '{}', gen_random_uuid())`
    )
    expect((await call('PATCH', '/older', { name: 'An older one' })).status).toBe(200)
    expect((await call('PATCH', '/older', { scopes: ['more'] })).status).toBe(400)
    expect(await call('PATCH', '/older', { disabled: true })).toMatchObject({
      status: 200,
      body: { name: 'An older one', disabled_at: expect.any(String) }
    })
  })

  test('a client whose tokens no verifier would read is refused; one that is just short enough has a valid token', async () => {
    const audiences = (count: number) =>
      Array.from({ length: count }, (_, at) => `https://${at}.test/`.padEnd(180, 'a'))
    const tooLong = { ...secretClient, client_id: 'too-long', audiences: audiences(30) }
    const refused = await call('POST', '', tooLong)
    expect(refused).toMatchObject({ status: 400, body: { issues: [{ path: 'audiences' }] } })
    expect(refused.body.error_description).toMatch(/could have \d+ characters, and verifiers accept fewer than 8192/)
    const client = await createClient(trio.auth.url, admin, { ...secretClient, audiences: audiences(10) })
    let count = 10
    while ((await call('PATCH', `/${client.client_id}`, { audiences: audiences(count + 1) })).status === 200) count++
    expect(count).toBeGreaterThan(20)
    const token = await tokenOf(client)
    expect(token.length).toBeGreaterThan(5000)
    const introspection = await postForm(
      `${trio.auth.url}/oauth/introspect`,
      { token },
      basic(client.client_id, client.client_secret)
    )
    expect(introspection).toMatchObject({ status: 200, body: { active: true } })
  })

  test('a token that is still too long is rejected with advice', async () => {
    const { client_id: id, client_secret: secret } = await createClient(trio.auth.url, admin, secretClient)
    await query(
      database.url,
      `UPDATE clients SET audiences = ARRAY(SELECT rpad('https://' || n || '.test/', 180, 'a') FROM generate_series(1, 40) n)
       WHERE id = $1`,
      [id]
    )
    const ask = (parameters: object) =>
      postForm(`${trio.auth.url}/oauth/token`, { grant_type: 'client_credentials', ...parameters }, basic(id, secret))
    const refused = await ask({})
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect(refused.body.error_description).toMatch(/Ask for less by scope or resource/)
    expect((await ask({ resource: 'https://1.test/'.padEnd(180, 'a') })).status).toBe(200)
    const user = await register(trio.auth.url)
    await query(
      database.url,
      `UPDATE users SET roles = ARRAY(SELECT rpad('r' || n, 180, 'r') FROM generate_series(1, 40) n) WHERE id = $1`,
      [user.id]
    )
    const { username, password } = user
    const signedIn = await post(`${trio.auth.url}/auth/login`, { username, password })
    expect(signedIn).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test('a user without the role admin gets 403, and without a token 401', async () => {
    const { access_token: token } = await signIn(trio.auth.url, await register(trio.auth.url))
    expect((await call('GET', '', undefined, token)).status).toBe(403)
    expect((await call('POST', '', secretClient, token)).status).toBe(403)
    expect((await send(`${trio.auth.url}/admin/clients`, {})).status).toBe(401)
  })

  test('the statistics count what has happened, for admins and for services with the scope', async () => {
    const before = (await get<Record<string, Record<string, number>>>(`${trio.auth.url}/admin/statistics`, admin)).body
    const user = await register(trio.auth.url)
    await signIn(trio.auth.url, user)
    const { access_token: ended } = await signIn(trio.auth.url, user)
    await send(`${trio.auth.url}/auth/logout`, { method: 'POST', headers: { Authorization: `Bearer ${ended}` } })
    const reader = await createClient(trio.auth.url, admin, {
      ...secretClient,
      scopes: ['statistics:read'],
      audiences: ['http://issuer.test']
    })
    const response = await get<Record<string, Record<string, number>>>(
      `${trio.auth.url}/admin/statistics`,
      await tokenOf(reader)
    )
    expect(response.status).toBe(200)
    const { users, sessions, last_day: lastDay, keys } = response.body
    expect(users?.total).toBe((before.users?.total as number) + 1)
    expect(sessions?.live).toBe((before.sessions?.live as number) + 1)
    expect(lastDay?.sign_ins).toBe((before.last_day?.sign_ins as number) + 2)
    expect(lastDay?.revocations).toBe((before.last_day?.revocations as number) + 1)
    expect(keys).toHaveLength(2)
    const { access_token: token } = await signIn(trio.auth.url, user)
    expect((await get(`${trio.auth.url}/admin/statistics`, token)).status).toBe(403)
  })
})
