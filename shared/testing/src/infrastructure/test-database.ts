/** A database for each test file, copied from a template that is migrated once for a run. */
import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { executeAlone } from './database-connections.ts'
import { templateDatabase } from './provided.ts'

export interface TestDatabase {
  readonly name: string
  readonly url: string
  /** Removes it, open connections or not. */
  drop(): Promise<void>
}

/** Makes and migrates the template; for the global set-up. */
export async function makeTemplateDatabase(adminUrl: string): Promise<void> {
  // Here, so that test files do not load it.
  const { migrate } = await import('@countersign/prisma')
  await executeAlone(adminUrl, `CREATE DATABASE ${templateDatabase}`)
  await migrate(urlOf(adminUrl, templateDatabase))
  await executeAlone(adminUrl, `ALTER DATABASE ${templateDatabase} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`)
}

/** A fresh, migrated database; to be dropped in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return copyOf(templateDatabase)
}

/** A fresh database without any table, for tests of the migrations themselves. */
export async function createEmptyTestDatabase(): Promise<TestDatabase> {
  return copyOf('template1')
}

/** A copy of another one, to which nothing may be connected: what a dump and its restoration make. */
export async function copyTestDatabase(original: TestDatabase): Promise<TestDatabase> {
  return copyOf(original.name)
}

async function copyOf(template: string): Promise<TestDatabase> {
  const adminUrl = inject('postgresUrl')
  const name = `test_${randomBytes(8).toString('hex')}`
  await executeAlone(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  return Object.freeze({
    name,
    url: urlOf(adminUrl, name),
    drop: () => executeAlone(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  })
}

function urlOf(adminUrl: string, database: string): string {
  const url = new URL(adminUrl)
  url.pathname = `/${database}`
  return url.href
}
