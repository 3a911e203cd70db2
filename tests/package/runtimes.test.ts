import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { childEnvironment } from '@countersign/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeFolder, repository } from './fixtures/npm.ts'
import { packPackages } from './fixtures/packages.ts'
import { blocks } from './fixtures/pages.ts'
import { createProject, type Project } from './fixtures/project.ts'
import { installRuntimes } from './fixtures/runtimes.ts'

const { expected } = createRequire(import.meta.url)('./apps/runtime-check.cjs') as { expected: string[] }
const run = promisify(execFile)
const folders: string[] = []
let project: Project
let runtimes: string

const packages = ['@countersign/verifier', '@countersign/verifier/testing', '@countersign/service-tokens']
const importing = packages.map((name, at) => `import * as m${at} from '${name}'\n`).join('')
const requiring = packages.map((name, at) => `const m${at} = require('${name}')\n`).join('')
const inTest = "test('works', async () => expect(await check(m0, m1, m2)).toEqual(expected))\n"
const inProgram = 'check(m0, m1, m2).then((outcomes) => console.log(JSON.stringify(outcomes)))\n'
const checkImported = "import runtimeCheck from './runtime-check.cjs'\nconst { check, expected } = runtimeCheck\n"
const checkRequired = "const { check, expected } = require('./runtime-check.cjs')\n"
const jestOfReadme = blocks.find(({ page, file }) => page === 'shared/verifier/README.md' && file === 'jest.config.cjs')

const files: Readonly<Record<string, string>> = {
  'program.mjs': importing + checkImported + inProgram,
  'program.cjs': requiring + checkRequired + inProgram,
  'tests/modules.test.mjs': `import { expect, test } from 'vitest'\n${importing}${checkImported.replace('./', '../')}${inTest}`,
  'tests/modules.jest.mjs': importing + checkImported.replace('./', '../') + inTest,
  'tests/common.jest.cjs': requiring + checkRequired.replace('./', '../') + inTest,
  'jest.config.cjs': jestOfReadme?.code ?? ''
}

beforeAll(async () => {
  const { serviceTokens } = await packPackages()
  project = await createProject(
    {
      '@countersign/service-tokens': `file:${serviceTokens}`,
      '@babel/plugin-transform-modules-commonjs': '^7.28.0',
      jest: '^30.5.0'
    },
    { 'runtime-check.cjs': join(repository, 'tests', 'package', 'apps', 'runtime-check.cjs') }
  )
  folders.push(project.folder)
  runtimes = await installRuntimes()
  // The one of this repository is as good as another that is installed for these tests.
  await symlink(join(repository, 'node_modules', 'vitest'), inModules('vitest'), 'dir')
  await mkdir(join(project.folder, 'tests'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(project.folder, name), text)
}, 240_000)
afterAll(() => Promise.all(folders.map(removeFolder)))

const inModules = (...path: string[]) => join(project.folder, 'node_modules', ...path)

/** The binary of a runtime that comes as a package for each platform, which is moved by a script that is not run here. */
function binaryOf(...candidates: readonly string[]): string {
  const found = candidates.map((path) => join(runtimes, path)).find((path) => existsSync(path))
  if (found === undefined) throw new Error(`none of ${candidates.join(', ')} is installed`)
  return found
}

async function outputOf(command: string, args: readonly string[], variables: Record<string, string> = {}) {
  const env = childEnvironment({ NODE_OPTIONS: undefined, ...variables })
  const { stdout, stderr } = await run(command, args, { cwd: project.folder, env, timeout: 60_000 })
  return `${stdout}${stderr}`.trim()
}

describe('the packed packages', () => {
  test.each(['program.mjs', 'program.cjs'])('work in Node as %s', async (program) => {
    expect(await outputOf(process.execPath, ['--no-warnings', program])).toContain(JSON.stringify(expected))
  })

  test.each(['program.mjs', 'program.cjs'])('work in Bun as %s', async (program) => {
    const bun = binaryOf('@oven/bun-linux-x64/bin/bun', '@oven/bun-linux-aarch64/bin/bun', 'bun/bin/bun.exe')
    expect(await outputOf(bun, [program])).toContain(JSON.stringify(expected))
  })

  test.each(['program.mjs', 'program.cjs'])('work in Deno as %s', async (program) => {
    const deno = binaryOf('@deno/linux-x64-glibc/deno', '@deno/linux-arm64-glibc/deno', 'deno/deno')
    const variables = { DENO_DIR: join(project.folder, '.deno'), DENO_NO_UPDATE_CHECK: '1' }
    expect(await outputOf(deno, ['run', '--cached-only', '--allow-read', '--allow-env', program], variables)).toContain(
      JSON.stringify(expected)
    )
  })

  test('work in Vitest', async () => {
    const args = [inModules('vitest', 'vitest.mjs'), 'run', 'tests/modules.test.mjs']
    expect(await outputOf(process.execPath, args, { NO_COLOR: '1' })).toMatch(/Tests +1 passed/)
  })

  test('work in Jest, in tests that are ES modules', async () => {
    const jest = inModules('jest', 'bin', 'jest.js')
    const config = JSON.stringify({ testMatch: ['**/*.jest.mjs'], transform: {} })
    const args = ['--experimental-vm-modules', '--no-warnings', jest, '--config', config]
    expect(await outputOf(process.execPath, args)).toMatch(/1 passed, 1 total/)
  })

  test('work in Jest, in CommonJS tests with the settings of the README', async () => {
    const args = [inModules('jest', 'bin', 'jest.js'), '--config', 'jest.config.cjs', '--testMatch', '**/*.jest.cjs']
    expect(await outputOf(process.execPath, args)).toMatch(/1 passed, 1 total/)
  })
})
