import { execFile } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compile } from './fixtures/compiler.ts'
import { removeFolder, repository } from './fixtures/npm.ts'
import { packPackages } from './fixtures/packages.ts'
import { createProject, type Project } from './fixtures/project.ts'

const run = promisify(execFile)
const folders: string[] = []
let project: Project

beforeAll(async () => {
  const { serviceTokens } = await packPackages()
  project = await createProject({ '@countersign/service-tokens': `file:${serviceTokens}` })
  folders.push(project.folder)
}, 240_000)
afterAll(() => Promise.all(folders.map(removeFolder)))

const load = async (type: string, line: string) =>
  (await run(process.execPath, [`--input-type=${type}`, '-e', line], { cwd: project.folder })).stdout.trim()

test('the tarball of service-tokens installs with only jose, and can be imported and required', async () => {
  const packages = await readdir(join(project.folder, 'node_modules'))
  expect(packages.filter((name) => !name.startsWith('.')).sort()).toEqual(['@countersign', 'jose'])
  const name = '@countersign/service-tokens'
  expect(await load('module', `console.log(typeof (await import('${name}')).createServiceTokenSource)`)).toBe(
    'function'
  )
  expect(await load('commonjs', `console.log(typeof require('${name}').createServiceTokenSource)`)).toBe('function')
})

const importing = ['verifier', 'service-tokens']
  .map((name) => `import * as m${name.length} from '@countersign/${name}'\n`)
  .join('')
const files = {
  'common.cts': `${importing}export const modules = [m8, m14]\n`,
  'types.ts': `${importing}import * as testing from '@countersign/verifier/testing'
export const issuer: Promise<testing.TestIssuer> = testing.createTestIssuer({ clock: testing.createTestClock() })
export const verifier: Promise<m8.AccessTokenVerifier> = issuer.then((one) => m8.createAccessTokenVerifier(one.verifierOptions()))
export const source: typeof m14.createServiceTokenSource = m14.createServiceTokenSource\n`
}

/** What the compiler says of files of the project. */
async function compileFiles(names: readonly (keyof typeof files)[], settings: object): Promise<string> {
  const typesOfNode = { typeRoots: [join(repository, 'node_modules', '@types')], types: ['node'] }
  const compilerOptions = { target: 'es2023', strict: true, noEmit: true, ...typesOfNode, ...settings }
  for (const name of names) await writeFile(join(project.folder, name), files[name])
  await writeFile(join(project.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: names }))
  return compile(project.folder)
}

test('modules and CommonJS files compile with the module setting nodenext as the README says', async () => {
  expect(await compileFiles(['types.ts', 'common.cts'], { module: 'nodenext' })).toBe('')
})

test('modules compile with moduleResolution bundler', async () => {
  expect(await compileFiles(['types.ts'], { module: 'esnext', moduleResolution: 'bundler' })).toBe('')
})

test('CommonJS files compile with the module setting node20, and not with node16, as the README says', async () => {
  expect(await compileFiles(['common.cts'], { module: 'node20' })).toBe('')
  // What is wrong is said of the file alone.
  expect(await compileFiles(['common.cts'], { module: 'node16', skipLibCheck: true })).toMatch(/TS1479/)
})
