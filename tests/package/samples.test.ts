import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { ask } from './fixtures/api.ts'
import { setUpFixture, untilCurrent } from './fixtures/fixture.ts'
import { createFolder, removeFolder } from './fixtures/npm.ts'
import { blocks, type CodeBlock, exemptionOf } from './fixtures/pages.ts'
import { linkProject, type Project } from './fixtures/project.ts'

const compiled = ['ts', 'tsx', 'js', 'mjs']
const samples = blocks.filter((block) => compiled.includes(block.language) && !exemptionOf(block))

const compilerOptions = {
  target: 'es2023',
  module: 'nodenext',
  lib: ['es2024', 'dom', 'dom.iterable'],
  types: ['node'],
  strict: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  allowJs: true,
  checkJs: true,
  moduleDetection: 'force',
  rootDir: '.',
  outDir: 'dist',
  // Koa's and Express's types, in one project, disagree about a package of theirs. frameworks.test.ts checks them apart.
  skipLibCheck: true
}

const folders: string[] = []
let project: Project

/** Where a sample is in the project: in a folder of its page, so that samples of one page import each other. */
const fileOf = (block: CodeBlock) => join(block.page, block.file ?? `line-${block.line}.${block.language}`)

async function writeSample(folder: string, block: CodeBlock): Promise<void> {
  const path = join(folder, fileOf(block))
  await mkdir(dirname(path), { recursive: true })
  // The compiler then names the line of the page.
  await writeFile(path, '\n'.repeat(block.line - 1) + block.code)
}

beforeAll(async () => {
  const folder = await createFolder('samples')
  folders.push(folder)
  project = await linkProject(folder, ['koa', 'express', 'fastify', 'hono'], {
    packages: ['@countersign/verifier', '@countersign/service-tokens']
  })
  await writeFile(join(project.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  await Promise.all(samples.map((block) => writeSample(project.folder, block)))
}, 240_000)
afterAll(() => Promise.all(folders.map(removeFolder)))

describe('the samples of the README and the other pages', () => {
  test('are files of different names within a page', () => {
    const files = samples.map(fileOf)
    expect(files.filter((file, index) => files.indexOf(file) < index)).toEqual([])
  })

  test('compile as they stand, in strict TypeScript, against the packed packages, with nothing unused', async () => {
    expect(samples.length).toBeGreaterThan(10)
    await project.compile()
  })
})

const guide = 'shared/verifier/README.md'
const apis = [
  ...['koa.ts', 'express.ts', 'fastify.ts', 'hono.ts'].map((file) => {
    return { title: `${file} of ${guide}`, page: guide, file, path: '/api/me', adminPath: '/api/admin' }
  }),
  { title: `dpop.ts of ${guide}`, page: guide, file: 'dpop.ts', path: '/', adminPath: undefined }
]
const settings = fileURLToPath(new URL('./apps/sample-settings.mjs', import.meta.url))

describe.skipIf(inject('redisUrl') === undefined)('a sample of an API', () => {
  test.each(apis)('$title, runs as written', async ({ page, file, path, adminPath }) => {
    const sample = samples.find((block) => block.page === page && block.file === file) as CodeBlock
    const script = () => join(project.folder, 'dist', fileOf(sample).replace(/ts$/, 'js'))
    const fixture = await setUpFixture(script, { NODE_OPTIONS: `--import=${pathToFileURL(settings)}` })
    onTestFinished(async () => {
      await fixture.stop()
    })
    await untilCurrent(fixture, path)

    const token = fixture.issuer.mint({ sub: 'ada' })
    expect(await fixture.present(path, token)).toMatchObject({ status: 200, body: expect.stringContaining('ada') })
    expect((await ask(fixture.api.url + path)).status).toBe(401)
    expect((await fixture.present(path, fixture.issuer.mint({ aud: 'https://other.example.com' }))).status).toBe(401)
    if (adminPath === undefined) return
    expect((await fixture.present(adminPath, token)).status).toBe(403)
    expect(await fixture.present(adminPath, fixture.issuer.mint({ roles: ['admin'] }))).toMatchObject({
      status: 200,
      body: '{"hello":"ada"}'
    })
  })
})
