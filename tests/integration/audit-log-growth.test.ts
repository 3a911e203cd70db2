import { randomUUID } from 'node:crypto'
import {
  createTestDatabase,
  createTestRedis,
  type PostgresRecorder,
  startPostgresRecorder,
  type TestDatabase
} from '@countersign/testing'
import { accessPaths, executedPlan, get, query, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

/** SQL for an id that is always the same for a text. */
const idOf = (text: string) => `overlay(overlay(md5(${text}) PLACING '4' FROM 13) PLACING '8' FROM 17)::uuid`

describe.skipIf(!inject('docker'))('with a million audit events', () => {
  let database: TestDatabase
  let recorder: PostgresRecorder
  let trio: Trio
  let admin: string

  beforeAll(async () => {
    database = await createTestDatabase()
    recorder = await startPostgresRecorder(database.url)
    trio = await startTrio({ databaseUrl: recorder.url, redisUrl: await createTestRedis(), resourceReplicas: 0 })
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    await query(
      database.url,
      `INSERT INTO users (id, username, username_key, password_hash, roles)
       SELECT ${idOf("'user' || n")}, 'bulk-' || n, 'bulk-' || n, 'none', '{}' FROM generate_series(0, 19999) n`
    )
    // As some months after the table was partitioned: each of the weeks has its partition.
    await query(database.url, 'DROP TABLE audit_events_unpartitioned')
    await query(database.url, "SELECT make_audit_partitions(now() - interval '90 days', now())")
    // Over 89 days; one in a thousand is about a client of which there are few events.
    await query(
      database.url,
      `INSERT INTO audit_events (at, type, user_id, session_id, client_id, address, user_agent)
       SELECT now() - make_interval(secs => (1000000 - n) * 7.7),
         CASE WHEN n % 1000 = 0 THEN 'client.changed'
           ELSE ('{session.started,session.ended,sign_in.failed}'::text[])[1 + n % 3] END,
         ${idOf("'user' || n % 20000")}, ${idOf("'session' || n / 2")},
         CASE WHEN n % 1000 = 0 THEN 'client-' || n % 7000 ELSE 'countersign' END, '192.0.2.1', 'test'
       FROM generate_series(1, 1000000) n`
    )
    await query(database.url, 'VACUUM ANALYZE audit_events')
    await query(database.url, 'ANALYZE users')
  }, 300_000)
  afterAll(async () => {
    await trio?.stop()
    await recorder?.close()
    await database?.drop()
  })

  /** The statement behind a response, as it was sent. */
  async function statementOf(path: string, pattern: RegExp): Promise<string> {
    recorder.clear()
    expect((await get(trio.auth.url + path, admin)).status).toBe(200)
    return recorder.statements.find((text) => pattern.test(text)) ?? `not found: ${pattern}`
  }

  const [since, until] = [60, 59].map((days) => new Date(Date.now() - days * 86_400_000).toISOString()) as [
    string,
    string
  ]
  const [justNow, earlier] = [
    [Date.now() - 60_000, 999_000],
    [Date.parse(since) + 40_000_000, 300_000]
  ].map(([at, id]) => Buffer.from(`${at}.${id}`).toString('base64url')) as [string, string]
  const user = 'the id of bulk-7'
  const session = 'the id of a session'

  test.each<[index: string, search: Record<string, string>]>([
    ['at_id', {}],
    ['at_id', { cursor: justNow }],
    ['at_id', { since }],
    ['at_id', { until }],
    ['at_id', { since, until }],
    ['at_id', { since, until, cursor: earlier }],
    ['at_id', { until, cursor: justNow }],
    ['type_at_id', { type: 'client.changed' }],
    ['type_at_id', { type: 'client.changed', cursor: earlier }],
    // A third of all events is of this type.
    ['(type_)?at_id', { type: 'session.started', since, until, cursor: justNow }],
    ['type_at_id', { type: 'client.changed', client_id: 'countersign' }],
    ['user_id_at_id', { user_id: user }],
    ['user_id_at_id', { username: 'bulk-7' }],
    ['user_id_at_id', { username: 'bulk-7', since }],
    ['user_id_at_id', { user_id: user, since, until }],
    ['user_id_at_id', { user_id: user, type: 'sign_in.failed', cursor: justNow }],
    ['session_id_at_id', { session_id: session }],
    ['session_id_at_id', { session_id: randomUUID() }],
    ['session_id_at_id', { session_id: session, type: 'session.ended', since }],
    ['session_id_at_id', { session_id: session, user_id: user }],
    ['client_id_at_id', { client_id: 'client-3000' }],
    ['client_id_at_id', { client_id: 'client-3000', since, until }],
    ['client_id_at_id', { client_id: 'client-3000', type: 'client.changed' }]
  ])('a page is read by the index %s for %j, and little more than the page', async (index, search) => {
    const [ids] = await query<{ user: string; session: string }>(
      database.url,
      `SELECT id AS user, ${idOf("'session' || 7")} AS session FROM users WHERE username = 'bulk-7'`
    )
    if (search.user_id === user) search = { ...search, user_id: ids?.user as string }
    if (search.session_id === session) search = { ...search, session_id: ids?.session as string }
    const statement = await statementOf(`/admin/audit?${new URLSearchParams(search)}`, /SELECT e\.id/)
    const { paths, blocks } = await executedPlan(database.url, statement, valuesOf(search))
    // In order, or as a whole if there are few rows.
    const isReached = paths.some((path) =>
      new RegExp(`^(Bitmap )?Index Scan audit_events_\\d+_${index}_idx$`).test(path)
    )
    expect({ paths, isReached }).toEqual({ paths, isReached: true })
    expect(await scannedTables(paths)).toEqual([])
    // A thousand events of the type are read for a client that has none of them.
    expect(blocks).toBeLessThan(search.client_id === 'countersign' ? 2000 : 500)
  })

  /** The tables that hold something and are read as a whole. */
  async function scannedTables(paths: readonly string[]): Promise<string[]> {
    const names = paths.flatMap((path) => /^(?:Parallel )?Seq Scan (.*)$/.exec(path)?.[1] ?? [])
    const sizes = await query<{ name: string }>(
      database.url,
      'SELECT name FROM unnest($1::text[]) name WHERE pg_relation_size(name::regclass) > 0',
      [names]
    )
    return sizes.map(({ name }) => name)
  }

  /** In the order of the statement; of two ends the earlier one. */
  function valuesOf({ cursor, ...search }: Record<string, string>): unknown[] {
    const [at, id] = cursor === undefined ? [] : Buffer.from(cursor, 'base64url').toString().split('.')
    const place = [new Date(Number(at ?? 0)).toISOString(), id]
    const end =
      search.until !== undefined && Number(at ?? Infinity) >= Date.parse(search.until) ? [search.until] : place
    const names = ['type', 'username', 'user_id', 'session_id', 'client_id', 'since']
    const values = names.flatMap((name) => search[name] ?? [])
    return [...values, ...(cursor === undefined && search.until === undefined ? [] : end), 51]
  }

  test('activity is counted by index as well', async () => {
    await query(
      database.url,
      `INSERT INTO activity (minute, kind, outcome, replica, count)
       SELECT date_trunc('minute', now()) - make_interval(mins => n), kind, 'rotated', gen_random_uuid(), 10
       FROM generate_series(0, 2879) n, generate_series(1, 3), unnest('{sign_ins,refreshes}'::text[]) kind`
    )
    await query(database.url, 'VACUUM ANALYZE activity')
    for (const window of ['hour', 'day']) {
      const statement = await statementOf(`/admin/statistics/activity?window=${window}`, /FROM activity/)
      const paths = await accessPaths(database.url, statement)
      expect(paths).toContain('Index Scan activity_pkey')
      expect(paths.join()).toMatch(/Scan audit_events_\d+_(type_)?at_id_idx/)
      expect(await scannedTables(paths)).toEqual([])
    }
  })
})
