import { TemporarilyUnavailableError } from '@countersign/oauth'
import { findSchemaFault, Prisma, PrismaClient, PrismaPg } from '@countersign/prisma'
import pg from 'pg'

export interface DatabaseOptions {
  url: string
  /** Connections of this replica. */
  connections: number
}

/** The connections of this replica, used by Prisma and by `prepared-statements.ts`. */
export type DatabasePool = pg.Pool
/** One of them, in a transaction. */
export type DatabaseConnection = pg.PoolClient
export type Database = PrismaClient
/** A client or a transaction of it. */
export type Queryable = Pick<PrismaClient, '$queryRaw' | '$executeRaw'>

const connectTimeoutMs = 3000
/** As long as a readiness check waits. */
const probeTimeoutMs = 1000
/** How long a statement may run, or wait for a lock, in Postgres. */
export const statementTimeoutMs = 5000

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
    query_timeout: statementTimeoutMs + 1000,
    application_name: 'countersign-auth-service'
  })
}

/** What readiness and the watch over the database ask of it. Rejects when there is no answer in time. */
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

/** Prisma on these connections; `$disconnect` closes them. */
export function openDatabase(pool: DatabasePool): Database {
  // An idle connection that breaks is no error: the pool opens another one.
  pool.on('error', () => {})
  const adapter = new PrismaPg(pool, { disposeExternalPool: true })
  return new PrismaClient({ adapter, transactionOptions: { maxWait: connectTimeoutMs, timeout: statementTimeoutMs } })
}

/** Runs statements in one transaction (read committed). */
export function inTransaction<T>(database: Database, work: (transaction: Queryable) => Promise<T>): Promise<T> {
  return database.$transaction((transaction) => work(transaction))
}

/** Runs a statement with `$1`, `$2` … on a connection. */
export type RunStatement = (text: string, values: readonly unknown[]) => Promise<pg.QueryResult>

/** Lets statements that are written for a transaction of Prisma run in this one. `bigint` comes as text. */
export function queryableOn(on: DatabaseConnection | RunStatement): Queryable {
  const send: RunStatement = typeof on === 'function' ? on : (text, values) => on.query(text, [...values])
  const run = (parts: TemplateStringsArray | Prisma.Sql, ...values: unknown[]) => {
    const { text, values: bound } = parts instanceof Prisma.Sql ? parts : Prisma.sql(parts, ...values)
    return send(text, bound)
  }
  return {
    $queryRaw: async (...call: Parameters<typeof run>) => (await run(...call)).rows,
    $executeRaw: async (...call: Parameters<typeof run>) => (await run(...call)).rowCount ?? 0
  } as unknown as Queryable
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
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } } }
  return meta?.driverAdapterError?.cause?.originalCode === '23505'
}

/** Walks the causes: Prisma wraps the driver's error, the driver the system's. */
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
  return error instanceof Prisma.PrismaClientInitializationError
}

/** node-postgres throws these without a code. */
const connectionMessage =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|server closed the connection|Unable to start a transaction/i
