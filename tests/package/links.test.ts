import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { anchorsOf } from './fixtures/anchors.ts'
import { repository } from './fixtures/npm.ts'
import { pages, readPage } from './fixtures/pages.ts'

const textOf = (page: string) => readPage(page).replaceAll(/^ *```.*?^ *```/gms, '')
const matchesIn = (pattern: RegExp) =>
  pages.flatMap((page) => [...textOf(page).matchAll(pattern)].map(([text, ...groups]) => ({ page, text, groups })))

describe('the README and the other pages', () => {
  test('have links that lead to a file, and to a heading in it', () => {
    const links = matchesIn(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)
    expect(links.length).toBeGreaterThan(50)
    const broken = links.filter(({ page, groups: [file, anchor] }) => {
      const target = file ? posix.join(posix.dirname(page), file) : page
      if (!existsSync(join(repository, target))) return true
      return anchor !== undefined && !anchorsOf(readPage(target)).has(anchor)
    })
    expect(broken.map(({ page, text }) => `${page}: ${text}`)).toEqual([])
  })

  test('name files of the repository that are there', () => {
    const names = matchesIn(/`((?:\.ci|bench|dev|docker|docs|prisma|services|shared|tests)\/[\w./-]+)`/g)
    expect(names.length).toBeGreaterThan(50)
    const missing = names.filter(({ groups: [name] }) => !existsSync(join(repository, name as string)))
    expect(missing.map(({ page, text }) => `${page}: ${text}`)).toEqual([])
  })
})
