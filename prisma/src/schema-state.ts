import type pg from 'pg'
import { migrationsFolder, readMigrationNames } from './migrations.ts'

/**
 * How the schema of a database compares to this version.
 *
 * - `fits`: this version can use it. It may be of a later version.
 * - `behind`: it lacks migrations of this version; all of them when the database is empty.
 * - `unfinished`: a migration is under way, or was interrupted.
 * - `ahead`: a later version has taken away what this version needs.
 */
export type SchemaState =
  | { readonly kind: 'fits' }
  | { readonly kind: 'behind'; readonly missing: readonly string[]; readonly isEmpty: boolean }
  | { readonly kind: 'unfinished'; readonly migration: string }
  | { readonly kind: 'ahead'; readonly oldestMigration: string }

/** The schema of a database does not fit this version. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
  /** `ERR_DATABASE_TOO_NEW` when a later version has made it, and `ERR_DATABASE_NOT_MIGRATED` otherwise. */
  readonly code: 'ERR_DATABASE_TOO_NEW' | 'ERR_DATABASE_NOT_MIGRATED'

  constructor(state: Exclude<SchemaState, { kind: 'fits' }>) {
    super(describeSchemaState(state))
    this.code = state.kind === 'ahead' ? 'ERR_DATABASE_TOO_NEW' : 'ERR_DATABASE_NOT_MIGRATED'
  }
}

/** What asks the database: a connection or a pool. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(text: string): Promise<pg.QueryResult<Row>>
}

/**
 * Compares the schema of a database to a version. Migrations that this version does not know do not matter by themselves: they
 * only add, until one says in `schema_contract` which migration a version must know.
 * @param folder the migrations of the version; by default of this one
 * @throws what the driver throws when the database cannot be queried
 */
export async function readSchemaState(database: Queryable, folder: URL = migrationsFolder): Promise<SchemaState> {
  const known = await namesIn(folder)
  const { rows: tables } = await database.query<{ history: boolean; contract: boolean }>(
    "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS history, to_regclass('schema_contract') IS NOT NULL AS contract"
  )
  if (!tables[0]?.history) return { kind: 'behind', missing: known, isEmpty: true }
  if (tables[0].contract) {
    const { rows } = await database.query<{ oldest: string }>('SELECT oldest_migration AS oldest FROM schema_contract')
    const unknown = rows.find(({ oldest }) => !known.includes(oldest))
    if (unknown) return { kind: 'ahead', oldestMigration: unknown.oldest }
  }
  const { finished, unfinished } = await readHistory(database)
  const migration = known.find((name) => unfinished.has(name) && !finished.has(name))
  if (migration) return { kind: 'unfinished', migration }
  const missing = known.filter((name) => !finished.has(name))
  if (missing.length > 0) return { kind: 'behind', missing, isEmpty: finished.size === 0 }
  return { kind: 'fits' }
}

/** @returns what of the schema of a database does not fit this version, as a sentence that says what to do; `undefined` when all does */
export async function findSchemaFault(database: Queryable): Promise<string | undefined> {
  const state = await readSchemaState(database)
  return state.kind === 'fits' ? undefined : describeSchemaState(state)
}

/** The migrations of this version are read once. */
let ownNames: Promise<string[]> | undefined

function namesIn(folder: URL): Promise<string[]> {
  if (folder !== migrationsFolder) return readMigrationNames(folder)
  ownNames ??= readMigrationNames(folder)
  return ownNames
}

/** What the database records of its migrations. */
export async function readHistory(database: Queryable): Promise<{ finished: Set<string>; unfinished: Set<string> }> {
  const { rows } = await database.query<{ name: string; is_finished: boolean }>(`
    SELECT migration_name AS name, finished_at IS NOT NULL AS is_finished
    FROM _prisma_migrations WHERE rolled_back_at IS NULL`)
  const names = (isFinished: boolean) => rows.flatMap((row) => (row.is_finished === isFinished ? [row.name] : []))
  return { finished: new Set(names(true)), unfinished: new Set(names(false)) }
}

function describeSchemaState(state: Exclude<SchemaState, { kind: 'fits' }>): string {
  switch (state.kind) {
    case 'behind':
      return state.isEmpty
        ? 'The database has no schema yet. Run: countersign migrate'
        : `The database is of an earlier version: it lacks ${list(state.missing)}. Run: countersign migrate`
    case 'unfinished':
      return `The migration ${state.migration} is under way, or was interrupted. If none is running, run: countersign migrate`
    case 'ahead':
      return (
        'The database is of a later version of Countersign, which this version cannot use: it requires a version that knows the ' +
        `migration ${state.oldestMigration}. Run such a version; nothing was changed.`
      )
  }
}

function list(migrations: readonly string[]): string {
  const [first, ...rest] = migrations
  return rest.length === 0
    ? `the migration ${first}`
    : `${migrations.length} migrations, ${first} to ${migrations.at(-1)}`
}
