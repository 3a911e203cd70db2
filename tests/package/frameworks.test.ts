import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { describeExample } from './example-suite.ts'
import { compile } from './fixtures/compiler.ts'
import { createFolder, removeFolder, repository, verifierFolder } from './fixtures/npm.ts'
import { createProject, linkProject, type Project, type Versions } from './fixtures/project.ts'
import { describeProbe } from './probe-suite.ts'

const hasRedis = inject('redisUrl') !== undefined

interface Framework {
  readonly name: string
  readonly title: string
  /** Whether it has a probe beside its example, and bodies are parsed there before the guard stands in the way. */
  readonly probe?: { readonly parsesForms: boolean }
}

const frameworks: readonly Framework[] = [
  { name: 'koa', title: 'Koa', probe: { parsesForms: true } },
  { name: 'express', title: 'Express', probe: { parsesForms: true } },
  { name: 'fastify', title: 'Fastify', probe: { parsesForms: true } },
  { name: 'hono', title: 'Hono', probe: { parsesForms: false } },
  { name: 'node-http', title: 'node:http' }
]

/** The oldest that the package says it works with. */
const oldest: Versions = {
  '@hono/node-server': '1.8.0',
  express: '4.16.0',
  fastify: '5.0.0',
  hono: '4.0.0',
  koa: '2.16.0',
  redis: '5.6.0'
}

/** Koa's types bring Express's global ones with them. The other frameworks are compiled without those. */
const groups = [
  ['koa', 'express'],
  ['fastify', 'hono', 'node-http']
] as const

const folders: string[] = []
let workspace: string
let oldProject: Project | undefined

const here = (...path: string[]) => join(repository, 'tests', 'package', ...path)
const folderOf = (name: string) => join(workspace, name)

/** Makes the project of a framework, and compiles it as its example says. */
async function makeProject({ name, probe }: Framework): Promise<void> {
  const example = join(verifierFolder, 'examples', name)
  const files = {
    'tsconfig.json': join(example, 'tsconfig.json'),
    'server.ts': join(example, 'server.ts'),
    ...(probe && {
      [`${name}.ts`]: here('apps', `${name}.ts`),
      'probe-settings.ts': here('apps', 'probe-settings.ts'),
      'types.ts': here('types', `${name}.ts`)
    })
  }
  const project = await linkProject(folderOf(name), [name], { files })
  // The types of all dependencies are checked for several projects at once, below.
  await project.compile('--skipLibCheck')
}

beforeAll(async () => {
  workspace = await createFolder('frameworks')
  folders.push(workspace)
  for (const framework of frameworks) await makeProject(framework)
  oldProject = await createProject(oldest)
  folders.push(oldProject.folder)
}, 240_000)
afterAll(() => Promise.all(folders.map(removeFolder)))

describe.each(groups.map((names) => ({ names })))('the installed package with the types of $names', ({ names }) => {
  const compileGroup = async (...args: string[]) => {
    const [first] = names
    const settings = {
      extends: `./${first}/tsconfig.json`,
      compilerOptions: { noEmit: true, rootDir: '.', typeRoots: [`./${first}/node_modules/@types`] },
      include: names.map((name) => `${name}/*.ts`)
    }
    await writeFile(join(workspace, 'tsconfig.json'), JSON.stringify(settings))
    expect(await compile(workspace, args)).toBe('')
  }

  test('has types that compile, those of its dependencies included', async () => {
    await compileGroup()
  })

  test('has types that a project for a bundler compiles with, too', async () => {
    await compileGroup('--module', 'esnext', '--moduleResolution', 'bundler', '--skipLibCheck')
  })
})

describe.each(frameworks)('the installed package with $title', ({ name, probe }) => {
  describe.skipIf(!hasRedis)('in its example', () => {
    describeExample(() => join(folderOf(name), 'dist', 'server.js'))
  })

  if (!probe) return
  describe.skipIf(!hasRedis)('in an app of more parts', () => {
    describeProbe(() => join(folderOf(name), 'dist', `${name}.js`), probe)
  })
  describe.skipIf(!hasRedis)('in the same app on the oldest versions that it says it works with', () => {
    beforeAll(async () => {
      for (const script of [`${name}.js`, 'probe-settings.js']) {
        await copyFile(join(folderOf(name), 'dist', script), join((oldProject as Project).folder, script))
      }
    })
    describeProbe(() => join((oldProject as Project).folder, `${name}.js`), probe)
  })
})
