import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'

/** The migrations of this version. */
export const migrationsFolder = new URL('../migrations/', import.meta.url)

export interface Migration {
  /** The name of its folder, which begins with its time. */
  readonly name: string
  readonly sql: string
  /** SHA-256 of its file in hex, as Prisma records it. */
  readonly checksum: string
}

/** @returns the names of the migrations in a folder, in the order in which they are applied */
export async function readMigrationNames(folder: URL): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
}

export async function readMigration(folder: URL, name: string): Promise<Migration> {
  const sql = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8')
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
}
