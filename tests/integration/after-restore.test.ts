import { randomBytes } from 'node:crypto'
import { copyTestDatabase, createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  basic,
  type ClientKey,
  clientAssertion,
  createClient,
  get,
  issuer,
  makeClientKey,
  post,
  postForm,
  query,
  refresh,
  register,
  type ServiceProcess,
  send,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { decodeProtectedHeader } from 'jose'
import { createClient as createRedisClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { countersign } from './fixtures/countersign.ts'

describe.skipIf(!inject('docker'))('a database that was restored from an older dump', () => {
  const masterKey = randomBytes(32).toString('base64')
  const env = { COUNTERSIGN_MASTER_KEY: masterKey, COUNTERSIGN_ADMIN_PASSWORD: 'correct horse battery 9' }
  const admin = { username: 'admin', password: env.COUNTERSIGN_ADMIN_PASSWORD }
  const reports = { scopes: ['reports:read'], audiences: ['http://api.test'], resources: ['http://api.test'] }
  const byKey = { ...reports, client_id: 'by-key', token_endpoint_auth_method: 'private_key_jwt' }
  const bySecret = { ...reports, client_id: 'by-secret', token_endpoint_auth_method: 'client_secret_basic' }
  let original: TestDatabase
  let dump: TestDatabase
  let redisUrl: string
  let redis: ReturnType<typeof createRedisClient>
  let trio: Trio
  let key: ClientKey
  /** Refused all of them: access tokens, refresh tokens, and secrets of before. */
  const before = { access: [] as string[], refresh: [] as string[], secrets: [] as string[] }
  /** The sessions and clients' tokens of the dump; and all keys. */
  const entries = { sid: new Set<string>(), kid: new Set<string>() }

  const start = (databaseUrl: string) => startTrio({ databaseUrl, redisUrl, env })
  const tokenBy = (secret: string) =>
    postForm<{ access_token: string }>(
      `${trio.auth.url}/oauth/token`,
      { grant_type: 'client_credentials' },
      basic(bySecret.client_id, secret)
    )
  const tokenByKey = async () =>
    postForm<{ access_token: string }>(`${trio.auth.url}/oauth/token`, {
      grant_type: 'client_credentials',
      ...(await clientAssertion(key, { clientId: byKey.client_id, audience: issuer }))
    })
  const health = (service: ServiceProcess) => send(`${service.managementUrl}/health/ready`, {})
  const expectClosed = async (service: ServiceProcess) => {
    expect(await health(service)).toMatchObject({
      status: 503,
      body: { checks: { database: 'ok', schema: 'ok', database_age: 'failing' } }
    })
    for (const path of ['/.well-known/jwks.json', '/auth/me', '/no-such-path']) {
      expect(await get(`${service.url}${path}`)).toMatchObject({
        status: 503,
        body: { error: 'temporarily_unavailable' }
      })
    }
    expect((await post(`${service.url}/auth/login`, admin)).status).toBe(503)
  }
  /** Until it is published, and remembered. */
  const untilPublished = (databaseUrl: string) =>
    vi.waitFor(
      async () => {
        const [row] = await query<{ id: string }>(databaseUrl, 'SELECT max(id)::text AS id FROM revocations')
        // Not only the last one: the relay may publish an earlier entry once more.
        const remembered = await redis.zRange('{countersign}:published', 0, -1)
        expect(remembered).toContainEqual(expect.stringMatching(`^${row?.id}:`))
      },
      { timeout: 5000 }
    )
  const me = async (token: string) => (await get(`${trio.resource.url}/me`, token)).status
  const command = (args: readonly string[]) =>
    countersign<Record<string, unknown>>([...args, '--json'], {
      env: { DATABASE_URL: dump.url, REDIS_URL: redisUrl, COUNTERSIGN_MASTER_KEY: masterKey }
    })

  beforeAll(async () => {
    original = await createTestDatabase()
    redisUrl = await createTestRedis()
    redis = createRedisClient({ url: redisUrl })
    await redis.connect()
    key = await makeClientKey()
    trio = await start(original.url)
    const user = await register(trio.auth.url)
    const [kept, ended] = [await signIn(trio.auth.url, user), await signIn(trio.auth.url, user)]
    const adminTokens = await signIn(trio.auth.url, admin)
    const client = await createClient(trio.auth.url, adminTokens.access_token, bySecret)
    const ofClient = await tokenBy(client.client_secret)
    expect(ofClient.status).toBe(200)
    await createClient(trio.auth.url, adminTokens.access_token, { ...byKey, jwks: { keys: [key.publicJwk] } })
    const ofKey = await tokenByKey()
    expect(ofKey.status).toBe(200)
    await trio.stop()
    dump = await copyTestDatabase(original)

    // What happens after the dump, and is forgotten by the restoration.
    trio = await start(original.url)
    const refreshed = await refresh(trio.auth.url, kept.refresh_token)
    expect(refreshed.status).toBe(200)
    expect((await post(`${trio.auth.url}/auth/logout`, undefined, ended.access_token)).status).toBe(204)
    const later = await signIn(trio.auth.url, await register(trio.auth.url))
    expect(await me(later.access_token)).toBe(200)
    before.access.push(kept.access_token, ended.access_token, refreshed.body.access_token, later.access_token)
    before.access.push(adminTokens.access_token, ofClient.body.access_token, ofKey.body.access_token)
    for (const token of before.access) entries.kid.add(String(decodeProtectedHeader(token).kid))
    for (const token of before.access) entries.sid.add(String(unverifiedClaims(token).sid))
    entries.sid.delete(String(unverifiedClaims(later.access_token).sid)) // the dump does not know it
    before.refresh.push(kept.refresh_token, ended.refresh_token, refreshed.body.refresh_token, later.refresh_token)
    before.secrets.push(client.client_secret)
    await untilPublished(original.url)
  })
  afterAll(async () => {
    await trio?.stop()
    redis?.destroy()
    await dump?.drop()
    await original?.drop()
  })

  test('is noticed: the service accepts no request, and says why; whatever is published, after-restore has to be confirmed', async () => {
    const older = await trio.startAuth({ DATABASE_URL: dump.url })
    await vi.waitFor(() => expectClosed(older), { timeout: 10_000 })
    expect(older.logs()).toContain('Run: countersign after-restore')
    // Ids that are higher than all that was published before, as a command gives them that is cut off.
    await query(dump.url, "SELECT setval('revocations_id_seq', 1000)")
    await query(
      dump.url,
      "INSERT INTO revocations (kind, value, expires_at) VALUES ('jti', 'x', now() + interval '1 h')"
    )
    await untilPublished(dump.url)
    await redis.zRemRangeByRank('{countersign}:published', 0, -2) // as 63 more do
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await expectClosed(older)
    // Redis loses its memory, and the replica sets the mark again.
    await redis.del(['{countersign}:published', '{countersign}:database-held'])
    await vi.waitFor(async () => expect(await redis.exists('{countersign}:database-held')).toBe(1), { timeout: 5000 })
    await expectClosed(older)
    expect(await command(['after-restore'])).toMatchObject({ code: 2, document: { error: 'invalid_request' } })
    expect((await command(['after-restore', '--yes', '--keep-sessions'])).code).toBe(2)
    await expectClosed(older)
    await trio.stop()
  })

  test('after after-restore the service is ready, and no earlier token, session, secret or key works', async () => {
    await query(
      dump.url,
      `WITH secret AS (
         INSERT INTO one_time_secrets (user_id, purpose, address, link_hash, flow_hash, credentials_version, expires_at)
         SELECT id, 'password_reset', 'a@b.example', '\\x01', '\\x02', 0, now() + interval '1 hour' FROM users LIMIT 1
       ), invitation AS (
         INSERT INTO invitations (id, email, email_key, roles, link_hash, expires_at)
         VALUES (gen_random_uuid(), 'a@b.example', 'a@b.example', '{admin}', '\\x03', now() + interval '1 hour')
       )
       INSERT INTO mail_outbox (id, recipient, template, language, parameters, has_secret, sealed_secret, message_id, give_up_at)
       SELECT gen_random_uuid(), 'a@b.example', 'password_reset', 'en', '{}', has_secret, '\\x01', '<a@b>', now() + interval '1 hour'
       FROM unnest('{true,false}'::boolean[]) has_secret`
    )
    await query(
      dump.url,
      `WITH consent AS (
         INSERT INTO consents (user_id, client_id, api, scopes, granted_at) SELECT id, 'by-key', '', '{openid}', now() FROM users LIMIT 1
       )
       INSERT INTO authorization_codes (code_hash, client_id, redirect_uri, identity_scopes, scopes, user_id, session_id, credentials_state,
         authenticated_at, acr, amr, expires_at)
       SELECT '\\x04', 'by-key', 'https://app.example.com/callback', '{openid}', '{}', id, gen_random_uuid(), '0', now(), 'x', '{pwd}', now() + interval '1 minute'
       FROM users LIMIT 1`
    )
    // It was given up since, and would have been due by now.
    const [leaving] = await query<{ id: string }>(
      dump.url,
      `INSERT INTO users (id, username, username_key, password_hash, roles, deletion_requested_at, deletion_at)
       VALUES (gen_random_uuid(), 'leaving', 'leaving', 'x', '{}', now() - interval '20 days', now() - interval '6 days') RETURNING id`
    )
    for (const sid of entries.sid) await redis.del(`{countersign}:revoked:sid:${sid}`)
    const done = await command(['after-restore', '--yes'])
    expect(done).toMatchObject({
      code: 0,
      document: {
        data_until: expect.stringMatching(/^20\d\d-/),
        sessions_ended: 3,
        mailed_secrets_voided: 2,
        deletions_postponed: 1,
        clients_without_secret: ['by-secret'],
        clients_disabled: ['by-key'],
        published: true
      }
    })
    expect(done.document.keys_revoked).toHaveLength(2)
    // Each is denied by itself, not by the key alone.
    for (const [kind, values] of Object.entries(entries)) {
      for (const value of values) expect(await redis.exists(`{countersign}:revoked:${kind}:${value}`)).toBe(1)
    }
    // What is revoked does not come back with a second run.
    expect(await command(['after-restore', '--yes'])).toMatchObject({
      code: 0,
      document: { sessions_ended: 0, clients_without_secret: ['by-secret'], clients_disabled: ['by-key'] }
    })
    const mails =
      'SELECT has_secret, dead_at IS NOT NULL AS dead, sealed_secret, may_be_duplicate FROM mail_outbox ORDER BY 1'
    expect(await query(dump.url, mails)).toEqual([
      { has_secret: false, dead: false, sealed_secret: null, may_be_duplicate: true },
      { has_secret: true, dead: true, sealed_secret: null, may_be_duplicate: true }
    ])
    expect(await query(dump.url, 'SELECT 1 FROM one_time_secrets')).toEqual([])
    expect(await query(dump.url, 'SELECT expires_at <= now() AS void FROM invitations')).toEqual([{ void: true }])
    // What was taken back since may not live again: users are asked again.
    for (const table of ['consents', 'authorization_codes'])
      expect(await query(dump.url, `SELECT 1 FROM ${table}`)).toEqual([])

    trio = await start(dump.url)
    const grace = 'SELECT round(extract(epoch FROM deletion_at - now()) / 86400)::int AS days FROM users WHERE id = $1'
    expect(await query(dump.url, grace, [leaving?.id])).toEqual([{ days: 14 }])
    for (const token of before.access) expect(await me(token)).toBe(401)
    for (const token of before.access) expect((await get(`${trio.auth.url}/auth/me`, token)).status).toBe(401)
    for (const token of before.refresh) expect((await refresh(trio.auth.url, token)).status).toBe(400)
    for (const secret of before.secrets) expect((await tokenBy(secret)).status).toBe(401)

    const again = await signIn(trio.auth.url, await register(trio.auth.url))
    expect(await me(again.access_token)).toBe(200)
    const secret = await command(['clients', 'rotate-secret', 'by-secret'])
    expect(secret.code).toBe(0)
    const ofClient = await tokenBy(String(secret.document.client_secret))
    expect(ofClient.status).toBe(200)
    expect((await tokenByKey()).status).toBe(401)
    expect((await command(['clients', 'enable', 'by-key'])).code).toBe(0)
    expect((await tokenByKey()).status).toBe(200)
    const events = await query<{ reason: string }>(
      dump.url,
      "SELECT detail ->> 'reason' AS reason FROM audit_events WHERE type = 'session.ended'"
    )
    expect(events.map(({ reason }) => reason)).toEqual(Array(3).fill('database_restored'))
  })

  test('a running service notices a commit that is lost, as by a failover, and --keep-sessions goes on with it', async () => {
    const token = await signIn(trio.auth.url, await register(trio.auth.url))
    expect((await post(`${trio.auth.url}/auth/logout`, undefined, token.access_token)).status).toBe(204)
    await untilPublished(dump.url)
    expect(await health(trio.auth)).toMatchObject({ status: 200 })
    await query(dump.url, 'DELETE FROM revocations WHERE id = (SELECT max(id) FROM revocations)')
    await vi.waitFor(() => expectClosed(trio.auth), { timeout: 5000 })
    expect(trio.auth.logs()).toContain('Run: countersign after-restore')
    expect(await command(['after-restore', '--keep-sessions'])).toMatchObject({ code: 0, document: { kept: true } })
    await vi.waitFor(async () => expect(await health(trio.auth)).toMatchObject({ status: 200 }), { timeout: 5000 })
    await signIn(trio.auth.url, await register(trio.auth.url))
  })

  test('without Redis in its environment the command says what it cannot do', async () => {
    const withoutRedis = (args: readonly string[]) =>
      countersign([...args, '--json'], { env: { DATABASE_URL: dump.url, COUNTERSIGN_MASTER_KEY: masterKey } })
    expect(await withoutRedis(['after-restore', '--keep-sessions'])).toMatchObject({
      code: 2,
      document: { error_description: expect.stringMatching(/needs REDIS_URL/) }
    })
    const done = await withoutRedis(['after-restore', '--yes'])
    expect(done).toMatchObject({ code: 0, document: { published: false } })
    expect(done.stderr).toMatch(/run it again with it/)
  })

  test('a Redis that does not respond: nothing was changed', async () => {
    const sessions = 'SELECT count(*)::int AS count FROM refresh_token_families WHERE revoked_at IS NULL'
    await signIn(trio.auth.url, await register(trio.auth.url))
    const before = await query(dump.url, sessions)
    const failed = await countersign(['after-restore', '--yes', '--json'], {
      env: { DATABASE_URL: dump.url, REDIS_URL: 'redis://127.0.0.1:1', COUNTERSIGN_MASTER_KEY: masterKey }
    })
    expect(failed).toMatchObject({
      code: 4,
      document: { error_description: expect.stringMatching(/Nothing was changed/) }
    })
    expect(await query(dump.url, sessions)).toEqual(before)
  })
})
