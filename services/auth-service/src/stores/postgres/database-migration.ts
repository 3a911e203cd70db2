import { migrate, readSchemaState, SchemaError } from '@countersign/prisma'
import { type DatabasePool, openDatabasePool, orUnavailable } from './database.ts'

/**
 * Brings a database to this version's schema.
 * @returns the names of the migrations that were applied now
 * @throws {SchemaError} when the database is of a later version, which this version cannot use
 */
export function migrateDatabase(url: string, log: (message: string) => void): Promise<string[]> {
  return orUnavailable(migrate(url, { log }))
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
    const state = await orUnavailable(readSchemaState(pool))
    return state.kind === 'fits' ? undefined : new SchemaError(state).message
  } finally {
    await pool.end()
  }
}
