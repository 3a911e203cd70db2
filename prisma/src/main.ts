import { readFile } from 'node:fs/promises'
import { migrate } from './migrate.ts'

/** The one-shot migration: brings the database that `DATABASE_URL` (or `DATABASE_URL_FILE`) names to this schema. */
async function main(env: Record<string, string | undefined>): Promise<void> {
  const databaseUrl =
    env.DATABASE_URL ?? (env.DATABASE_URL_FILE && (await readFile(env.DATABASE_URL_FILE, 'utf8')).trim())
  if (!databaseUrl)
    throw new Error(
      'DATABASE_URL (or DATABASE_URL_FILE) must name the database: postgres://user:password@host:5432/name'
    )
  const applied = await migrate(databaseUrl, { log: (message) => process.stdout.write(`${message}\n`) })
  process.stdout.write(applied.length === 0 ? 'The database is up to date.\n' : 'The database is migrated.\n')
}

main(process.env).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
