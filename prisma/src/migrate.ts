import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { applyConcurrentIndex, type ConcurrentIndex, parseConcurrentIndex } from './concurrent-index.ts'
import { type Migration, migrationsFolder, readMigration, readMigrationNames } from './migrations.ts'
import { readHistory, readSchemaState, SchemaError } from './schema-state.ts'

export interface MigrateOptions {
  /** Called once for each migration that was applied, and when something takes long. */
  log?: (message: string) => void
  /** Default: the migrations of this version. */
  folder?: URL
  /** How long one attempt may wait for a lock, in milliseconds, while what comes behind it waits too. Default 3,000. */
  lockTimeoutMs?: number
  /** How often it is attempted, a second after the last. Default 60. */
  attempts?: number
  /** How long another migration of this database is waited for, in milliseconds. Default 3,600,000: an hour. */
  turnTimeoutMs?: number
}

/** A migration that could not be applied. Nothing of it is left, but an index that is made without locks may have to be made again. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  readonly code = 'ERR_MIGRATION'

  constructor(migration: string, cause: unknown) {
    const { message, code } = cause as { message?: unknown; code?: unknown }
    const reason = `${message}${code === undefined ? '' : ` (${code})`}`
    super(`The migration ${migration} was not applied: ${reason}. Fix that, and run migrate again.`, { cause })
  }
}

/** Any number, the same in every replica: it makes two migrations of one database take turns. */
const migrationLockId = 4_010_201
const turnIntervalMs = 250
const attemptIntervalMs = 1000
const connectTimeoutMs = 10_000
const progressIntervalMs = 30_000

/** The table that Prisma makes, so that its tools read it. */
const historyTable = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`

/**
 * Brings a database to this version's schema. Safe to run by several replicas at once, and again when nothing is to do. A
 * database of a later version is left as it is, as long as this version can use it.
 *
 * Each migration and its record are one transaction. Its locks are waited for within bounds and again, so that the services are
 * not held up behind it. An index that is made `CONCURRENTLY` stands alone in its migration; an invalid one of an interrupted
 * attempt is dropped and made again. On a partitioned table it is made partition by partition.
 * @param databaseUrl a `postgres://` URL of a user that may create tables
 * @returns the names of the migrations that were applied now
 * @throws {SchemaError} when the database is of a later version, which this version cannot use
 * @throws {MigrationError} when a migration fails
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<string[]> {
  const { log = () => {}, folder = migrationsFolder } = options
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'countersign-migrate',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true
  })
  client.on('error', () => {}) // the query under way fails
  await client.connect()
  try {
    await takeTurn(client, options)
    const state = await readSchemaState(client, folder)
    if (state.kind === 'ahead') throw new SchemaError(state)
    if (state.kind === 'fits') return []
    await client.query(historyTable)
    const { finished } = await readHistory(client)
    const missing = (await readMigrationNames(folder)).filter((name) => !finished.has(name))
    for (const name of missing) {
      await apply(client, await readMigration(folder, name), options)
      log(`Applied the migration ${name}.`)
    }
    return missing
  } finally {
    await client.end()
  }
}

/** Not by waiting in the database: a statement that waits would hold up an index that is made concurrently. */
async function takeTurn(client: pg.Client, options: MigrateOptions): Promise<void> {
  const { log = () => {}, turnTimeoutMs = 3_600_000 } = options
  const startedAt = performance.now()
  let reportedAt = Number.NEGATIVE_INFINITY
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
      migrationLockId
    ])
    if (rows[0]?.taken) return
    const now = performance.now()
    if (now - startedAt > turnTimeoutMs) {
      const seconds = Math.round(turnTimeoutMs / 1000)
      const cause = new Error(`another migration of this database has not ended within ${seconds} seconds`)
      throw new MigrationError('that is next', cause)
    }
    if (now - reportedAt > progressIntervalMs) {
      log('Waiting for another migration of this database.')
      reportedAt = now
    }
    await delay(turnIntervalMs)
  }
}

async function apply(client: pg.Client, migration: Migration, options: MigrateOptions): Promise<void> {
  const { log = () => {}, lockTimeoutMs = 3000, attempts = 60 } = options
  const index = readConcurrentIndex(migration)
  // A role may have bounds for the services, which hold for this as well.
  await client.query(`SET lock_timeout = ${Math.round(lockTimeoutMs)}; SET statement_timeout = 0`)
  for (let attempt = 1; ; attempt++) {
    try {
      if (index === undefined) await applyInTransaction(client, migration)
      else await applyAlone(client, migration, index, log)
      return
    } catch (error) {
      if (!isLocked(error) || attempt >= attempts) throw new MigrationError(migration.name, error)
      if (attempt === 1) log(`The migration ${migration.name} waits for a lock that another transaction holds.`)
      await delay(attemptIntervalMs)
    }
  }
}

async function applyInTransaction(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(migration.sql)
    await forgetAttempts(client, migration)
    await record(client, migration)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}) // a connection that is gone has rolled back
    throw error
  }
}

function readConcurrentIndex({ name, sql }: Migration): ConcurrentIndex | undefined {
  try {
    return parseConcurrentIndex(sql)
  } catch (error) {
    throw new MigrationError(name, error)
  }
}

/** Recorded first, so that the services know it is under way. */
async function applyAlone(
  client: pg.Client,
  migration: Migration,
  index: ConcurrentIndex,
  log: (message: string) => void
): Promise<void> {
  await forgetAttempts(client, migration)
  const id = await record(client, migration, { isFinished: false })
  const startedAt = performance.now()
  let step = ''
  const progress = setInterval(() => {
    log(`Still ${step} (${Math.round((performance.now() - startedAt) / 1000)} s so far).`)
  }, progressIntervalMs)
  try {
    await applyConcurrentIndex(client, index, (next) => {
      step = next
    })
  } finally {
    clearInterval(progress)
  }
  await client.query('UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1', [id])
}

async function forgetAttempts(client: pg.Client, { name }: Migration): Promise<void> {
  await client.query(
    'UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL',
    [name]
  )
}

async function record(client: pg.Client, { name, checksum }: Migration, { isFinished = true } = {}): Promise<string> {
  const id = randomUUID()
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, CASE WHEN $4 THEN clock_timestamp() END, $5)`,
    [id, checksum, name, isFinished, isFinished ? 1 : 0]
  )
  return id
}

/** A lock timeout or a deadlock. */
function isLocked(error: unknown): boolean {
  return ['55P03', '40P01'].includes(String((error as { code?: unknown }).code))
}
