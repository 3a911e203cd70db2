import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { MigrationList } from '@prisma/schema-engine-wasm'
import pg from 'pg'
import { createSchemaEngine } from './schema-engine.ts'

const schemaFile = new URL('../schema.prisma', import.meta.url)
const migrationsFolder = new URL('../migrations/', import.meta.url)

/** Any number, the same in every replica: it makes two migrations of one database take turns. */
const migrationLockId = 4_010_201

export interface MigrateOptions {
  /** Told once for each migration that was applied. */
  log?: (message: string) => void
}

/** Thrown when the database holds migrations that this version does not know: it was made by a later version. */
export class DatabaseTooNewError extends Error {
  readonly code = 'ERR_DATABASE_TOO_NEW'

  constructor(unknown: readonly string[]) {
    super(
      `The database was made by a later version of Countersign: it holds the migrations ${unknown.join(', ')}, ` +
        'which this version does not know. Run that version or a later one; nothing was changed.'
    )
    this.name = 'DatabaseTooNewError'
  }
}

/**
 * Brings a database to this version's schema. Safe to run by several replicas at once, and again when nothing is to do.
 * @param databaseUrl a `postgres://` URL of a user that may create tables
 * @returns the names of the migrations that were applied now
 * @throws {DatabaseTooNewError} when the database is of a later version
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<string[]> {
  const lock = new pg.Client({ connectionString: databaseUrl })
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  await lock.connect()
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [migrationLockId])
    const migrationsList = await readMigrations()
    const known = migrationsList.migrationDirectories.map(({ path }) => path)
    const applied = await appliedMigrations(lock)
    const unknown = applied.filter((name) => !known.includes(name))
    if (unknown.length > 0) throw new DatabaseTooNewError(unknown)
    if (applied.length === known.length) return []
    const engine = await createSchemaEngine(pool, await readFile(schemaFile, 'utf8'))
    try {
      const filters = { externalTables: [], externalEnums: [] }
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters })
      for (const name of appliedMigrationNames) options.log?.(`Applied the migration ${name}.`)
      return appliedMigrationNames
    } finally {
      engine.free()
    }
  } finally {
    await pool.end()
    await lock.end()
  }
}

async function appliedMigrations(client: pg.Client): Promise<string[]> {
  const { rows: tables } = await client.query("SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present")
  if (!tables[0]?.present) return []
  const { rows } = await client.query<{ migration_name: string }>(
    'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL'
  )
  return rows.map((row) => row.migration_name)
}

async function readMigrations(): Promise<MigrationList> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true })
  const names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
  return {
    baseDir: fileURLToPath(migrationsFolder),
    lockfile: {
      path: 'migration_lock.toml',
      content: await readFile(new URL('migration_lock.toml', migrationsFolder), 'utf8')
    },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.map(async (name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: {
            tag: 'ok' as const,
            value: await readFile(new URL(`${name}/migration.sql`, migrationsFolder), 'utf8')
          }
        }
      }))
    )
  }
}
