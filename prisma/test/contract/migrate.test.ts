import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MigrationError, migrate, readSchemaState } from '@countersign/prisma'
import { createEmptyTestDatabase, type TestDatabase } from '@countersign/testing'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'

const own = new URL('../../migrations/', import.meta.url)

describe('migrate', () => {
  let database: TestDatabase
  let client: pg.Client
  let folder: URL

  beforeEach(async () => {
    database = await createEmptyTestDatabase()
    client = await connect()
    const path = await mkdtemp(join(tmpdir(), 'countersign-migrations-'))
    folder = pathToFileURL(`${path}/`)
    onTestFinished(() => rm(path, { recursive: true, force: true }))
  })
  afterEach(async () => {
    await client.end()
    await database.drop()
  })

  async function connect(): Promise<pg.Client> {
    const connection = new pg.Client({ connectionString: database.url })
    connection.on('error', () => {})
    await connection.connect()
    return connection
  }
  async function add(name: string, sql: string): Promise<void> {
    await mkdir(new URL(name, folder), { recursive: true })
    await writeFile(new URL(`${name}/migration.sql`, folder), sql)
  }
  const history = async () =>
    (
      await client.query(
        'SELECT migration_name AS name, finished_at IS NOT NULL AS finished, rolled_back_at IS NOT NULL AS undone FROM _prisma_migrations ORDER BY started_at'
      )
    ).rows
  const indexes = async () =>
    (
      await client.query(
        "SELECT relname AS name, indisvalid AS valid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname LIKE 'items_%' AND NOT indisprimary"
      )
    ).rows
  const quick = { lockTimeoutMs: 100, attempts: 30 }

  test('leaves nothing of a migration that fails, says why, and applies it once it is mended', async () => {
    await add('1_items', 'CREATE TABLE items (id int PRIMARY KEY);')
    await add('2_broken', 'ALTER TABLE items ADD COLUMN name text; ALTER TABLE no_such_table ADD COLUMN name text;')
    const failing = migrate(database.url, { folder })
    await expect(failing).rejects.toThrow(MigrationError)
    await expect(failing).rejects.toThrow(/2_broken .*"no_such_table" does not exist \(42P01\)/)
    expect(await history()).toEqual([{ name: '1_items', finished: true, undone: false }])
    expect((await client.query('SELECT * FROM items')).fields.map(({ name }) => name)).toEqual(['id'])
    expect(await readSchemaState(client, folder)).toMatchObject({ kind: 'behind', missing: ['2_broken'] })
    await add('2_broken', 'ALTER TABLE items ADD COLUMN name text;')
    expect(await migrate(database.url, { folder })).toEqual(['2_broken'])
    expect(await readSchemaState(client, folder)).toEqual({ kind: 'fits' })
  })

  test('applies again what an interrupted run has left, and records both', async () => {
    await add('1_items', 'CREATE TABLE items (id int PRIMARY KEY);')
    await migrate(database.url, { folder })
    await add('2_name', 'ALTER TABLE items ADD COLUMN name text;')
    await client.query("INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('a', '', '2_name')")
    expect(await readSchemaState(client, folder)).toEqual({ kind: 'unfinished', migration: '2_name' })
    expect(await migrate(database.url, { folder })).toEqual(['2_name'])
    expect(await history()).toEqual([
      { name: '1_items', finished: true, undone: false },
      { name: '2_name', finished: false, undone: true },
      { name: '2_name', finished: true, undone: false }
    ])
  })

  test('waits for a lock within bounds, lets others through in between, and ends with a sentence when it never gets it', async () => {
    await add('1_items', 'CREATE TABLE items (id int PRIMARY KEY);')
    await migrate(database.url, { folder })
    await add('2_name', 'ALTER TABLE items ADD COLUMN name text;')
    await client.query('BEGIN')
    await client.query('SELECT * FROM items')
    const log = vi.fn()
    const never = migrate(database.url, { folder, lockTimeoutMs: 100, attempts: 2, log })
    await expect(never).rejects.toThrow(/2_name was not applied: .*lock timeout/)
    expect(log).toHaveBeenCalledWith('The migration 2_name waits for a lock that another transaction holds.')
    const migrating = migrate(database.url, { folder, ...quick, log })
    const other = await connect()
    onTestFinished(() => other.end())
    for (let i = 0; i < 10; i++) {
      await other.query("SET statement_timeout = '2s'")
      await other.query('SELECT * FROM items')
    }
    await client.query('COMMIT')
    expect(await migrating).toEqual(['2_name'])
  })

  test('makes an index concurrently, and makes an invalid one of an interrupted run again', async () => {
    await add(
      '1_items',
      'CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items SELECT i, i FROM generate_series(1, 1000) i;'
    )
    await migrate(database.url, { folder })
    await add('2_index', '-- By name.\nCREATE INDEX CONCURRENTLY "items_name" ON items (name);\n')
    // An old transaction makes it wait; the connection is lost meanwhile.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await client.query('SELECT * FROM items')
    const interrupted = migrate(database.url, { folder, lockTimeoutMs: 60_000 }).catch((error) => error)
    const other = await connect()
    onTestFinished(() => other.end())
    await vi.waitFor(
      async () =>
        expect(
          (
            await other.query(
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY%' AND wait_event_type = 'Lock' AND datname = current_database() AND pid <> pg_backend_pid()"
            )
          ).rowCount
        ).toBe(1),
      { timeout: 10_000 }
    )
    expect(await interrupted).toBeInstanceOf(MigrationError)
    await client.query('COMMIT')
    expect(await indexes()).toEqual([{ name: 'items_name', valid: false }])
    expect(await readSchemaState(client, folder)).toEqual({ kind: 'unfinished', migration: '2_index' })
    expect(await migrate(database.url, { folder, ...quick })).toEqual(['2_index'])
    expect(await indexes()).toEqual([{ name: 'items_name', valid: true }])
    expect(await readSchemaState(client, folder)).toEqual({ kind: 'fits' })
  })

  test('waits for an older transaction as long as it lasts, a backup for example, and makes the index once', async () => {
    await add('1_items', 'CREATE TABLE items (id int PRIMARY KEY, name text);')
    await migrate(database.url, { folder })
    await add('2_index', 'CREATE INDEX CONCURRENTLY "items_name" ON items (name);')
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await client.query('SELECT * FROM items')
    const migrating = migrate(database.url, { folder, lockTimeoutMs: 200 })
    const other = await connect()
    onTestFinished(() => other.end())
    const oid = async () => (await other.query("SELECT to_regclass('items_name')::oid AS oid")).rows[0].oid
    await vi.waitFor(async () => expect(await oid()).not.toBeNull(), { timeout: 5000 })
    const made = await oid()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await other.query("INSERT INTO items VALUES (1, 'written meanwhile')")
    await client.query('COMMIT')
    expect(await migrating).toEqual(['2_index'])
    expect(await oid()).toBe(made)
    expect(await indexes()).toEqual([{ name: 'items_name', valid: true }])
  })

  test('drops an index concurrently, and again when it could not record that', async () => {
    await add('1_items', 'CREATE TABLE items (id int PRIMARY KEY, name text); CREATE INDEX items_name ON items (name);')
    await add('2_drop', 'DROP INDEX CONCURRENTLY items_name;')
    expect(await migrate(database.url, { folder })).toEqual(['1_items', '2_drop'])
    expect(await indexes()).toEqual([])
    await client.query("UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '2_drop'")
    expect(await migrate(database.url, { folder })).toEqual(['2_drop'])
  })

  test('makes an index of a partitioned table partition by partition, and goes on after an interruption', async () => {
    await add(
      '1_items',
      `CREATE TABLE items (id int, at int NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
       CREATE TABLE items_old PARTITION OF items FOR VALUES FROM (0) TO (10);
       CREATE TABLE items_new PARTITION OF items FOR VALUES FROM (10) TO (20);
       INSERT INTO items SELECT i, i FROM generate_series(0, 19) i;`
    )
    await migrate(database.url, { folder })
    await add('2_index', 'CREATE UNIQUE INDEX CONCURRENTLY items_at ON items (at, id);')
    // Of an attempt before: the index of the whole, and one of a partition.
    await client.query('CREATE UNIQUE INDEX items_at ON ONLY items (at, id)')
    await client.query('CREATE UNIQUE INDEX items_at_new ON items_new (at, id)')
    await client.query('ALTER INDEX items_at ATTACH PARTITION items_at_new')
    expect(await migrate(database.url, { folder })).toEqual(['2_index'])
    expect((await indexes()).toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: 'items_at', valid: true },
      { name: 'items_at_new', valid: true },
      { name: 'items_at_old', valid: true }
    ])
    await client.query('CREATE TABLE items_next PARTITION OF items FOR VALUES FROM (20) TO (30)')
    await client.query('INSERT INTO items VALUES (25, 25)')
    await expect(client.query('INSERT INTO items VALUES (25, 25)')).rejects.toThrow(/duplicate/)
  })

  test.each([
    'CREATE INDEX CONCURRENTLY a ON items (id); CREATE INDEX CONCURRENTLY b ON items (id);',
    'ALTER TABLE items ADD COLUMN name text; CREATE INDEX CONCURRENTLY a ON items (name);',
    'CREATE INDEX CONCURRENTLY public.a ON items (id);'
  ])('refuses what cannot be begun again: %s', async (sql) => {
    await add('1_items', 'CREATE TABLE items (id int PRIMARY KEY);')
    await add('2_index', sql)
    await expect(migrate(database.url, { folder })).rejects.toThrow(/2_index was not applied: CONCURRENTLY must be one/)
    expect(await history()).toEqual([{ name: '1_items', finished: true, undone: false }])
  })

  test('does not wait for another migration without bound', async () => {
    await add('1_items', 'CREATE TABLE items (id int PRIMARY KEY);')
    await client.query('SELECT pg_advisory_lock(4010201)')
    await expect(migrate(database.url, { folder, turnTimeoutMs: 300 })).rejects.toThrow(/has not ended within/)
    await client.query('SELECT pg_advisory_unlock(4010201)')
    expect(await migrate(database.url, { folder })).toEqual(['1_items'])
  })

  test('keeps a valid index that an interrupted run could not record', async () => {
    await add('1_items', 'CREATE TABLE items (id int PRIMARY KEY, name text);')
    await migrate(database.url, { folder })
    await client.query('CREATE INDEX items_name ON items (name)')
    await client.query("INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('a', '', '2_index')")
    await add('2_index', 'CREATE INDEX CONCURRENTLY "items_name" ON items (name);')
    expect(await migrate(database.url, { folder, ...quick })).toEqual(['2_index'])
    expect(await indexes()).toEqual([{ name: 'items_name', valid: true }])
  })

  test('several at once take turns, also while one makes an index that waits for every older statement', async () => {
    await add('1_items', 'CREATE TABLE items (id int PRIMARY KEY, name text);')
    await add('2_index', 'CREATE INDEX CONCURRENTLY "items_name" ON items (name);')
    const runs = await Promise.all([1, 2, 3, 4].map(() => migrate(database.url, { folder })))
    expect(runs.flat().sort()).toEqual(['1_items', '2_index'])
  })

  test('what a later version added does not matter, until it takes away what this version needs', async () => {
    await cp(own, folder, { recursive: true })
    await migrate(database.url, { folder })
    const later = new URL('99990101000000_later/', folder)
    await add('99990101000000_later', 'CREATE TABLE later (id int);')
    await migrate(database.url, { folder })
    expect(await readSchemaState(client)).toEqual({ kind: 'fits' })
    expect(await migrate(database.url)).toEqual([])
    await add('99990201000000_contract', "UPDATE schema_contract SET oldest_migration = '99990101000000_later';")
    await migrate(database.url, { folder })
    expect(await readSchemaState(client, folder)).toEqual({ kind: 'fits' })
    expect(await readSchemaState(client)).toEqual({ kind: 'ahead', oldestMigration: '99990101000000_later' })
    await expect(migrate(database.url)).rejects.toThrow(/later version of Countersign, which this version cannot use/)
    await rm(later, { recursive: true })
  })
})
