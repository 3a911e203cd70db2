import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anchorsOf } from './fixtures/anchors.ts'
import { createFolder, npm, removeFolder, repository } from './fixtures/npm.ts'

const run = promisify(execFile)
const committed = join(repository, 'docs', 'verifier-api')

let generated: string
beforeAll(async () => {
  generated = await createFolder('api')
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  await run(process.execPath, [tsc, '-b', join(repository, 'shared', 'verifier')])
}, 120_000)
afterAll(() => removeFolder(generated))

async function readPages(folder: string): Promise<Map<string, string>> {
  const names = (await readdir(folder)).sort()
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const))
  )
}

describe('the API documentation in docs/verifier-api', () => {
  test('is what the types say, each of them with a comment; `npm run docs` regenerates it', {
    timeout: 120_000
  }, async () => {
    await npm(repository, ['run', 'generate', '--workspace', 'docs', '--', '--out', generated])
    const [now, before] = await Promise.all([readPages(generated), readPages(committed)])
    expect([...before.keys()]).toEqual([...now.keys()])
    for (const [name, page] of now) expect(before.get(name), `docs/verifier-api/${name}`).toBe(page)
  })

  test('has links that lead somewhere, on any Git host', async () => {
    const pages = await readPages(committed)
    const anchors = new Map([...pages].map(([name, page]) => [name, anchorsOf(page)]))
    const links = [...pages].flatMap(([name, page]) =>
      [...page.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(([link, file, anchor]) => ({
        link: `${name}: ${link}`,
        leads: anchor === undefined ? pages.has(file ?? '') : anchors.get(file || name)?.has(anchor)
      }))
    )
    expect(links.length).toBeGreaterThan(100)
    expect(links.filter(({ leads }) => !leads)).toEqual([])
  })
})
