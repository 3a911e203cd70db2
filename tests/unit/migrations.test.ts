import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const folder = new URL('../../prisma/migrations/', import.meta.url)
const migrations = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({ name, sql: readFileSync(new URL(`${name}/migration.sql`, folder), 'utf8') }))
const statementsOf = (sql: string) =>
  sql
    .replace(/--[^\n]*/g, '')
    .split(';')
    .filter((statement) => statement.trim() !== '')

test.each(migrations)(
  '$name makes an index CONCURRENTLY alone, since that cannot be part of a transaction',
  ({ sql }) => {
    if (/\bCONCURRENTLY\b/.test(sql)) expect(statementsOf(sql)).toHaveLength(1)
    // BEGIN without a semicolon opens the body of a function.
    expect(sql).not.toMatch(/^\s*(?:BEGIN|COMMIT)(?:\s+(?:WORK|TRANSACTION)\b|\s*;)/im)
  }
)
