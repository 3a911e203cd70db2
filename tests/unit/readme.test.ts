import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

test('the README has at most 900 words', () => {
  expect(read('README.md').trim().split(/\s+/).length).toBeLessThanOrEqual(900)
})

test('the README says how many goals of the benchmarks are met', () => {
  const [, counts] = /^\*\*(\d+ of \d+) goals are met\.\*\*$/m.exec(read('bench/results.md')) ?? []
  expect(counts).toBeDefined()
  expect(read('README.md')).toContain(`${counts} goals are met`)
})

test('the list of decisions has each of them, by its title', () => {
  const listed = [...read('docs/decisions/README.md').matchAll(/^\* \[(.*)\]\((.*)\)$/gm)]
  const titles = listed.map(([, title, file]) => [file, `# ${title}`])
  const files = listed.map(([, , file]) => file as string)
  expect(titles).toEqual(files.map((file) => [file, read(`docs/decisions/${file}`).split('\n', 1)[0]]))
  expect(files).toEqual(
    readdirSync(new URL('docs/decisions', root))
      .filter((name) => /^\d/.test(name))
      .toSorted()
  )
})
