import { migrate } from '@countersign/prisma'
import { orUnavailable } from './database.ts'

/**
 * Brings a database to this version's schema.
 * @returns the names of the migrations that were applied now
 * @throws {DatabaseTooNewError} when a later version has migrated it
 */
export function migrateDatabase(url: string, log: (message: string) => void): Promise<string[]> {
  return orUnavailable(migrate(url, { log }))
}
