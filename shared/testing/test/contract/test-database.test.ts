import { createEmptyTestDatabase, createTestDatabase, type TestDatabase } from '@countersign/testing'
import pg from 'pg'
import { afterAll, expect, inject, test } from 'vitest'

const made: TestDatabase[] = []
afterAll(async () => {
  await Promise.all(made.map((database) => database.drop()))
})

async function query(url: string, statement: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement, values)).rows
  } finally {
    await client.end()
  }
}

const migrations = 'SELECT count(*)::int AS applied FROM _prisma_migrations'

test('a test database is migrated, and nobody else writes to it', async () => {
  const databases = await Promise.all([createTestDatabase(), createTestDatabase()])
  made.push(...databases)
  const [one, other] = databases
  await query(one.url, 'CREATE TABLE mine ()')
  expect(await query(other.url, migrations)).toEqual([{ applied: expect.toSatisfy((count) => count > 0) }])
  await expect(query(other.url, 'SELECT * FROM mine')).rejects.toThrow(/does not exist/)
})

test('an empty test database has no table', async () => {
  const database = await createEmptyTestDatabase()
  made.push(database)
  await expect(query(database.url, migrations)).rejects.toThrow(/does not exist/)
})

test('a dropped database is gone, even while a client is connected', async () => {
  const database = await createTestDatabase()
  const client = new pg.Client({ connectionString: database.url })
  client.on('error', () => undefined)
  await client.connect()
  await database.drop()
  const found = await query(inject('postgresUrl'), 'SELECT 1 FROM pg_database WHERE datname = $1', [database.name])
  expect(found).toEqual([])
})
