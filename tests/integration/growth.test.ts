import { setTimeout as delay } from 'node:timers/promises'
import {
  createTestDatabase,
  createTestRedis,
  expectRefusedWithin,
  type PostgresRecorder,
  readTestEnvironment,
  startPostgresRecorder,
  startRedisFaults,
  type TestDatabase
} from '@countersign/testing'
import {
  accessPaths,
  executedPlan,
  get,
  post,
  query,
  refresh,
  register,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const many = readTestEnvironment().isSoak ? 1_000_000 : 200_000

describe.skipIf(!inject('docker'))('with very many sessions and as many revocations', () => {
  let database: TestDatabase
  let recorder: PostgresRecorder
  let trio: Trio

  beforeAll(async () => {
    database = await createTestDatabase()
    recorder = await startPostgresRecorder(database.url)
    trio = await startTrio({ databaseUrl: recorder.url, redisUrl: await createTestRedis() })
  })
  afterAll(async () => {
    await trio?.stop()
    await recorder?.close()
    await database?.drop()
  })

  /** The statements of a rotation, of a retry, of a logout, and of the background, as they are sent. */
  async function learnStatements(): Promise<Record<string, string>> {
    const user = await register(trio.auth.url)
    const tokens = await signIn(trio.auth.url, user)
    recorder.clear()
    await refresh(trio.auth.url, tokens.refresh_token)
    await refresh(trio.auth.url, tokens.refresh_token)
    await post(`${trio.auth.url}/auth/logout`, undefined, tokens.access_token)
    await delay(1500)
    const others = await Promise.all(Array.from({ length: 8 }, () => register(trio.auth.url)))
    const sessions = await Promise.all(others.map((other) => signIn(trio.auth.url, other)))
    await Promise.all(sessions.map(({ refresh_token }) => refresh(trio.auth.url, refresh_token)))
    const find = (pattern: RegExp) => recorder.statements.find((text) => pattern.test(text)) ?? `not found: ${pattern}`
    return {
      rotate: find(/^\s*UPDATE refresh_token_families/),
      rotateTogether: find(/^\s*WITH p AS/),
      decide: find(/WITH replayed/),
      end: find(/WITH ended/),
      sweep: find(/published_at IS NULL AND expires_at/)
    }
  }

  async function explain(statements: Record<string, string>): Promise<Record<string, string[]>> {
    const plans: Record<string, string[]> = {}
    for (const [name, text] of Object.entries(statements)) plans[name] = await accessPaths(database.url, text)
    return plans
  }

  /** So many APIs, roles and scopes that reading all of them would not do. */
  async function registerApisAndClients(): Promise<void> {
    await query(
      database.url,
      `WITH api AS (
         INSERT INTO apis (identifier, id, name) SELECT 'urn:api:' || n, gen_random_uuid(), n FROM generate_series(1, 2000) n
       ), scope AS (
         INSERT INTO api_scopes (api, name, description)
         SELECT 'urn:api:' || n, 'scope-' || m, m FROM generate_series(1, 2000) n, generate_series(1, 5) m
       )
       INSERT INTO roles (name) SELECT 'role-' || n FROM generate_series(1, 500) n`
    )
    await query(
      database.url,
      `INSERT INTO role_scopes (role, api, scope)
       SELECT 'role-' || r, 'urn:api:' || (r * 37 + m) % 2000 + 1, 'scope-1' FROM generate_series(1, 500) r, generate_series(1, 20) m`
    )
    await query(
      database.url,
      `INSERT INTO clients (id, name, auth_method, grant_types, scopes, audiences, resources, may_act_for, epoch)
       SELECT 'client-' || n, n, 'none', '{}', '{}', '{}', '{}', '{}', gen_random_uuid() FROM generate_series(1, 2000) n`
    )
  }

  /** Adds sessions of 20,000 users, and live revocations. */
  async function grow(rows: number): Promise<void> {
    await query(
      database.url,
      `INSERT INTO users (id, username, username_key, password_hash, roles)
       SELECT md5(n::text)::uuid, 'bulk-' || n, 'bulk-' || n, 'none', '{}' FROM generate_series(1, 20000) n
       ON CONFLICT DO NOTHING`
    )
    await query(
      database.url,
      `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, generation, idle_expires_at,
         absolute_expires_at, access_expires_at, sign_in_network, address, user_agent)
       SELECT gen_random_uuid(), md5((1 + n % 20000)::text)::uuid, 'countersign', 'account', '{http://api.test}', n % 50,
         now() + interval '7 days', now() + interval '30 days', now() + interval '10 minutes', '192.0.2.1', '192.0.2.1', 'test'
       FROM generate_series(1, ${rows}) n`
    )
    await query(
      database.url,
      `INSERT INTO revocations (kind, value, expires_at, published_at)
       SELECT 'sid', gen_random_uuid()::text, now() + interval '1 hour', now() FROM generate_series(1, ${rows})`
    )
    await query(database.url, 'ANALYZE')
  }

  test('refresh, retry and sweep reach their rows as they do with a thousand: by index', {
    timeout: 300_000
  }, async () => {
    const statements = await learnStatements()
    await registerApisAndClients()
    await grow(1000)
    const { end: _, ...small } = await explain(statements)
    await grow(many)
    const large = await explain(statements)
    // Ending a session has two good indexes to choose from.
    expect(large).toMatchObject(small)
    // There are few keys however many sessions there are: reading all of them is the shortest way.
    expect(large.rotate).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/Index Scan refresh_token_families_(?:pkey|client_id_id_idx)/),
        'Index Scan users_pkey',
        'Seq Scan signing_keys',
        expect.stringMatching(/Index(?: Only)? Scan role_scopes_/)
      ])
    )
    const { paths } = await executedPlan(database.url, statements.rotateTogether as string, await someRotations())
    expect(paths, 'planned with its values').toEqual(large.rotateTogether)
    expect(large.sweep).toEqual(['Index Scan revocations_unpublished_idx'])
    // The last two have rows for seconds only.
    const ofFew = /Seq Scan (?:signing_keys|session_group_endings|backchannel_logouts)/g
    expect(JSON.stringify(large).replaceAll(ofFew, '')).not.toContain('Seq Scan')
  })

  /** The values of a rotation of 64 families. */
  async function someRotations(): Promise<unknown[]> {
    const rows = await query<{ id: string; generation: number }>(
      database.url,
      'SELECT id, generation FROM refresh_token_families LIMIT 64'
    )
    const all = <T>(value: T) => rows.map(() => value)
    const columns = [rows.map(({ id }) => id), rows.map(({ generation }) => generation)]
    return [
      ...columns,
      all('countersign'),
      all(null),
      all('192.0.2.1'),
      all('test'),
      600,
      604_800,
      0,
      'http://issuer.test'
    ]
  }

  test('the services work as before', async () => {
    const user = await register(trio.auth.url)
    const tokens = await signIn(trio.auth.url, user)
    const refreshed = (await refresh(trio.auth.url, tokens.refresh_token)).body
    expect((await get(`${trio.resource.url}/me`, refreshed.access_token)).status).toBe(200)
    expect((await post(`${trio.auth.url}/auth/logout`, undefined, refreshed.access_token)).status).toBe(204)
    await expectRefusedWithin(1000, async () => (await get(`${trio.resource.url}/me`, refreshed.access_token)).status)
    expect(unverifiedClaims(refreshed.access_token).sid).toBe(unverifiedClaims(tokens.access_token).sid)
  })
})

describe.skipIf(!inject('docker'))('a verified request', () => {
  test('makes no request to Redis, even for ten thousand requests', { timeout: 120_000 }, async () => {
    const database = await createTestDatabase()
    // The server's own count has the commands of the other test files in it.
    const redis = await startRedisFaults(await createTestRedis())
    const trio = await startTrio({ databaseUrl: database.url, redisUrl: redis.url })
    const { access_token: token } = await signIn(trio.auth.url, await register(trio.auth.url))
    const countCommands = () => redis.sent.length

    /** What all followers and sweepers do meanwhile, as a rate. */
    const idleFrom = countCommands()
    await delay(3000)
    const idlePerSecond = (countCommands() - idleFrom) / 3

    const from = countCommands()
    const begin = performance.now()
    const requests = 10_000
    for (let sent = 0; sent < requests; sent += 100) {
      const responses = await Promise.all(Array.from({ length: 100 }, () => get(`${trio.resource.url}/me`, token)))
      expect(responses.every(({ status }) => status === 200)).toBe(true)
    }
    const seconds = (performance.now() - begin) / 1000
    const commands = countCommands() - from
    expect(commands).toBeLessThan(2 * idlePerSecond * seconds + 250)
    // However slow the machine: what the others do by themselves aside, far from one for each request.
    expect(commands - idlePerSecond * seconds).toBeLessThan(requests / 4)
    await trio.stop()
    await redis.close()
    await database.drop()
  })
})
