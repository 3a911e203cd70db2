import { randomBytes } from 'node:crypto'
import { copyTestDatabase, createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  basic,
  createClient,
  get,
  post,
  postForm,
  query,
  refresh,
  register,
  send,
  signIn,
  startTrio,
  type Trio
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { countersign } from './fixtures/countersign.ts'

describe.skipIf(!inject('docker'))('a database that was restored from an older dump', () => {
  const masterKey = randomBytes(32).toString('base64')
  const env = { COUNTERSIGN_MASTER_KEY: masterKey, COUNTERSIGN_ADMIN_PASSWORD: 'correct horse battery 9' }
  const admin = { username: 'admin', password: env.COUNTERSIGN_ADMIN_PASSWORD }
  const reports = { scopes: ['reports:read'], audiences: ['http://api.test'], resources: ['http://api.test'] }
  const bySecret = { ...reports, client_id: 'by-secret', token_endpoint_auth_method: 'client_secret_basic' }
  let original: TestDatabase
  let dump: TestDatabase
  let redisUrl: string
  let trio: Trio
  /** Refused all of them: access tokens, refresh tokens, and secrets of before. */
  const before = { access: [] as string[], refresh: [] as string[], secrets: [] as string[] }

  const start = (databaseUrl: string, isReady = true) =>
    startTrio({ databaseUrl, redisUrl, env, ...(isReady ? {} : { readyWithinMs: 6000 }) })
  const tokenBy = (secret: string) =>
    postForm<{ access_token: string }>(
      `${trio.auth.url}/oauth/token`,
      { grant_type: 'client_credentials' },
      basic(bySecret.client_id, secret)
    )
  const me = async (token: string) => (await get(`${trio.resource.url}/me`, token)).status
  const command = (args: readonly string[]) =>
    countersign<Record<string, unknown>>([...args, '--json'], {
      env: { DATABASE_URL: dump.url, REDIS_URL: redisUrl, COUNTERSIGN_MASTER_KEY: masterKey }
    })

  beforeAll(async () => {
    original = await createTestDatabase()
    redisUrl = await createTestRedis()
    trio = await start(original.url)
    const user = await register(trio.auth.url)
    const [kept, ended] = [await signIn(trio.auth.url, user), await signIn(trio.auth.url, user)]
    const adminTokens = await signIn(trio.auth.url, admin)
    const client = await createClient(trio.auth.url, adminTokens.access_token, bySecret)
    const ofClient = await tokenBy(client.client_secret)
    expect(ofClient.status).toBe(200)
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
    before.access.push(adminTokens.access_token, ofClient.body.access_token)
    before.refresh.push(kept.refresh_token, ended.refresh_token, refreshed.body.refresh_token, later.refresh_token)
    before.secrets.push(client.client_secret)
    // It is published, and remembered.
    await new Promise((resolve) => setTimeout(resolve, 2500))
    await trio.stop()
  })
  afterAll(async () => {
    await trio?.stop()
    await dump?.drop()
    await original?.drop()
  })

  test('is noticed: the service is not ready, says why, and after-restore wants to be confirmed', async () => {
    await expect(start(dump.url, false)).rejects.toThrow(/is not ready/)
    expect(await command(['after-restore'])).toMatchObject({ code: 2, document: { error: 'invalid_request' } })
    expect((await command(['after-restore', '--yes', '--keep-sessions'])).code).toBe(2)
  })

  test('after after-restore the service is ready, and no token, session or secret of before works', async () => {
    const done = await command(['after-restore', '--yes'])
    expect(done).toMatchObject({
      code: 0,
      document: { sessions_ended: 3, clients_without_secret: ['by-secret'], published: true }
    })
    expect(done.document.keys_revoked).toHaveLength(2)
    // The dump has the other ways to it, too: what is revoked does not come back with a second run.
    expect(await command(['after-restore', '--yes'])).toMatchObject({ code: 0, document: { sessions_ended: 0 } })

    trio = await start(dump.url)
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
    const events = await query<{ reason: string }>(
      dump.url,
      "SELECT detail ->> 'reason' AS reason FROM audit_events WHERE type = 'session.ended'"
    )
    expect(events.map(({ reason }) => reason)).toEqual(Array(3).fill('database_restored'))
  })

  test('a running service notices it as well, and --keep-sessions goes on with it', async () => {
    const health = () => send(`${trio.auth.managementUrl}/health/ready`, {})
    expect(await health()).toMatchObject({ status: 200 })
    // As though ids had been given that this database does not know.
    await query(dump.url, "SELECT setval('revocations_id_seq', 1)")
    await vi.waitFor(
      async () =>
        expect(await health()).toMatchObject({
          status: 503,
          body: { checks: { database: 'ok', database_age: 'failing' } }
        }),
      { timeout: 5000 }
    )
    expect(trio.auth.logs()).toContain('Run: countersign after-restore')
    expect(await command(['after-restore', '--keep-sessions'])).toMatchObject({ code: 0, document: { kept: true } })
    await vi.waitFor(async () => expect(await health()).toMatchObject({ status: 200 }), { timeout: 5000 })
  })
})
