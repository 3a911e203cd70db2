import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createTestDatabase,
  type PostgresRecorder,
  startPostgresRecorder,
  type TestDatabase
} from '@countersign/testing'
import { post, query, register, send, signIn, startTrio, type Trio, unverifiedClaims } from '@countersign/testing/trio'
import { hash as hashBcrypt } from 'bcryptjs'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { openDatabase, openDatabasePool } from '../../services/auth-service/src/stores/postgres/database.ts'
import { createPrismaImportedUsers } from '../../services/auth-service/src/stores/postgres/imported-users.ts'
import { countersign } from './fixtures/countersign.ts'

type Line = Record<string, unknown>

const ndjson = { 'Content-Type': 'application/x-ndjson' }
const textOf = (lines: readonly (Line | string)[]) =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
const linesIn = (text: string): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('users as lines over HTTP', () => {
  let database: TestDatabase
  let trio: Trio
  let admin: Record<string, string>
  let adminId: string

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({ databaseUrl: database.url, redisUrl: undefined })
    const { access_token } = await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })
    admin = { Authorization: `Bearer ${access_token}` }
    adminId = unverifiedClaims(access_token).sub as string
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const importLines = (body: string, query = '') =>
    send<string>(`${trio.auth.url}/admin/users/import${query}`, {
      method: 'POST',
      headers: { ...admin, ...ndjson },
      body
    })
  const countOf = async (start: string) => {
    const rows = await query(database.url, `SELECT FROM users WHERE external_id LIKE '${start}%'`)
    return rows.length
  }

  test('are imported as by the command, with a line in the response for each, and an audit event by the admin', async () => {
    const body = textOf([
      { external_id: 'http|1', username: 'http-1', password_hash: await hashBcrypt('correct horse 9', 4) },
      '',
      'no JSON',
      { external_id: 'http|1', username: 'http-2' },
      { external_id: 'http|3', username: 'ADMIN' },
      {
        external_id: 'http|4',
        username: 'http-4',
        password_hash: `$salted-sha1$o=prefix$${'A'.repeat(24)}$${'A'.repeat(27)}`
      }
    ])
    const outcomes = [
      { line: 1, external_id: 'http|1', outcome: 'created' },
      { line: 3, external_id: null, outcome: 'refused', reason: 'The line is not JSON.' },
      { line: 4, external_id: 'http|1', outcome: 'duplicate' },
      { line: 5, external_id: 'http|3', outcome: 'username_taken' },
      { line: 6, external_id: 'http|4', outcome: 'refused', reason: expect.stringContaining('--allow-fast-hashes') }
    ]
    const dry = await importLines(body, '?dry_run=true')
    expect([dry.status, dry.headers.get('Content-Type'), linesIn(dry.body)]).toEqual([
      200,
      'application/x-ndjson',
      outcomes
    ])
    expect(await countOf('http')).toBe(0)
    expect(linesIn((await importLines(body)).body)).toEqual(outcomes)
    expect(
      (await post(`${trio.auth.url}/auth/login`, { username: 'http-1', password: 'correct horse 9' })).status
    ).toBe(200)
    const again = linesIn((await importLines(body, '?allow_fast_hashes=true')).body)
    expect(again.map(({ outcome }) => outcome)).toEqual([
      'unchanged',
      'refused',
      'duplicate',
      'username_taken',
      'created'
    ])
    const events = await query(
      database.url,
      "SELECT actor_id, user_agent FROM audit_events WHERE type = 'user.imported'"
    )
    expect(events).toEqual(Array(2).fill({ actor_id: adminId, user_agent: 'node' }))
  })

  test('are refused as another media type, and beyond 16 MiB or 100,000 lines', async () => {
    const url = `${trio.auth.url}/admin/users/import`
    expect((await post(url, {}, admin.Authorization?.slice('Bearer '.length))).status).toBe(415)
    expect((await importLines('x'.repeat(16 * 2 ** 20 + 1))).status).toBe(413)
    expect((await importLines('\n'.repeat(100_000))).status).toBe(200)
    expect((await importLines('\n'.repeat(100_001))).status).toBe(413)
    const chunks = Array.from({ length: 17 }, () => Buffer.alloc(2 ** 20, 'x'))
    const unannounced: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers: { ...admin, ...ndjson },
      body: Readable.toWeb(Readable.from(chunks)) as unknown as ReadableStream,
      duplex: 'half'
    }
    // The service may close the connection before all of it was sent.
    const status = await send(url, unannounced).then(
      (response) => response.status,
      () => 413
    )
    expect(status).toBe(413)
  })

  test('that are read before the client disconnects stay imported, and the service continues', async () => {
    const lines = Array.from({ length: 1500 }, (_, at) => ({ external_id: `gone|${at}`, username: `gone-${at}` }))
    const { hostname, port } = new URL(trio.auth.url)
    const sending = request({
      hostname,
      port,
      path: '/admin/users/import',
      method: 'POST',
      headers: { ...admin, ...ndjson }
    })
    sending.on('error', () => {})
    sending.write(textOf(lines))
    await vi.waitFor(async () => expect(await countOf('gone')).toBe(1000), 10_000)
    sending.destroy()
    expect((await importLines(textOf([{ external_id: 'after', username: 'after' }]))).status).toBe(200)
    expect(await countOf('gone')).toBe(1000)
  })

  test('are not imported once the admin has lost the role', async () => {
    const other = await register(trio.auth.url)
    await query(database.url, `UPDATE users SET roles = '{admin}' WHERE id = '${other.id}'`)
    const { access_token } = await signIn(trio.auth.url, other)
    await query(database.url, `UPDATE users SET roles = '{}' WHERE id = '${other.id}'`)
    const { status } = await send(`${trio.auth.url}/admin/users/import`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${access_token}`, ...ndjson },
      body: textOf([{ external_id: 'late', username: 'late' }])
    })
    expect(status).toBe(403)
    expect(await countOf('late')).toBe(0)
  })

  test('are exported without hashes, in as many pages as it takes, and an audit event names the admin', async () => {
    const lines = Array.from({ length: 2500 }, (_, at) => ({ external_id: `page|${at}`, username: `page-${at}` }))
    await importLines(textOf(lines))
    const { status, headers, body } = await send<string>(`${trio.auth.url}/admin/users/export`, { headers: admin })
    expect([status, headers.get('Content-Type')]).toEqual([200, 'application/x-ndjson'])
    const exported = linesIn(body)
    const [row] = await query<{ count: number }>(database.url, 'SELECT count(*)::int FROM users')
    expect(exported).toHaveLength(row?.count ?? 0)
    expect(new Set(exported.map(({ username }) => username)).size).toBe(row?.count)
    expect(body).not.toContain('password_hash')
    expect(linesIn((await importLines(body, '?dry_run=true')).body)).toHaveLength(exported.length)
    const events = await query(database.url, "SELECT actor_id, detail FROM audit_events WHERE type = 'users.exported'")
    expect(events).toEqual([{ actor_id: adminId, detail: { with_hashes: false } }])
    expect((await send(`${trio.auth.url}/admin/users/export`, { method: 'HEAD', headers: admin })).status).toBe(200)
  })

  test('have a verified address only if the line says so, and if no other user has verified it', async () => {
    const line = (name: string, email: string, email_verified?: boolean) => ({
      external_id: `mail|${name}`,
      username: `mail-${name}`,
      email,
      ...(email_verified !== undefined && { email_verified })
    })
    const body = textOf([
      line('1', 'Verified@example.com', true),
      line('2', 'verified@EXAMPLE.com', true),
      line('3', 'verified@example.com'),
      line('4', 'other@example.com', false),
      line('5', '"quoted"@example.com', true),
      { external_id: 'mail|6', username: 'mail-6', email_verified: true },
      line('7', 'from-latin-1-\ufffd@example.com'),
      line('8', '"quoted"@example.com')
    ])
    const outcomes = ['created', 'duplicate', 'created', 'created', 'refused', 'refused', 'refused', 'created']
    const outcomesOf = async (text: string, query = '') =>
      linesIn((await importLines(text, query)).body).map(({ outcome }) => outcome)
    expect(await outcomesOf(body, '?dry_run=true')).toEqual(outcomes)
    expect(await outcomesOf(body)).toEqual(outcomes)
    expect(await outcomesOf(textOf([line('9', 'VERIFIED@example.com', true)]))).toEqual(['address_taken'])
    const rows = await query(
      database.url,
      `SELECT username, email_key, email_verified_at IS NOT NULL AS verified FROM users
       WHERE username LIKE 'mail-%' ORDER BY username`
    )
    expect(rows).toEqual([
      { username: 'mail-1', email_key: 'verified@example.com', verified: true },
      { username: 'mail-3', email_key: null, verified: false },
      { username: 'mail-4', email_key: null, verified: false },
      { username: 'mail-8', email_key: null, verified: false }
    ])
    const { body: exported } = await send<string>(`${trio.auth.url}/admin/users/export`, { headers: admin })
    const verified = linesIn(exported).flatMap((user) => ('email_verified' in user ? [user.external_id] : []))
    expect(verified).toEqual(['mail|1'])
  })
})

describe.skipIf(!inject('docker'))('with forty thousand users', () => {
  let database: TestDatabase
  let recorder: PostgresRecorder
  let trio: Trio

  beforeAll(async () => {
    database = await createTestDatabase()
    recorder = await startPostgresRecorder(database.url)
    trio = await startTrio({ databaseUrl: recorder.url, redisUrl: undefined })
    // Of four imported ones three have one format.
    await query(
      database.url,
      `INSERT INTO users (id, username, username_key, password_hash, imported_password_hash, external_id, roles)
       SELECT gen_random_uuid(), 'many-' || n, 'many-' || n, 'none',
         CASE WHEN n % 4 = 0 THEN '$scrypt$ln=10,r=8,p=1$' || left(md5(n::text), 22) || '$' || left(md5(n::text), 22)
           ELSE '$2b$04$' || md5(n::text) || left(md5(n::text), 21) END, n, ARRAY[repeat('r', 500)]
       FROM generate_series(1, 40000) n`
    )
    await query(database.url, 'VACUUM ANALYZE users')
  }, 60_000)
  afterAll(async () => {
    await trio?.stop()
    await recorder?.close()
    await database?.drop()
  })

  test('an export reads no more than its client takes, and ends when the client leaves', async () => {
    const { access_token } = await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })
    recorder.clear()
    const pagesRead = () => recorder.statements.filter((text) => /FROM users WHERE id > /.test(text)).length
    const reading = request(`${trio.auth.url}/admin/users/export`, {
      headers: { Authorization: `Bearer ${access_token}` }
    }).end()
    const [response] = await once(reading, 'response')
    await once(response, 'readable')
    // Nothing more is taken; the buffers of the connection fill.
    let before = -1
    let equal = 0
    await vi.waitUntil(
      () => {
        const now = pagesRead()
        equal = now === before ? equal + 1 : 0
        before = now
        return equal === 4
      },
      { timeout: 30_000, interval: 500 }
    )
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(40)
    const sessions = await query(
      database.url,
      "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    expect(sessions).toEqual([])
    reading.destroy()
    await delay(500)
    expect(pagesRead()).toBeLessThanOrEqual(before + 1)
  })

  test('the formats of hashes are counted from a sample of ten thousand', async () => {
    const readRows = async () => {
      const [row] = await query<{ read: number }>(
        database.url,
        "SELECT (seq_tup_read + idx_tup_fetch)::int AS read FROM pg_stat_user_tables WHERE relname = 'users'"
      )
      return row?.read ?? 0
    }
    const pool = openDatabasePool({ url: database.url, connections: 1 })
    const store = openDatabase(pool)
    const before = await readRows()
    const { users, imported } = await createPrismaImportedUsers(store).countHashes()
    // What a connection has read is known once it is closed.
    await store.$disconnect()
    await vi.waitFor(async () => expect(await readRows()).toBeGreaterThan(before), 10_000)
    expect((await readRows()) - before).toBeLessThan(11_000)
    expect(users).toBe(40_001)
    const counts = imported.map(({ users }) => Math.round(users / 2000) * 2000).sort((a, b) => a - b)
    expect(counts).toEqual([10_000, 30_000])
  })
})

describe('an export with hashes', () => {
  let source: TestDatabase
  let target: TestDatabase
  let trio: Trio
  let folder: string

  beforeAll(async () => {
    source = await createTestDatabase()
    target = await createTestDatabase()
    trio = await startTrio({ databaseUrl: target.url, redisUrl: undefined })
    folder = await mkdtemp(join(tmpdir(), 'countersign-export-'))
  })
  afterAll(async () => {
    await trio?.stop()
    await Promise.all([source?.drop(), target?.drop()])
    await rm(folder, { recursive: true, force: true })
  })

  const run = (database: TestDatabase, args: string[], input = '') =>
    countersign(['users', ...args, '--json'], { env: { DATABASE_URL: database.url }, input })
  const fileOf = (name: string) => join(folder, name)
  const sortedLines = async (name: string) =>
    linesIn(await readFile(fileOf(name), 'utf8'))
      .map((line) => JSON.stringify(line))
      .sort()

  test('can be imported elsewhere, where users have their passwords, roles and states', async () => {
    // As typed; its normal form, of which our hash is, is another text.
    const password = 'ﬁrst Pässwörd 9'
    await run(
      source,
      ['create', 'own', '--role', 'auditor', '--email', 'own@example.com', '--password-stdin'],
      `${password}\n`
    )
    const bcrypt = await hashBcrypt(password, 4)
    await writeFile(
      fileOf('old.ndjson'),
      textOf([
        {
          external_id: 'old|1',
          username: 'bcrypt',
          display_name: 'Ada Lovelace',
          password_hash: bcrypt,
          created_at: '2020-02-03T04:05:06.789Z'
        },
        { external_id: 'old|2', username: 'kept-out', password_hash: bcrypt, disabled: true },
        { external_id: 'old|3', username: 'without' }
      ])
    )
    expect((await run(source, ['import', fileOf('old.ndjson')])).code).toBe(0)

    const exported = await run(source, ['export', fileOf('all.ndjson'), '--with-hashes'])
    expect(exported).toMatchObject({ code: 0, document: { users: 4, with_hashes: true } })
    expect((await stat(fileOf('all.ndjson'))).mode & 0o777).toBe(0o600)
    expect(await run(source, ['export', fileOf('all.ndjson')])).toMatchObject({ code: 2 })
    const events = await query(
      source.url,
      "SELECT actor_id, user_agent, detail FROM audit_events WHERE type = 'users.exported'"
    )
    expect(events[0]).toEqual({ actor_id: null, user_agent: 'command line', detail: { with_hashes: true } })

    expect(await run(target, ['import', fileOf('all.ndjson')])).toMatchObject({ code: 0, document: { created: 4 } })
    const login = async (username: string) => (await post(`${trio.auth.url}/auth/login`, { username, password })).status
    // The first admin of the trio is not in the file.
    await run(target, ['export', fileOf('copy.ndjson'), '--with-hashes'])
    const copied = await sortedLines('copy.ndjson')
    expect(copied.filter((line) => !line.includes('"username":"admin"'))).toEqual(await sortedLines('all.ndjson'))
    for (const username of ['own', 'bcrypt']) expect(await login(username), username).toBe(200)
    for (const username of ['kept-out', 'without']) expect(await login(username), username).toBe(401)
    const rows = await query(target.url, "SELECT email, roles FROM users WHERE username = 'own'")
    expect(rows).toEqual([{ email: 'own@example.com', roles: ['auditor'] }])
  })

  test('ends with a sentence when the disk is full', async () => {
    await query(
      source.url,
      `INSERT INTO users (id, username, username_key, password_hash, roles)
       SELECT gen_random_uuid(), 'full-' || n, 'full-' || n, 'none', '{}' FROM generate_series(1, 3000) n`
    )
    const command = new URL('../../services/auth-service/bundle/cli.js', import.meta.url).pathname
    const words = ['users', 'export', fileOf('full.ndjson'), '--json']
    const ended = spawnSync('sh', ['-c', 'ulimit -f 128; exec "$@"', 'sh', process.execPath, command, ...words], {
      env: { PATH: process.env.PATH, DATABASE_URL: source.url },
      encoding: 'utf8'
    })
    expect(ended).toMatchObject({ status: 3, stderr: '' })
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: 'file_not_written',
      error_description: expect.stringMatching(/\(EFBIG\).*It is not complete\./)
    })
  })
})
