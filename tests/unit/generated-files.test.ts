import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

describe('the types of the pages', () => {
  test('are what `npm run docs` makes of the OpenAPI document', () => {
    const made = execFileSync(process.execPath, ['docs/page-types.mjs', '--print'], { cwd: root, encoding: 'utf8' })
    expect(readFileSync(`${root}services/bff-service/web/src/api/auth-service.ts`, 'utf8')).toBe(made)
  })
})

describe('the tables of routes, commands and metrics', () => {
  test('are what `npm run docs` writes', () => {
    execFileSync(process.execPath, ['docs/reference-tables.mjs', '--check'], { cwd: root, encoding: 'utf8' })
  })
})
