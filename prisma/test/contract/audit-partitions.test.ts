import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { migrate } from '@countersign/prisma'
import { createEmptyTestDatabase, createTestDatabase, type TestDatabase } from '@countersign/testing'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'

const own = new URL('../../migrations/', import.meta.url)
const steps = [
  '000000_audit_boundary',
  '000100_audit_boundary_validated',
  '000200_audit_key',
  '000300_audit_partitions'
]
const partitioning = steps.map((step) => `20261130${step}`)

/** As the release before the partitions has them. */
const oldInsert = {
  name: 'old-insert',
  text: "INSERT INTO audit_events (type, user_id) VALUES ('session.started', gen_random_uuid())"
}
const oldDelete = {
  name: 'old-delete',
  text: `DELETE FROM audit_events WHERE id IN (
    SELECT id FROM audit_events WHERE at < now() - interval '90 days' ORDER BY at LIMIT $1 FOR UPDATE SKIP LOCKED)`
}

async function connectTo({ url }: Pick<TestDatabase, 'url'>, options?: string): Promise<pg.Client> {
  const connection = new pg.Client({ connectionString: url, options })
  connection.on('error', () => {})
  await connection.connect()
  onTestFinished(() => connection.end())
  return connection
}

/** Migrations that are tried: at first all those of this version that are older than the named one; all without a name. */
async function folderBefore(first = '9'): Promise<URL> {
  const path = await mkdtemp(join(tmpdir(), 'countersign-migrations-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  await cp(own, path, { recursive: true, filter: (source) => !(nameOfMigration(source) >= first) })
  return pathToFileURL(`${path}/`)
}

/** Of a folder of migrations or a file in it; empty for others, which are older than any. */
const nameOfMigration = (path: string) => /\d{14}_\w+/.exec(path)?.[0] ?? ''

const addTo = (folder: URL, name: string) => cp(new URL(name, own), new URL(name, folder), { recursive: true })

describe('the migrations that partition audit_events', () => {
  let database: TestDatabase
  let client: pg.Client
  let folder: URL

  beforeEach(async () => {
    database = await createEmptyTestDatabase()
    client = await connectTo(database)
    folder = await folderBefore(partitioning[0] as string)
    await migrate(database.url, { folder })
    // Over 100 days, and one that a clock made that was a month ahead.
    await client.query(
      `INSERT INTO audit_events (at, type, user_id)
       SELECT now() - make_interval(mins => n * 36), 'session.ended', gen_random_uuid() FROM generate_series(-1200, 4000, 2) n`
    )
  })
  afterEach(() => database.drop())

  const filesOfIndexes = async () =>
    (
      await client.query<{ file: number }>(
        `SELECT pg_relation_filenode(indexrelid)::int AS file FROM pg_index
         WHERE indrelid IN (to_regclass('audit_events'), to_regclass('audit_events_unpartitioned')) AND indrelid <> 0
           AND pg_relation_filenode(indexrelid) IS NOT NULL ORDER BY 1`
      )
    ).rows.map(({ file }) => file)

  test('keep each event and each index, and read no event while the table is locked', async () => {
    const events = 'SELECT * FROM audit_events ORDER BY id'
    const before = (await client.query(events)).rows
    for (const name of partitioning.slice(0, 3)) await addTo(folder, name)
    await migrate(database.url, { folder })
    const indexes = await filesOfIndexes()
    const key = (await client.query("SELECT pg_relation_filenode('audit_events_pkey')::int AS file")).rows[0].file
    // What Postgres says of a partition that it attaches.
    const observer = await connectTo(database, '-c client_min_messages=debug1')
    const messages: string[] = []
    observer.on('notice', ({ message }) => messages.push(String(message)))
    await observer.query('BEGIN')
    await observer.query(await readFile(new URL(`${partitioning[3]}/migration.sql`, own), 'utf8'))
    await observer.query('ROLLBACK')
    expect(messages).toContain(
      'partition constraint for table "audit_events_unpartitioned" is implied by existing constraints'
    )
    expect(messages.join('\n')).not.toMatch(/verifying table "audit_events_unpartitioned"|rewriting table/)

    await addTo(folder, partitioning[3] as string)
    await migrate(database.url, { folder })
    expect(await filesOfIndexes()).toEqual(indexes.filter((file) => file !== key))
    expect((await client.query(events)).rows).toEqual(before)
    expect((await client.query('SELECT DISTINCT tableoid::regclass::text AS name FROM audit_events')).rows).toEqual([
      { name: 'audit_events_unpartitioned' }
    ])
    const { rows } = await client.query(
      'INSERT INTO audit_events (type) VALUES ($1) RETURNING id, at IS NOT NULL AS timed',
      ['sign_in.failed']
    )
    expect(rows).toEqual([{ id: String(before.length + 1), timed: true }])
  })

  test('hold up no statement of the release before, which goes on with prepared statements, for longer than a lock is waited for', async () => {
    for (const name of partitioning) await addTo(folder, name)
    let isMigrated = false
    let inserted = 0
    const failures: unknown[] = []
    async function work(): Promise<void> {
      const connection = await connectTo(database)
      await connection.query("SET lock_timeout = '3s'")
      for (let after = 0; after < 20; after += isMigrated ? 1 : 0) {
        try {
          await connection.query(oldInsert)
          inserted++
          await connection.query({ ...oldDelete, values: [5] })
        } catch (error) {
          failures.push(error)
        }
      }
    }
    const kept = `SELECT count(*)::int AS events FROM audit_events WHERE at > now() - interval '89 days'`
    const before = (await client.query(kept)).rows[0].events
    const workers = [1, 2, 3, 4].map(work)
    const applied = await migrate(database.url, { folder, lockTimeoutMs: 100 }).finally(() => {
      isMigrated = true
    })
    await Promise.all(workers)
    expect(applied).toEqual(partitioning)
    expect(failures).toEqual([])
    expect((await client.query(kept)).rows[0].events).toBe(before + inserted)
  })

  test('leave four weeks to apply the last one after the first', async () => {
    await client.query('DELETE FROM audit_events WHERE at > now()')
    await addTo(folder, partitioning[0] as string)
    await migrate(database.url, { folder })
    await client.query("INSERT INTO audit_events (at, type) VALUES (now() + interval '28 days', 'late')")
    await expect(
      client.query("INSERT INTO audit_events (at, type) VALUES (now() + interval '36 days', 'too late')")
    ).rejects.toThrow('audit_events_before_partitions')
    for (const name of partitioning) await addTo(folder, name)
    await migrate(database.url, { folder })
    await client.query("INSERT INTO audit_events (at, type) VALUES (now() + interval '36 days', 'in time')")
  })
})

describe('the partitions of audit_events', () => {
  let database: TestDatabase
  let client: pg.Client

  beforeEach(async () => {
    database = await createTestDatabase()
    client = await connectTo(database)
  })
  afterEach(() => database.drop())

  const call = async (expression: string, connection = client): Promise<number> =>
    (await connection.query(`SELECT ${expression} AS count`)).rows[0].count
  const drop = 'drop_audit_partition(90)'
  const make = (from: string, to: string) =>
    `make_audit_partitions(now() + interval '${from}', now() + interval '${to}')`
  /** Where an event of a moment goes. */
  const placeOf = async (at: string): Promise<string> =>
    (
      await client.query(
        `INSERT INTO audit_events (at, type) VALUES (${at}, 'test.placed') RETURNING tableoid::regclass::text AS name`
      )
    ).rows[0].name
  const boundary = `(SELECT "to" FROM audit_partitions WHERE name = 'audit_events_unpartitioned')`
  /** As they are some months later. */
  const replaceFirst = async () => {
    await client.query('DROP TABLE audit_events_unpartitioned')
    await call(make('-120 days', '0 days'))
  }

  test('are weeks from Monday on, without a gap, half a year ahead', async () => {
    const { rows } = await client.query(
      `SELECT "from" = lag("to") OVER (ORDER BY "to") AS adjoins, extract(isodow FROM "to" AT TIME ZONE 'UTC')::int AS day,
         "to" AT TIME ZONE 'UTC' = date_trunc('day', "to" AT TIME ZONE 'UTC') AS midnight FROM audit_partitions ORDER BY "to"`
    )
    expect(rows.length).toBeGreaterThan(20)
    expect(new Set(rows.slice(1).map((row) => JSON.stringify(row)))).toEqual(
      new Set([JSON.stringify({ adjoins: true, day: 1, midnight: true })])
    )
    const { rows: last } = await client.query(
      `SELECT max("to") > now() + interval '26 weeks' AS enough FROM audit_partitions`
    )
    expect(last).toEqual([{ enough: true }])
    expect(await call(make('0 days', '26 weeks'))).toBe(0)
  })

  test('are shown with their sizes by the query of docs/deployment.md', async () => {
    const page = await readFile(new URL('../../../docs/deployment.md', import.meta.url), 'utf8')
    const { rows } = await client.query(/```sql\n(SELECT name[^`]*)```/.exec(page)?.[1] ?? 'no query')
    expect(rows[0]).toMatchObject({ name: 'audit_events_unpartitioned', size: expect.stringMatching(/^\d+ \w+$/) })
  })

  test('take an event of any moment', async () => {
    expect(await placeOf("'1970-01-01'")).toBe('audit_events_unpartitioned')
    expect(await placeOf(`${boundary} - interval '1 millisecond'`)).toBe('audit_events_unpartitioned')
    expect(await placeOf(boundary)).toMatch(/^audit_events_\d{8}$/)
    expect(await placeOf("now() + interval '20 weeks'")).toMatch(/^audit_events_\d{8}$/)
    expect(await placeOf("now() + interval '10 years'")).toBe('audit_events_default')
    expect(await placeOf("'infinity'")).toBe('audit_events_default')
  })

  test('are made again after none were made for long: only the week in which events had none goes on without', async () => {
    expect(await placeOf("now() + interval '40 weeks'")).toBe('audit_events_default')
    expect(await call(make('40 weeks', '66 weeks'))).toBeGreaterThanOrEqual(26)
    expect(await placeOf("now() + interval '40 weeks'")).toBe('audit_events_default')
    expect(await placeOf("now() + interval '41 weeks'")).toMatch(/^audit_events_\d{8}$/)
    // A clock that was ahead is set right.
    expect(await call(make('26 weeks', '39 weeks'))).toBeGreaterThanOrEqual(11)
    expect(await placeOf("now() + interval '35 weeks'")).toMatch(/^audit_events_\d{8}$/)
  })

  test('are dropped, the oldest first, once all of their events have expired', async () => {
    await replaceFirst()
    const places = [await placeOf("now() - interval '119 days'"), await placeOf("now() - interval '98 days'")]
    const kept = [await placeOf("now() - interval '89 days'"), await placeOf('now()')]
    let dropped = 0
    while ((await call(drop)) === 1) dropped++
    expect(dropped).toBeGreaterThanOrEqual(3)
    const { rows } = await client.query(
      'SELECT name, "to" <= now() - interval \'90 days\' AS expired FROM audit_partitions'
    )
    const names = rows.map(({ name }) => name)
    expect(rows.filter(({ expired }) => expired)).toEqual([])
    expect(places.filter((name) => names.includes(name))).toEqual([])
    expect(names).toEqual(expect.arrayContaining(kept))
    expect(
      (await client.query("SELECT count(*)::int AS kept FROM audit_events WHERE type = 'test.placed'")).rows
    ).toEqual([{ kept: 2 }])
  })

  test('lose expired events by batches where they are no weeks', async () => {
    for (let i = 0; i < 3; i++) await placeOf("now() - interval '91 days'")
    await placeOf("now() - interval '89 days'")
    expect(await call('delete_audit_events(90, 2)')).toBe(2)
    expect(await call('delete_audit_events(90, 2)')).toBe(1)
    await replaceFirst()
    expect(await placeOf("now() - interval '200 days'")).toBe('audit_events_default')
    expect(await placeOf("now() - interval '110 days'")).toMatch(/^audit_events_\d{8}$/)
    expect(await call('delete_audit_events(90, 2)')).toBe(1)
    expect(await call('delete_audit_events(90, 2)')).toBe(0)
  })

  test('serve the release before, which deletes by id wherever an event is', async () => {
    await replaceFirst()
    await client.query(oldInsert)
    await placeOf("now() - interval '119 days'")
    await placeOf("now() - interval '91 days'")
    const { rowCount } = await client.query({ ...oldDelete, values: [500] })
    expect(rowCount).toBe(2)
    expect((await client.query('SELECT type FROM audit_events')).rows).toEqual([{ type: 'session.started' }])
  })

  test('are made and dropped by several replicas at once, once', async () => {
    await replaceFirst()
    const replicas = await Promise.all(Array.from({ length: 6 }, () => connectTo(database)))
    const before = (await client.query('SELECT count(*)::int AS count FROM audit_partitions')).rows[0].count
    const outcomes = await Promise.all(
      replicas.map(async (replica) => {
        const made = await call(make('0 days', '30 weeks'), replica)
        return { made, dropped: await call(drop, replica) }
      })
    )
    const sum = (member: 'made' | 'dropped') => outcomes.reduce((total, outcome) => total + outcome[member], 0)
    expect(sum('made')).toBeGreaterThanOrEqual(4)
    expect(sum('dropped')).toBeGreaterThanOrEqual(1)
    const after = (await client.query('SELECT count(*)::int AS count FROM audit_partitions')).rows[0].count
    expect(after).toBe(before + sum('made') - sum('dropped'))

    const [first, second] = replicas as [pg.Client, pg.Client]
    await first.query('BEGIN')
    expect(await call(make('0 days', '1 day'), first)).toBe(0)
    expect([await call(make('0 days', '34 weeks'), second), await call(drop, second)]).toEqual([0, 0])
    await first.query('COMMIT')
    expect(await call(make('0 days', '34 weeks'), second)).toBeGreaterThanOrEqual(1)
  })

  test('hold up no insert while a transaction reads for long, and are made and dropped after it', async () => {
    await replaceFirst()
    const reader = await connectTo(database)
    const writer = await connectTo(database)
    await writer.query("SET lock_timeout = '2s'")
    await reader.query('BEGIN')
    // A page of the log: its locks are on each partition.
    await reader.query('SELECT * FROM audit_events ORDER BY at DESC LIMIT 1')
    for (const work of [make('0 days', '30 weeks'), drop]) {
      const [count] = await Promise.all([call(work), writer.query(oldInsert)])
      expect(count).toBe(0)
    }
    await reader.query('COMMIT')
    await reader.query('BEGIN')
    // Only the table itself, and the partition of today.
    await reader.query(oldInsert)
    const [dropped] = await Promise.all([call(drop), writer.query(oldInsert)])
    expect(dropped).toBe(0)
    expect(await call(make('0 days', '30 weeks'))).toBeGreaterThanOrEqual(4)
    await reader.query('COMMIT')
    expect(await call(drop)).toBe(1)
  })

  test('are not within reach of every user of the database', async () => {
    const role = `reader_${database.name}`
    await client.query(`CREATE ROLE ${role}`)
    try {
      await client.query(`SET ROLE ${role}`)
      for (const expression of [drop, make('0 days', '30 weeks'), 'delete_audit_events(0, 1)'])
        await expect(call(expression)).rejects.toThrow(/permission denied for function/)
    } finally {
      await client.query('RESET ROLE')
      await client.query(`DROP ROLE ${role}`)
    }
  })

  test('get another index one by one, and new ones have it by themselves', async () => {
    const folder = await folderBefore()
    const add = async (name: string, sql: string) => {
      await mkdir(new URL(name, folder))
      await writeFile(new URL(`${name}/migration.sql`, folder), sql)
    }
    await add('99990101000000_index', 'CREATE INDEX CONCURRENTLY "by_actor" ON "audit_events" ("actor_id");')
    expect(await migrate(database.url, { folder })).toHaveLength(1)
    const valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_actor'::regclass"
    expect((await client.query(valid)).rows).toEqual([{ indisvalid: true }])
    await call(make('26 weeks', '30 weeks'))
    const { rows: last } = await client.query(
      `SELECT (SELECT count(*)::int FROM pg_indexes i WHERE i.tablename = p.name AND i.indexdef LIKE '%(actor_id)') AS indexes
       FROM audit_partitions p ORDER BY "to" DESC LIMIT 1`
    )
    expect(last).toEqual([{ indexes: 1 }])
  })
})
