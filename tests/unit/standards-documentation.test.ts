import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { reasons } from '../interop/oidc-differential/differences.ts'

const page = readFileSync(new URL('../../docs/standards.md', import.meta.url), 'utf8')

interface Row {
  demand: string
  tests: { file: string; title: string }[]
}

/** The rows of the table of demands. */
const rows: Row[] = [
  ...page.matchAll(/^\| (\d{4} §.*?|WebAuthn .*?|OpenID .*?) \| (.*?) \| (.*\.test\.ts.*) \|$/gm)
].map(([, rfc, demand, shownBy = '']) => ({
  demand: `${rfc} ${demand}`,
  tests: [...shownBy.matchAll(/\[[\w-]+\]\(\.\.\/([\w/.-]+\.test\.ts)\) “([^”]+)”/g)].map(([, file, title]) => ({
    file: file as string,
    title: title as string
  }))
}))

/** The titles of the tests of a file, as they are written there, and how each is called, such as `test.each`. */
function readTests(file: string): Map<string, string> {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
  const callOrTitle = /\b((?:test|it)(?:\.\w+)*)[(<]|(['"])((?:\\.|(?!\2)[^\\\n])+)\2,\s*(?:async\s*)?\(/g
  const titles = new Map<string, string>()
  let lastCall = ''
  for (const [, call, , title] of text.matchAll(callOrTitle)) {
    if (title === undefined) lastCall = call as string
    else titles.set(title.replaceAll(/\\(.)/g, '$1'), lastCall)
  }
  for (const [, title] of text.matchAll(/\[\s*'(oidcc-[\w-]+)'/g)) titles.set(title as string, 'test.each')
  return titles
}

const files = new Set(rows.flatMap(({ tests }) => tests.map(({ file }) => file)))
const calls = new Map([...files].map((file) => [file, readTests(file)]))

describe('docs/standards.md', () => {
  test('has a row for each demand, and a test in each row', () => {
    expect(rows.length).toBeGreaterThan(90)
    expect(rows.filter(({ tests }) => tests.length === 0)).toEqual([])
    const shown = rows.flatMap(({ tests }) => tests).length
    expect(page.match(/“/g)).toHaveLength(shown)
  })

  test('names tests that exist', () => {
    const missing = rows.flatMap(({ tests }) => tests).filter(({ file, title }) => !calls.get(file)?.has(title))
    expect(missing).toEqual([])
  })

  test('has a row for each module of the OpenID Foundation: with its test, or the reason for its absence', () => {
    const modules = [...page.matchAll(/^\| OpenID .*? \| `(oidcc-[\w-]+)` \| (.*) \|$/gm)]
    expect(modules.length).toBe(72)
    expect(modules.filter(([, , cell = '']) => !/“|^Not here: ./.test(cell))).toEqual([])
  })

  test('says that a demand is not met exactly where its test is one that fails', () => {
    for (const { demand, tests } of rows) {
      const fails = tests.some(({ file, title }) => calls.get(file)?.get(title)?.includes('.fails'))
      expect({ demand, fails }).toEqual({ demand, fails: demand.includes('Not met yet') })
    }
  })

  test('has a row for each reason why oidc-provider responds differently, and no other', () => {
    const [, table = ''] = /^## Beside oidc-provider$([\s\S]*?)^## /m.exec(page) ?? []
    const rows = [...table.matchAll(/^\| (?!differs|-)(.*?) \|$/gm)].map(([, text]) => text)
    expect(rows).toEqual(Object.values(reasons))
  })
})
