import {
  findSchemaFault as findFaultOf,
  MigrationError,
  migrate,
  readSchemaState,
  SchemaError
} from '@countersign/prisma'
import { type DatabasePool, openDatabasePool, orUnavailable } from './database.ts'

/**
 * Brings a database to this version's schema.
 * @returns the names of the migrations that were applied now
 * @throws {SchemaError} when the database is of a later version, which this version cannot use
 * @throws {MigrationError} when a migration fails, whatever its cause
 * @throws {TemporarilyUnavailableError} when the database cannot be reached
 */
export async function migrateDatabase(url: string, log: (message: string) => void): Promise<string[]> {
  const outcome = await orUnavailable(migrate(url, { log }).catch(asMigrationError))
  if (outcome instanceof MigrationError) throw outcome
  return outcome
}

/** Its cause may be a lock or a lost connection, which are no reason to call the database unavailable. */
function asMigrationError(error: unknown): MigrationError {
  if (error instanceof MigrationError) return error
  throw error
}

/**
 * For what uses the database once: a command.
 * @throws {SchemaError} saying what to do, when the schema of the database does not fit this version
 */
export async function requireSchema(database: DatabasePool): Promise<void> {
  const state = await orUnavailable(readSchemaState(database))
  if (state.kind !== 'fits') throw new SchemaError(state)
}

/**
 * For what goes on once the schema fits: a service.
 * @returns what does not fit, as a sentence; `undefined` when all does
 * @throws {TemporarilyUnavailableError} when the database cannot be asked
 */
export async function findSchemaFault(url: string): Promise<string | undefined> {
  const pool = openDatabasePool({ url, connections: 1 })
  pool.on('error', () => {})
  try {
    return await orUnavailable(findFaultOf(pool))
  } finally {
    await pool.end()
  }
}
