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
