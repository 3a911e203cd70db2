import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseConcurrentIndex } from '../../prisma/src/concurrent-index.ts'

const folder = new URL('../../prisma/migrations/', import.meta.url)
const migrations = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({ name, sql: readFileSync(new URL(`${name}/migration.sql`, folder), 'utf8') }))

test.each(migrations)('$name can be applied by the runner', ({ sql }) => {
  // Throws when something concurrent is not alone, or not in a form that can be begun again.
  const index = parseConcurrentIndex(sql)
  expect(/\bCONCURRENTLY\b/i.test(withoutComments(sql))).toBe(index !== undefined)
  // Each migration and its record are one transaction.
  expect(withoutComments(sql)).not.toMatch(/(?:^|;)\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|SAVEPOINT)\b/i)
})

function withoutComments(sql: string): string {
  return sql.replace(/--[^\n]*/g, '').replace(/\$\$.*?\$\$/gs, "''")
}
