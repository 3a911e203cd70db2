import { TemporarilyUnavailableError } from '@countersign/oauth'
import { findSchemaFault, openPrismaClient, Prisma, type PrismaClient } from '@countersign/prisma'
import pg from 'pg'

export interface DatabaseOptions {
  url: string
  /** Connections of this replica. */
  connections: number
}

/** The connections of this replica. */
export type DatabasePool = pg.Pool
/** One of them, in a transaction. */
export type DatabaseConnection = pg.PoolClient

/** Carries out statements that are written as templates: each value becomes a parameter. */
export interface Queryable {
  /** @returns the rows, with `bigint` as such */
  $queryRaw<Rows = unknown>(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<Rows>
  /** @returns how many rows it changed */
  $executeRaw(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>
}

export interface Database extends Queryable {
  /** Prisma's client on the same connections, for plain look-ups. Its engine is loaded at the first call. */
  prisma(): Promise<PrismaClient>
  $transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>
  $disconnect(): Promise<void>
}

const connectTimeoutMs = 3000
/** The time that a readiness check waits. */
const probeTimeoutMs = 1000
/** How long a statement may run, or wait for a lock, in Postgres. */
export const statementTimeoutMs = 5000
/** Longer than the timeout of Postgres itself, so that its error comes first. */
const queryTimeoutMs = statementTimeoutMs + 1000

/** Opens the pool. Waits are bounded, so that requests to a hanging database get a 503 and do not pile up. */
export function openDatabasePool({ url, connections }: DatabaseOptions): DatabasePool {
  return new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    statement_timeout: statementTimeoutMs,
    lock_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    query_timeout: queryTimeoutMs,
    // A statement that is queried before the one before it has its response is sent at once.
    pipeline: true,
    application_name: 'countersign-auth-service'
  })
}

/** What readiness and the watch over the database ask of it. Rejects when there is no response in time. */
export interface DatabaseProbe {
  isReachable(): Promise<boolean>
  /** @returns what of its schema does not fit this version, as a sentence */
  findSchemaFault(): Promise<string | undefined>
  close(): Promise<void>
}

/**
 * A connection only for that: with the pool's, a check would wait behind the very requests that fill it.
 */
export function openDatabaseProbe(url: string): DatabaseProbe {
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: probeTimeoutMs,
    query_timeout: probeTimeoutMs,
    idleTimeoutMillis: 60_000,
    application_name: 'countersign-auth-service-health'
  })
  pool.on('error', () => {})
  return {
    isReachable: async () => (await pool.query('SELECT 1')).rowCount === 1,
    findSchemaFault: () => findSchemaFault(pool),
    close: () => pool.end()
  }
}

/** Statements on these connections, which `$disconnect` closes. */
export function openDatabase(pool: DatabasePool): Database {
  // An idle connection that breaks is no error: the pool opens another one.
  pool.on('error', () => {})
  let client: Promise<PrismaClient> | undefined
  return {
    ...queryableOn(statementsOn(pool)),
    prisma() {
      client ??= openPrismaClient(pool)
      return client
    },
    $transaction: (work) => transactionOn(pool, (connection) => work(queryableOn(statementsOn(connection)))),
    async $disconnect() {
      await (await client)?.$disconnect()
      await pool.end()
    }
  }
}

const statementsOn =
  (on: DatabasePool | DatabaseConnection): RunStatement =>
  (text, values) =>
    on.query({ text, values: [...values], types: bigintTypes })

/** `bigint` as such, which node-postgres leaves as text. */
const bigintTypes: pg.CustomTypesConfig = {
  getTypeParser: (type, format) =>
    type === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(type, format as 'text')
}

/** Runs statements in one transaction (read committed). */
export function inTransaction<T>(database: Database, work: (transaction: Queryable) => Promise<T>): Promise<T> {
  return database.$transaction(work)
}

const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED'
/** Prepared statements are planned at each call: a plan that was made for an empty table scans all of it when it is full. */
const planningEachTime = 'SET LOCAL plan_cache_mode = force_custom_plan'

/** Runs work in one transaction (read committed), on a connection of the pool. */
export function transactionOn<T>(pool: DatabasePool, work: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
  return onConnection(pool, async (connection) => {
    await connection.query(begin)
    const result = await work(connection)
    await connection.query('COMMIT')
    return result
  })
}

/**
 * Runs statements in one transaction (read committed) that are sent together with its commit: two round trips.
 * @param statements with values that node-postgres can send as they are: texts, numbers and `null`. What it refuses itself would not keep
 * the others from being committed.
 */
export function pipelineOn(pool: DatabasePool, statements: readonly pg.QueryConfig[]): Promise<pg.QueryResult[]> {
  return onConnection(pool, async (connection) => {
    // Without a transaction, the statements would be committed one by one.
    await connection.query(`${begin}; ${planningEachTime}`)
    // Each waits for those before it, too.
    const send = (statement: pg.QueryConfig, at: number) =>
      connection.query({ ...statement, query_timeout: (at + 1) * queryTimeoutMs } as pg.QueryConfig)
    const sent = statements.map(send)
    const commit = send({ text: 'COMMIT' }, statements.length)
    // After a statement that failed, the others fail since it did, and the commit rolls back.
    await Promise.allSettled([...sent, commit])
    const results = await Promise.all(sent)
    await commit
    return results
  })
}

/** Lends a connection of the pool for one transaction, which is rolled back if the work fails. */
async function onConnection<T>(pool: DatabasePool, work: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
  const connection = await pool.connect()
  let fault: Error | undefined
  const onError = (error: Error) => {
    fault = error
  }
  // The running statement rejects with it; without a listener it would end the process.
  connection.on('error', onError)
  try {
    return await work(connection)
  } catch (error) {
    await connection.query('ROLLBACK').catch(onError)
    throw error
  } finally {
    connection.off('error', onError)
    connection.release(fault)
  }
}

/** Runs a statement with `$1`, `$2` … on a connection. */
export type RunStatement = (text: string, values: readonly unknown[]) => Promise<pg.QueryResult>

/** Lets statements that are written as templates run on this. From a connection, `bigint` comes as text. */
export function queryableOn(on: DatabaseConnection | RunStatement): Queryable {
  const send: RunStatement = typeof on === 'function' ? on : (text, values) => on.query(text, [...values])
  const run: (...call: Parameters<Queryable['$executeRaw']>) => Promise<pg.QueryResult> = (statement, ...values) => {
    const { text, values: bound } = statement instanceof Prisma.Sql ? statement : Prisma.sql(statement, ...values)
    return send(text, bound)
  }
  return {
    $queryRaw: async <Rows>(...call: Parameters<typeof run>) => (await run(...call)).rows as Rows,
    $executeRaw: async (...call) => (await run(...call)).rowCount ?? 0
  }
}

/** Prisma's codes for "cannot reach", "timed out", "no connection free", "closed", "write conflict", "pool". */
const unavailableCodes = new Set(['P1001', 'P1002', 'P1008', 'P1011', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037'])

/**
 * SQLSTATE classes: connection exception, transaction rollback, insufficient resources, operator intervention, system error;
 * and the states of a server that became a standby, of a transaction that was idle too long, and of a lock timeout.
 */
const unavailableStates = /^(08|40|53|57|58|25006|25P03|55P03)/

/** Network faults as Node names them. */
const unavailableSystemCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN'
])

/**
 * Turns "the database is unavailable or busy" into 503; every other error is rethrown.
 * @throws {TemporarilyUnavailableError}
 */
export async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isUnavailable(error)) {
      throw new TemporarilyUnavailableError({ detail: 'the database is not available', cause: error })
    }
    throw error
  }
}

/** Whether a statement was refused since a unique index holds the value already. */
export function isUniqueViolation(error: unknown): boolean {
  return (error as { code?: unknown }).code === '23505'
}

/** Walks the causes: the driver wraps the system's error, and Prisma the driver's. */
function isUnavailable(error: unknown): boolean {
  for (let cause: unknown = error, depth = 0; cause instanceof Object && depth < 5; depth++) {
    const { code, originalCode, kind, message, name } = cause as Record<string, unknown>
    for (const word of [code, originalCode]) {
      if (typeof word !== 'string') continue
      if (unavailableCodes.has(word) || unavailableStates.test(word) || unavailableSystemCodes.has(word)) return true
    }
    if (
      typeof kind === 'string' &&
      /^(DatabaseNotReachable|SocketTimeout|ConnectionClosed|TooManyConnections)$/.test(kind)
    ) {
      return true
    }
    if (name !== 'TypeError' && typeof message === 'string' && connectionMessage.test(message)) return true
    cause =
      (cause as { cause?: unknown }).cause ??
      (cause as { meta?: { driverAdapterError?: unknown } }).meta?.driverAdapterError
  }
  return error instanceof Error && error.name === 'PrismaClientInitializationError'
}

/** node-postgres throws these without a code. */
const connectionMessage =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|server closed the connection|Unable to start a transaction/i
