import { execFile } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
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
}, 120_000)
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

test.each([
  ['nodenext', /^$/],
  ['node20', /^$/],
  ['node16', /TS1479/]
])('a CommonJS file compiles with the module setting %s as the README says', async (module, expected) => {
  const typesOfNode = { typeRoots: [join(repository, 'node_modules', '@types')], types: ['node'] }
  const compilerOptions = { target: 'es2023', module, strict: true, noEmit: true, ...typesOfNode }
  const settings = { compilerOptions, files: ['common.cts'] }
  const imports = ['verifier', 'service-tokens'].map(
    (name) => `import * as m${name.length} from '@countersign/${name}'`
  )
  await writeFile(join(project.folder, 'common.cts'), `${imports.join('\n')}\nexport const modules = [m8, m14]\n`)
  await writeFile(join(project.folder, 'tsconfig.json'), JSON.stringify(settings))
  const said = await project.compile().then(
    () => '',
    (error: Error) => error.message
  )
  expect(said).toMatch(expected)
})
