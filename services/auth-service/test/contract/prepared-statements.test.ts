import {
  createTestDatabase,
  type PostgresRecorder,
  startPostgresRecorder,
  type TestDatabase
} from '@countersign/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DatabasePool, openDatabasePool } from '../../src/stores/postgres/database.ts'
import { createPreparedStatements } from '../../src/stores/postgres/prepared-statements.ts'

describe('statements of hot paths', () => {
  let database: TestDatabase
  let recorder: PostgresRecorder
  let pool: DatabasePool

  beforeAll(async () => {
    database = await createTestDatabase()
    recorder = await startPostgresRecorder(database.url)
  })
  afterAll(async () => {
    await recorder?.close()
    await database?.drop()
  })
  beforeEach(() => {
    pool = openDatabasePool({ url: recorder.url, connections: 1 })
    return () => pool.end()
  })

  const preparedNames = async () =>
    (await pool.query<{ name: string }>('SELECT name FROM pg_prepared_statements')).rows.map(({ name }) => name)

  test('are prepared once on a connection, and give their rows with the values of each call', async () => {
    const statements = createPreparedStatements(pool)
    const echo = statements.prepare('SELECT $1::int AS value')
    for (const value of [1, 2, 3]) expect(await echo([value])).toEqual([{ value }])
    const list = statements.prepare("SELECT $1::text AS text, ARRAY['x', 'y'] AS list")
    expect(await list(['a'])).toEqual([{ text: 'a', list: ['x', 'y'] }])
    expect(await preparedNames()).toHaveLength(2)
    recorder.clear()
    await echo([4])
    expect(recorder.roundTrips).toEqual([['SELECT $1::int AS value']])
  })

  test('run without preparation if each transaction gets another connection', async () => {
    const echo = createPreparedStatements(pool).prepare('SELECT $1::int AS value')
    await echo([1])
    // What a pooler does that knows no prepared statements: the next transaction is on a connection that has none.
    await pool.query('DEALLOCATE ALL')
    for (const value of [2, 3]) expect(await echo([value])).toEqual([{ value }])
    expect(await preparedNames()).toEqual([])
  })

  describe('on several connections that have all lost their prepared statements', () => {
    const count = 4
    /** Holds all connections at once, so that each of them does it. */
    const onEach = async (text: string) => {
      const connections = await Promise.all(Array.from({ length: count }, () => pool.connect()))
      await Promise.all(connections.map((connection) => connection.query(text)))
      for (const connection of connections) connection.release()
    }
    beforeEach(async () => {
      await pool.end()
      pool = openDatabasePool({ url: recorder.url, connections: count })
    })

    test('each running statement completes', async () => {
      const echo = createPreparedStatements(pool).prepare('SELECT $1::int AS value, pg_sleep(0.05) IS NULL AS slept')
      const echoAll = () => Promise.all(Array.from({ length: 2 * count }, (_, value) => echo([value])))
      await echoAll()
      await onEach('DEALLOCATE ALL')
      expect(await echoAll()).toEqual(Array.from({ length: 2 * count }, (_, value) => [{ value, slept: false }]))
    })

    test('each transaction that is under way is done again as a whole, and leaves its changes once', async () => {
      await pool.query('CREATE TABLE done (value int)')
      const statements = createPreparedStatements(pool)
      const insert = statements.prepare('INSERT INTO done VALUES ($1)')
      const insertTwice = (value: number) =>
        statements.transaction(async (connection) => {
          await connection.query('INSERT INTO done VALUES ($1)', [value])
          await insert([value], connection)
          return value
        })
      const insertAll = (from: number) =>
        Promise.all(Array.from({ length: 2 * count }, (_, at) => insertTwice(from + at)))
      await insertAll(0)
      await onEach('DEALLOCATE ALL')
      await insertAll(100)
      const { rows } = await pool.query('SELECT value, count(*)::int AS times FROM done GROUP BY value')
      expect(rows).toHaveLength(4 * count)
      expect(new Set(rows.map(({ times }) => times))).toEqual(new Set([2]))
    })

    test('a transaction that fails leaves nothing, and its connection as good as new', async () => {
      await pool.query('CREATE TABLE undone (value int)')
      const statements = createPreparedStatements(pool)
      const insert = statements.prepare('INSERT INTO undone VALUES ($1)')
      const failing = () =>
        statements.transaction(async (connection) => {
          await insert([1], connection)
          throw new Error('changed my mind')
        })
      for (let at = 0; at < 2 * count; at++) await expect(failing()).rejects.toThrow('changed my mind')
      expect((await pool.query('SELECT * FROM undone')).rows).toEqual([])
      expect(pool.totalCount).toBeLessThanOrEqual(count)
    })
  })

  test('run without preparation if another client has prepared them on this connection', async () => {
    await createPreparedStatements(pool).prepare('SELECT $1::int AS value')([1])
    const [name] = await preparedNames()
    await pool.end()
    pool = openDatabasePool({ url: recorder.url, connections: 1 })
    await pool.query(`PREPARE ${name} AS SELECT 'of somebody else'`)
    expect(await createPreparedStatements(pool).prepare('SELECT $1::int AS value')([2])).toEqual([{ value: 2 }])
  })

  test('do not change any other error, and stay prepared', async () => {
    const divide = createPreparedStatements(pool).prepare('SELECT 1 / $1::int AS value')
    for (let at = 0; at < 3; at++) await expect(divide([0])).rejects.toMatchObject({ code: '22012' })
    expect(await divide([1])).toEqual([{ value: 1 }])
    expect(await preparedNames()).toHaveLength(1)
  })
})
