import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  childEnvironment,
  createEmptyTestDatabase,
  createTestDatabase,
  createTestRedis,
  expectRefusedWithin,
  findLastingPort,
  type TestDatabase
} from '@countersign/testing'
import {
  type Credentials,
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
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { countersign, type Run, type RunOptions } from './fixtures/countersign.ts'

interface User {
  id: string
  username: string
  email: string | null
  roles: string[]
  disabled_at: string | null
  password?: string
  sessions_ended?: number
  published?: boolean
}
interface Key {
  kid: string
  state: string
}
interface KeyList {
  keys: Key[]
  rotation_possible_at: string
}

/** What the output of no run may contain. */
const secrets = new Set<string>()

const newMasterKey = () => randomBytes(32).toString('base64')
const newPassword = () => {
  const password = randomBytes(12).toString('base64url')
  secrets.add(password)
  return password
}
const newName = (beginning = 'cli') => `${beginning}-${randomUUID().slice(0, 8)}`

const runs: Pick<Run, 'stdout' | 'stderr'>[] = []

async function run<T = User>(args: readonly string[], options: RunOptions = {}): Promise<Run<T>> {
  for (const name of ['COUNTERSIGN_MASTER_KEY', 'DATABASE_URL', 'REDIS_URL']) {
    const value = options.env?.[name]
    if (value === undefined) continue
    for (const part of value.split(',')) secrets.add(part)
    if (URL.canParse(value) && new URL(value).password !== '') secrets.add(new URL(value).password)
  }
  const result = await countersign<T>(args, options)
  runs.push(result)
  return result
}

function keysOf(databaseUrl: string): Promise<(Key & { sealed_private_jwk: string | null })[]> {
  return query(databaseUrl, 'SELECT kid, sealed_private_jwk FROM signing_keys ORDER BY kid')
}

afterEach(() => {
  for (const { stdout, stderr } of runs) {
    for (const secret of secrets) expect(stdout + stderr).not.toContain(secret)
    expect(stderr).not.toMatch(/\n\s+at /)
  }
})

describe('countersign beside a running installation', () => {
  let database: TestDatabase
  let trio: Trio
  let env: Record<string, string>
  let redisUrl: string | undefined
  let user: Credentials & { id: string }
  const masterKey = newMasterKey()

  beforeAll(async () => {
    database = await createTestDatabase()
    redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl,
      env: { REGISTRATIONS_PER_ADDRESS: '1000', COUNTERSIGN_MASTER_KEY: masterKey }
    })
    env = { DATABASE_URL: database.url, ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }) }
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })
  beforeEach(async () => {
    user = await register(trio.auth.url)
  })

  const login = (username: string, password: string) => post(`${trio.auth.url}/auth/login`, { username, password })
  const statusOfMe = async (accessToken: string) => (await get(`${trio.resource.url}/me`, accessToken)).status
  /** Published by the command itself: at once. Left to the service's sweeper: within seconds. */
  const expectRefused = (accessToken: string, isPublished = redisUrl !== undefined) =>
    expectRefusedWithin(isPublished ? 200 : 6000, () => statusOfMe(accessToken))
  const auditOf = (userId: string) =>
    query<{ type: string; actor_id: string | null; detail: unknown }>(
      database.url,
      `SELECT type, actor_id, detail FROM audit_events
       WHERE user_id = $1 AND type NOT IN ('user.registered', 'session.started', 'sign_in.failed') ORDER BY id`,
      [userId]
    )

  describe('users create', () => {
    test('makes a user with a password that is made up, shown once, and works', async () => {
      const username = newName()
      const { code, document, stderr } = await run(['users', 'create', username, '--json'], { env })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(document).toEqual({
        id: expect.any(String),
        username,
        display_name: null,
        email: null,
        roles: [],
        created_at: expect.any(String),
        disabled_at: null,
        deletion_at: null,
        password: expect.stringMatching(/^[\w-]{20}$/)
      })
      expect((await login(username, document.password as string)).status).toBe(200)

      const other = await run(['users', 'create', newName()], { env })
      expect(other.stdout).toMatch(/^Created the user \S+ \(\S+\)\.\nPassword, shown only once: [\w-]{20}\n$/)
    })

    test('gives an e-mail address and roles, and takes the password from standard input', async () => {
      const username = newName()
      const password = newPassword()
      const { code, document } = await run(
        [
          'users',
          'create',
          username,
          '--email',
          'a@example.com',
          '--role',
          'admin',
          '--role',
          'admin',
          '--password-stdin',
          '--json'
        ],
        { env, input: `${password}\n` }
      )
      expect(code).toBe(0)
      expect(document).toMatchObject({ email: 'a@example.com', roles: ['admin'] })
      expect(document).not.toHaveProperty('password')
      const { access_token } = await signIn(trio.auth.url, { username, password })
      expect((await get(`${trio.auth.url}/admin/users`, access_token)).status).toBe(200)
    })

    test('refuses a name that is taken, however it is written, with exit code 3', async () => {
      const { code, document } = await run(['users', 'create', user.username.toUpperCase(), '--json'], { env })
      expect({ code, document }).toEqual({
        code: 3,
        document: { error: 'username_taken', error_description: 'This username is taken.' }
      })
      expect((await login(user.username, user.password)).status).toBe(200)
    })

    test.each(['short', '12345678', 'taken from two\nlines of a file'])(
      'refuses the password %j and makes nobody',
      async (input) => {
        const username = newName()
        const { code } = await run(['users', 'create', username, '--password-stdin'], { env, input })
        expect(code).toBe(2)
        expect(await query(database.url, 'SELECT 1 FROM users WHERE username = $1', [username])).toEqual([])
      }
    )
  })

  test('users list goes through all users in pages', async () => {
    const prefix = newName('page')
    await query(
      database.url,
      `INSERT INTO users (id, username, username_key, password_hash, roles)
       SELECT gen_random_uuid(), $1 || '-' || n, $1 || '-' || n, 'none', '{reader}' FROM generate_series(1, 5) n`,
      [prefix]
    )
    const seen: string[] = []
    let cursor: string[] = []
    for (let pages = 0; pages < 3; pages++) {
      const args = ['users', 'list', '--search', prefix.toUpperCase(), '--limit', '2', ...cursor, '--json']
      const { code, document } = await run<{ users: User[]; next_cursor: string | null }>(args, { env })
      expect(code).toBe(0)
      seen.push(...document.users.map(({ username }) => username))
      cursor = document.next_cursor === null ? [] : ['--cursor', document.next_cursor]
    }
    expect(cursor).toEqual([])
    expect(seen).toEqual([1, 2, 3, 4, 5].map((n) => `${prefix}-${n}`))
    const table = await run(['users', 'list', '--search', prefix, '--limit', '1'], { env })
    expect(table.stdout).toMatch(
      /^USERNAME +ROLES +STATE +CREATED +ID\n\S+-1 +reader +enabled +\S+Z +\S+\n\nMore of them: --cursor \S+\n$/
    )
  })

  test('users disable puts a user out at a running resource-service, and users enable lets the user in again', async () => {
    const tokens = await signIn(trio.auth.url, user)
    expect(await statusOfMe(tokens.access_token)).toBe(200)
    const { code, document, stderr } = await run(['users', 'disable', user.username, '--json'], { env })
    expect(code).toBe(0)
    expect(document).toMatchObject({
      id: user.id,
      username: user.username,
      disabled_at: expect.any(String),
      sessions_ended: 1,
      published: redisUrl !== undefined
    })
    if (redisUrl !== undefined) expect(stderr).toBe('')
    await expectRefused(tokens.access_token)
    expect((await refresh(trio.auth.url, tokens.refresh_token)).status).toBe(400)
    expect((await login(user.username, user.password)).status).toBe(401)
    expect(await auditOf(user.id)).toEqual([
      { type: 'user.disabled', actor_id: null, detail: null },
      { type: 'session.ended', actor_id: null, detail: { reason: 'user_disabled' } }
    ])
    const again = await run(['users', 'disable', user.username, '--json'], { env })
    expect(again).toMatchObject({ code: 0, document: { disabled_at: document.disabled_at, sessions_ended: 0 } })

    const enabled = await run(['users', 'enable', user.username, '--json'], { env })
    expect(enabled).toMatchObject({ code: 0, document: { id: user.id, disabled_at: null } })
    expect((await login(user.username, user.password)).status).toBe(200)
    expect(await statusOfMe(tokens.access_token)).toBe(401)
  })

  test.each([
    ['no Redis', {}, /no REDIS_URL.*a running auth-service does that within about three seconds/],
    [
      'a Redis that is unavailable',
      { REDIS_URL: 'redis://:unreachable-secret@127.0.0.1:1' },
      /ECONNREFUSED.*as soon as Redis accepts it/
    ]
  ])('with %s the change stands, and the running service publishes it', async (_, redis, reason) => {
    const tokens = await signIn(trio.auth.url, user)
    const withoutRedis = { DATABASE_URL: database.url, ...redis }
    const { code, document, stderr } = await run(['users', 'end-sessions', user.username, '--json'], {
      env: withoutRedis
    })
    expect(code).toBe(0)
    expect(document).toEqual({ id: user.id, username: user.username, sessions_ended: 1, published: false })
    expect(stderr).toMatch(reason)
    await expectRefused(tokens.access_token, false)
  })

  test('users end-sessions ends all of them, and the user may sign in again', async () => {
    const sessions = [await signIn(trio.auth.url, user), await signIn(trio.auth.url, user)]
    const { code, stdout } = await run(['users', 'end-sessions', user.username.toUpperCase()], { env })
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `2 sessions have ended. ${user.username} may sign in again.\n`
    })
    for (const { access_token } of sessions) await expectRefused(access_token)
    expect(await statusOfMe((await signIn(trio.auth.url, user)).access_token)).toBe(200)
  })

  test('users delete does nothing without --yes; with it the user and all sessions are gone', async () => {
    const { id, username, password } = await register(trio.auth.url)
    const { access_token } = await signIn(trio.auth.url, { username, password })
    expect((await run(['users', 'delete', username], { env })).code).toBe(2)
    expect(await statusOfMe(access_token)).toBe(200)
    const { code, document } = await run(['users', 'delete', username, '--yes', '--json'], { env })
    expect({ code, document }).toEqual({
      code: 0,
      document: { id, username, sessions_ended: 1, published: redisUrl !== undefined }
    })
    await expectRefused(access_token)
    expect((await login(username, password)).status).toBe(401)
    const again = await run(['users', 'delete', username, '--yes', '--json'], { env })
    expect({ code: again.code, error: again.document }).toMatchObject({ code: 3, error: { error: 'user_not_found' } })
  })

  test('users set-password gives a new password, and ends all sessions', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const password = newPassword()
    const { code, document } = await run(['users', 'set-password', user.username, '--password-stdin', '--json'], {
      env,
      input: password
    })
    expect({ code, document }).toEqual({
      code: 0,
      document: { id: user.id, username: user.username, sessions_ended: 1, published: redisUrl !== undefined }
    })
    await expectRefused(tokens.access_token)
    expect((await refresh(trio.auth.url, tokens.refresh_token)).status).toBe(400)
    expect((await login(user.username, user.password)).status).toBe(401)
    expect((await login(user.username, password)).status).toBe(200)
    const { sid } = unverifiedClaims(tokens.access_token)
    expect(
      await query(
        database.url,
        "SELECT type, actor_id FROM audit_events WHERE user_id = $1 AND type = 'password.set'",
        [user.id]
      )
    ).toEqual([{ type: 'password.set', actor_id: null }])
    expect(await query(database.url, 'SELECT revoked_reason FROM refresh_token_families WHERE id = $1', [sid])).toEqual(
      [{ revoked_reason: 'password_changed' }]
    )

    const madeUp = await run(['users', 'set-password', user.username, '--json'], { env })
    expect((await login(user.username, madeUp.document.password as string)).status).toBe(200)
    expect(
      (await run(['users', 'set-password', user.username, '--password-stdin'], { env, input: user.username })).code
    ).toBe(2)
  })

  test('no sign-in with the former password outlives users set-password', async () => {
    let isSet = false
    const signIns = Array.from({ length: 3 }, async () => {
      while (!isSet) await login(user.username, user.password)
    })
    const sessions = () =>
      query(database.url, 'SELECT 1 FROM refresh_token_families WHERE user_id = $1 LIMIT 1', [user.id])
    await expect.poll(sessions).toHaveLength(1)
    const { code } = await run(['users', 'set-password', user.username], { env })
    isSet = true
    await Promise.all(signIns)
    expect(code).toBe(0)
    const families = await query<{ revoked_at: Date | null }>(
      database.url,
      'SELECT revoked_at FROM refresh_token_families WHERE user_id = $1',
      [user.id]
    )
    expect(families.length).toBeGreaterThan(0)
    expect(families.filter(({ revoked_at }) => revoked_at === null)).toEqual([])
  })

  test('the last enabled admin is not disabled, and an unknown user is not found', async () => {
    await query(database.url, "UPDATE users SET roles = '{}' WHERE username <> 'admin'")
    expect(await run(['users', 'delete', 'admin', '--yes', '--json'], { env })).toMatchObject({
      code: 3,
      document: { error: 'last_admin' }
    })
    expect(await run(['users', 'disable', 'admin', '--json'], { env })).toMatchObject({
      code: 3,
      document: { error: 'last_admin' }
    })
    expect((await login('admin', trio.adminPassword)).status).toBe(200)
    const refusals = await Promise.all(
      ['disable', 'enable', 'set-password', 'end-sessions'].map((command) =>
        run(['users', command, newName('nobody'), '--json'], { env })
      )
    )
    const refusal = { error: 'user_not_found', error_description: 'There is no user with this name.' }
    expect(refusals.map(({ code, document }) => ({ code, document }))).toEqual(
      Array(4).fill({ code: 3, document: refusal })
    )
  })

  describe('keys', () => {
    const keyEnv = () => ({ ...env, COUNTERSIGN_MASTER_KEY: masterKey })
    const list = async () => (await run<KeyList>(['keys', 'list', '--json'], { env: keyEnv() })).document
    const kidOf = async (state: string) => (await list()).keys.find((key) => key.state === state)?.kid as string
    const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString())

    test('keys list shows what the admin API shows', async () => {
      const admin = await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })
      expect(await list()).toEqual((await get(`${trio.auth.url}/admin/keys`, admin.access_token)).body)
      const { stdout } = await run(['keys', 'list'], { env: keyEnv() })
      expect(stdout).toMatch(/^KID +STATE +PUBLISHED +SIGNS FROM +ENDED\n\S{43} +next +\S+Z +- +-\n\S{43} +signing +/)
      expect(stdout).toMatch(/The next key may sign from \S+Z, and will from \S+Z\.\n$/)
    })

    test('keys rotate waits until every verifier knows the next key, then lets it sign', async () => {
      const { rotation_possible_at } = await list()
      const [nextKey, before] = [await kidOf('next'), await keysOf(database.url)]
      expect(await run(['keys', 'rotate', '--json'], { env: keyEnv() })).toMatchObject({
        code: 3,
        document: { error: 'rotation_too_early', rotation_possible_at }
      })
      expect(await keysOf(database.url)).toEqual(before)

      await query(database.url, "UPDATE signing_keys SET created_at = created_at - interval '1 day'")
      const rotated = await run(['keys', 'rotate', '--reason', 'the test', '--json'], { env: keyEnv() })
      expect(rotated).toMatchObject({ code: 0, document: { kid: nextKey } })
      const { access_token } = await signIn(trio.auth.url, user)
      expect(headerOf(access_token).kid).toBe(nextKey)
      expect(await statusOfMe(access_token)).toBe(200)
      expect(
        await query(
          database.url,
          "SELECT actor_id, detail->>'reason' AS reason FROM audit_events WHERE type = 'signing_key.rotated'"
        )
      ).toEqual([{ actor_id: null, reason: 'the test' }])
    })

    test('keys revoke invalidates every token of the key, and clients refresh', async () => {
      const tokens = await signIn(trio.auth.url, user)
      const { kid } = headerOf(tokens.access_token)
      const { code, document } = await run<{ kid: string }>(['keys', 'revoke', kid, '--reason', 'leaked', '--json'], {
        env: keyEnv()
      })
      expect({ code, document }).toEqual({ code: 0, document: { kid, published: redisUrl !== undefined } })
      await expectRefused(tokens.access_token)
      const refreshed = await refresh(trio.auth.url, tokens.refresh_token)
      expect(refreshed.status).toBe(200)
      expect(headerOf(refreshed.body.access_token).kid).not.toBe(kid)
      expect(await statusOfMe(refreshed.body.access_token)).toBe(200)

      // After a lost response it is run again.
      expect(await run(['keys', 'revoke', kid, '--reason', 'leaked', '--json'], { env: keyEnv() })).toMatchObject({
        code: 0,
        document: { kid, published: true }
      })
      expect(await run(['keys', 'revoke', 'unknown', '--reason', 'leaked', '--json'], { env: keyEnv() })).toMatchObject(
        {
          code: 3,
          document: { error: 'key_not_found' }
        }
      )
      expect(
        await query(database.url, "SELECT actor_id, detail FROM audit_events WHERE type = 'signing_key.pulled'")
      ).toEqual([{ actor_id: null, detail: { kid, reason: 'leaked' } }])
    })

    test('another master key than the services have changes nothing', async () => {
      await query(database.url, "UPDATE signing_keys SET created_at = created_at - interval '1 day'")
      // The running service makes the next key after the revocation of the test before.
      await expect.poll(() => kidOf('next'), { timeout: 15_000 }).toBeTruthy()
      const before = await keysOf(database.url)
      const wrong = { ...env, COUNTERSIGN_MASTER_KEY: newMasterKey() }
      const kid = await kidOf('signing')
      for (const args of [
        ['keys', 'rotate'],
        ['keys', 'revoke', kid, '--reason', 'x'],
        ['master-key', 're-encrypt']
      ]) {
        const { code, document } = await run([...args, '--json'], { env: wrong })
        expect({ code, document }).toMatchObject({ code: 2, document: { error: 'invalid_configuration' } })
      }
      expect(await keysOf(database.url)).toEqual(before)
    })
  })
})

describe('countersign on a database of its own', () => {
  let database: TestDatabase
  let folder: string

  beforeAll(async () => {
    database = await createEmptyTestDatabase()
    folder = await mkdtemp(join(tmpdir(), 'countersign-command-line-'))
  })
  afterAll(async () => {
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  test('before migrate every other command asks for it, with exit code 3', async () => {
    const env = { DATABASE_URL: database.url, COUNTERSIGN_MASTER_KEY: newMasterKey() }
    for (const args of [
      ['users', 'list'],
      ['users', 'disable', 'a'],
      ['keys', 'rotate']
    ]) {
      expect(await run([...args, '--json'], { env })).toMatchObject({
        code: 3,
        document: { error: 'database_not_migrated' }
      })
    }
  })

  test('migrate brings an empty database up to date, needs nothing but its URL, and may run again', async () => {
    const file = join(folder, 'url')
    await writeFile(file, `${database.url}\n`)
    const env = { DATABASE_URL_FILE: file }
    const first = await run<{ applied: string[] }>(['migrate', '--json'], { env })
    expect(first.code).toBe(0)
    expect(first.document.applied).toContain('20261123000000_init')
    expect(first.stderr).toContain('Applied the migration 20261123000000_init.\n')
    expect(await run(['migrate', '--json'], { env })).toMatchObject({ code: 0, document: { applied: [] }, stderr: '' })
    expect(await run(['migrate'], { env })).toMatchObject({ code: 0, stdout: 'The database is up to date.\n' })
    expect((await run(['users', 'create', 'first', '--role', 'admin'], { env })).code).toBe(0)
  })

  test('a database of a later version is used as long as it permits that, and then refused', async () => {
    const later =
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('later', '', '2099_later', now())"
    await query(database.url, later)
    const env = { DATABASE_URL: database.url }
    expect(await run(['migrate', '--json'], { env })).toMatchObject({ code: 0, document: { applied: [] } })
    const [contract] = await query<{ oldest: string }>(
      database.url,
      'SELECT oldest_migration AS oldest FROM schema_contract'
    )
    await query(database.url, "UPDATE schema_contract SET oldest_migration = '2099_later'")
    for (const args of [['migrate'], ['users', 'list']]) {
      expect(await run([...args, '--json'], { env })).toMatchObject({
        code: 3,
        document: { error: 'database_too_new' }
      })
    }
    await query(database.url, 'UPDATE schema_contract SET oldest_migration = $1', [contract?.oldest])
    await query(database.url, "DELETE FROM _prisma_migrations WHERE id = 'later'")
  })

  test('a master key is replaced: re-encrypt reseals every key, and the old one is no longer needed', async () => {
    const [old, current] = [newMasterKey(), newMasterKey()]
    const withKey = (key: string) => ({ env: { DATABASE_URL: database.url, COUNTERSIGN_MASTER_KEY: key } })
    // It makes the keys that are missing, and the next one is too young.
    expect((await run(['keys', 'rotate'], withKey(old))).code).toBe(3)
    const kids = (await keysOf(database.url)).map(({ kid }) => kid)
    expect(kids).toHaveLength(2)

    expect((await run(['master-key', 're-encrypt'], withKey(current))).code).toBe(2)
    const args = ['master-key', 're-encrypt', '--json']
    const done = await run<{ reencrypted: string[] }>(args, withKey(`${current},${old}`))
    expect(done.code).toBe(0)
    expect(done.document.reencrypted.sort()).toEqual(kids.sort())
    expect(await run(args, withKey(`${current},${old}`))).toMatchObject({ code: 0, document: { reencrypted: [] } })

    const damage = "UPDATE signing_keys SET sealed_private_jwk = 'damaged' WHERE signs_from IS NOT NULL RETURNING kid"
    const [damaged] = await query<{ kid: string }>(database.url, damage)
    const newest = newMasterKey()
    const withBoth = withKey(`${newest},${current}`)
    expect((await run(args, withBoth)).code).toBe(2)
    // A damaged one does not keep the others from being resealed.
    expect((await run(args, withKey(newest))).code).toBe(2)
    const revoke = ['keys', 'revoke', damaged?.kid as string, '--reason', 'it cannot be opened']
    expect((await run(revoke, withKey(newest))).code).toBe(0)
    expect(await run(args, withKey(newest))).toMatchObject({ code: 0, document: { reencrypted: [] } })

    expect((await run(['keys', 'rotate'], withKey(current))).code).toBe(2)
    expect((await run(['keys', 'rotate'], withKey(newest))).code).toBe(3)
  })

  test('variables that are missing or unusable are all named, with exit code 2 and no value', async () => {
    const { code, stderr, stdout } = await run(['keys', 'list'], {
      env: { COUNTERSIGN_MASTER_KEY: 'too-short-a-secret' }
    })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('DATABASE_URL is required: a URL such as postgres://')
    expect(stderr).toContain('COUNTERSIGN_MASTER_KEY must be a master key of at least 32 random bytes')
    const missing = await run(['users', 'list', '--json'], { env: { DATABASE_URL_FILE: '/nowhere' } })
    expect(missing).toMatchObject({ code: 2, document: { error: 'invalid_configuration' } })
    const redis = { DATABASE_URL: database.url, REDIS_URL: 'not-a-url-but-a-secret' }
    expect((await run(['users', 'disable', 'first'], { env: redis })).code).toBe(2)
    expect(await query(database.url, 'SELECT 1 FROM users WHERE disabled_at IS NOT NULL')).toEqual([])
  })

  test.each([
    ['cannot be reached', 4, { host: '127.0.0.1:1' }, /ECONNREFUSED|DatabaseNotReachable/],
    ['has no such name', 4, { host: 'database.invalid:5432' }, /cannot be reached/],
    ['refuses the password', 2, { password: 'another-secret-altogether' }, /refuses the user or the password/],
    ['does not exist', 2, { pathname: '/no_such_database' }, /does not exist/]
  ])('a database that %s is exit code %i, without its password', async (_, exitCode, change, words) => {
    const url = Object.assign(new URL(database.url), change).href
    const env = { DATABASE_URL: url, COUNTERSIGN_MASTER_KEY: newMasterKey() }
    const text = await run(['users', 'disable', 'a'], { env })
    expect({ code: text.code, stdout: text.stdout }).toEqual({ code: exitCode, stdout: '' })
    expect(text.stderr).toMatch(words)
    for (const args of [['migrate'], ['users', 'list'], ['keys', 'list']]) {
      const json = await run([...args, '--json'], { env })
      const document = { error: expect.any(String), error_description: expect.stringMatching(words) }
      expect(json).toMatchObject({ code: exitCode, stderr: '', document })
    }
  })

  test('an unexpected fault is exit code 1, changes nothing, and shows its message only with DEBUG=1', async () => {
    await query(
      database.url,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'words of the database'; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse()`
    )
    const env = { DATABASE_URL: database.url }
    const { code, document, stderr } = await run(['users', 'create', 'second', '--json'], { env })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(document).toEqual({ error: 'server_error', error_description: expect.stringContaining('DEBUG=1') })
    const debugged = await countersign(['users', 'create', 'second', '--json'], { env: { ...env, DEBUG: '1' } })
    expect(debugged.document).toEqual(document)
    expect(debugged.stderr).toContain('words of the database')
    await query(database.url, 'DROP TRIGGER refuse ON audit_events')
    expect(await query(database.url, "SELECT 1 FROM users WHERE username = 'second'")).toEqual([])
  })
})

describe('npm run countersign', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const script = join(root, 'dev/bundle/countersign.js')
  let dataDir: string
  let stack: ChildProcess | undefined

  beforeAll(async () => {
    dataDir = join(await mkdtemp(join(tmpdir(), 'countersign-command-line-')), 'data')
  })
  afterAll(async () => {
    await stop()
    await rm(join(dataDir, '..'), { recursive: true, force: true })
  })

  const embedded = <T = User>(args: readonly string[]) =>
    run<T>(args, { script, env: { COUNTERSIGN_DATA_DIR: dataDir } })

  async function start(env: Record<string, string>): Promise<void> {
    stack = spawn(process.execPath, [join(root, 'dev/bundle/main.js')], {
      env: childEnvironment({ npm_lifecycle_event: undefined, COUNTERSIGN_DATA_DIR: dataDir, ...env }),
      stdio: ['ignore', 'pipe', 'inherit']
    })
    let output = ''
    stack.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    await expect.poll(() => output, { timeout: 60_000, interval: 50 }).toContain('Countersign is ready')
  }

  async function stop(): Promise<void> {
    if (!stack || stack.exitCode !== null) return
    stack.kill('SIGINT')
    await once(stack, 'exit')
  }

  test('works on the database of a running npm start, and says what to do when there is none', async () => {
    expect(await embedded(['users', 'list', '--json'])).toMatchObject({
      code: 4,
      document: { error: 'temporarily_unavailable', error_description: expect.stringContaining('Run "npm start"') }
    })
    expect(existsSync(dataDir)).toBe(false)
    expect((await embedded(['users', '--help'])).code).toBe(0)

    const [auth, resource, bff] = [await findLastingPort(), await findLastingPort(), await findLastingPort()]
    await start({
      AUTH_SERVICE_PORT: String(auth),
      RESOURCE_SERVICE_PORT: String(resource),
      BFF_SERVICE_PORT: String(bff)
    })
    for (const file of ['secrets/master-key', 'postgres/password']) {
      secrets.add((await readFile(join(dataDir, file), 'utf8')).trim())
    }
    const { code, document } = await embedded(['users', 'create', 'alice', '--json'])
    expect(code).toBe(0)
    const credentials = { username: 'alice', password: document.password as string }
    const { access_token } = await signIn(`http://localhost:${auth}`, credentials)
    const statusOfMe = async () => (await get(`http://localhost:${resource}/me`, access_token)).status
    expect(await statusOfMe()).toBe(200)
    const disabled = await embedded(['users', 'disable', 'alice', '--json'])
    expect(disabled).toMatchObject({ code: 0, document: { sessions_ended: 1, published: false } })
    await expect.poll(statusOfMe, { timeout: 6000 }).toBe(401)
    expect((await embedded<KeyList>(['keys', 'list', '--json'])).document.keys).toHaveLength(2)

    await stop()
    expect((await embedded(['users', 'list'])).code).toBe(4)
  }, 120_000)
})
