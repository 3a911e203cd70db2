import { Prisma } from '@countersign/prisma'
import {
  createTestDatabase,
  type PostgresRecorder,
  startPostgresFaults,
  startPostgresRecorder,
  startTcpProxy,
  type TestDatabase
} from '@countersign/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
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

  describe('that are sent together with their commit', () => {
    const insert = (value: number) => Prisma.sql`INSERT INTO together VALUES (${value}::int) RETURNING value`
    const stored = async () =>
      (await pool.query<{ value: number }>('SELECT value FROM together ORDER BY value')).rows.map(({ value }) => value)
    beforeEach(async () => {
      await pool.query('DROP TABLE IF EXISTS together')
      await pool.query('CREATE TABLE together (value int PRIMARY KEY)')
    })

    test('take two round trips, however many they are, and give the rows of the last one', async () => {
      const delayMilliseconds = 500
      const farAway = await startTcpProxy({ target: database.url, delayMilliseconds })
      const distant = openDatabasePool({ url: farAway.url, connections: 1 })
      onTestFinished(async () => {
        await distant.end()
        await farAway.close()
      })
      const { pipeline } = createPreparedStatements(distant)
      await distant.query('SELECT')
      const took: number[] = []
      for (const values of [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9]
      ]) {
        const startedAt = performance.now()
        expect(await pipeline(values.map(insert))).toEqual([{ value: values.at(-1) }])
        took.push(performance.now() - startedAt)
      }
      // A third one would be part of each.
      expect(Math.min(...took)).toBeLessThan(3 * delayMilliseconds)
      expect(await stored()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    })

    test('are planned for their values each time, unlike what follows on the connection', async () => {
      const { pipeline, queryable } = createPreparedStatements(pool)
      const mode = Prisma.sql`SELECT current_setting('plan_cache_mode') AS mode`
      expect(await pipeline([mode])).toEqual([{ mode: 'force_custom_plan' }])
      expect(await queryable.$queryRaw(mode)).toEqual([{ mode: 'auto' }])
    })

    test('leave nothing if one fails, and fail as that one did', async () => {
      const { pipeline } = createPreparedStatements(pool)
      for (const values of [
        [1, 1, 2],
        [1, 2, 1]
      ]) {
        await expect(pipeline(values.map(insert))).rejects.toMatchObject({ code: '23505' })
        expect(await stored()).toEqual([])
      }
      expect(await pipeline([insert(1)])).toEqual([{ value: 1 }])
      expect(pool.totalCount).toBe(1)
    })

    test('leave nothing if their transaction cannot begin', async () => {
      const faults = await startPostgresFaults(database.url)
      const faulty = openDatabasePool({ url: faults.url, connections: 1 })
      onTestFinished(async () => {
        await faulty.end()
        await faults.close()
      })
      faults.intercept({
        matches: /^BEGIN/,
        moment: 'before_sending',
        action: (exchange) => exchange.failWith('57014')
      })
      await expect(createPreparedStatements(faulty).pipeline([insert(1)])).rejects.toMatchObject({ code: '57014' })
      expect(await stored()).toEqual([])
    })

    test('are done again as a whole, without preparation, if the connection has lost one of them', async () => {
      const { pipeline } = createPreparedStatements(pool)
      await pipeline([insert(1), insert(2)])
      await pool.query('DEALLOCATE ALL')
      await pipeline([insert(3), Prisma.sql`INSERT INTO together VALUES (${4}::int), (5)`])
      expect(await stored()).toEqual([1, 2, 3, 4, 5])
      expect(await preparedNames()).toEqual([])
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
