import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compile } from './fixtures/compiler.ts'
import { removeFolder, repository, verifierFolder } from './fixtures/npm.ts'
import { createProject, type Project } from './fixtures/project.ts'

const run = promisify(execFile)
const subpaths = ['express', 'fastify', 'hono', 'koa', 'in-process', 'testing']

const folders: string[] = []
let project: Project
let installed: string

beforeAll(async () => {
  project = await createProject({}, { 'core.ts': join(repository, 'tests', 'package', 'types', 'core.ts') })
  folders.push(project.folder)
  installed = join(project.folder, 'node_modules', '@countersign', 'verifier')
}, 240_000)
afterAll(() => Promise.all(folders.map(removeFolder)))

/** Runs a line of JavaScript in the project. */
const evaluate = async (line: string, ...options: string[]) =>
  (await run(process.execPath, [...options, '-e', line], { cwd: project.folder })).stdout.trim()
const evaluateModule = (line: string) => evaluate(line, '--input-type=module')

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      join(parentPath, name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/')
    )
    .sort()
}

describe('the tarball of npm pack', () => {
  test('holds each source, its build with types and maps, the licence, the change log, and nothing else', async () => {
    const sources = await filesIn(join(verifierFolder, 'src'))
    const outputs = sources.flatMap((source) => {
      const stem = source.replace(/\.ts$/, '')
      return ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((ending) => `dist/${stem}${ending}`)
    })
    const expected = [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'package.json',
      ...sources.map((source) => `src/${source}`),
      ...outputs
    ]
    expect(await filesIn(installed)).toEqual(expected.sort())
    const licence = await readFile(join(installed, 'LICENSE'), 'utf8')
    expect(licence).toBe(await readFile(join(repository, 'LICENSE'), 'utf8'))
  })

  test('leads every condition of every entry point to a file that is there', async () => {
    const files = await filesIn(installed)
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
    const targets = (Object.values(manifest.exports) as (string | Record<string, string>)[]).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target)
    )
    expect(targets).toHaveLength(8 * 3 + 1)
    for (const target of targets) expect(files).toContain(target.replace('./', ''))
  })
})

describe('a project with only the core', () => {
  test('gets jose, and nothing else', async () => {
    const packages = await readdir(join(project.folder, 'node_modules'))
    expect(packages.filter((name) => !name.startsWith('.')).sort()).toEqual(['@countersign', 'jose'])
  })

  test('can load every entry point but the one to Redis, since adapters load nothing of their frameworks', async () => {
    const line = `for (const subpath of ${JSON.stringify(subpaths)}) {
      const names = Object.keys(await import('@countersign/verifier/' + subpath))
      if (names.length > 1) console.log(subpath)
    }`
    expect((await evaluateModule(line)).split('\n')).toEqual(subpaths)
    const missing = evaluateModule("await import('@countersign/verifier/redis')")
    await expect(missing).rejects.toThrow(/Cannot find package 'redis' imported from .*\/redis\/[\w-]+\.js/)
  })

  test('can load it from CommonJS, and cannot load what is no entry point', async () => {
    const line = "console.log(typeof require('@countersign/verifier').createAccessTokenVerifier)"
    expect(await evaluate(line, '--input-type=commonjs')).toBe('function')
    const inner = evaluateModule("await import('@countersign/verifier/dist/token/signature.js')")
    await expect(inner).rejects.toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/)
  })

  test.each([
    ['of this repository', repository],
    ['that is the last one written in JavaScript', join(repository, 'docs')]
  ])('gets errors from the TypeScript %s for what it must not do', async (_, from) => {
    const manifest = createRequire(join(from, 'package.json')).resolve('typescript/package.json')
    const compilerOptions = {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      // Without the types of Node: those of a browser are enough.
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: [],
      noEmit: true,
      // The package declares nothing that those of a browser could be at odds with.
      skipDefaultLibCheck: true
    }
    await writeFile(join(project.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['core.ts'] }))
    expect(await compile(project.folder, [], manifest.replace('package.json', 'bin/tsc'))).toBe('')
  })
})
