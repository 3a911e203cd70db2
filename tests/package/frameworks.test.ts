import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { describeExample } from './example-suite.ts'
import { createFolder, packVerifier, removeFolder, repository, verifierFolder } from './fixtures/npm.ts'
import { createProject, dependenciesOfExample, type Project, type Versions } from './fixtures/project.ts'
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

const folders: string[] = []
const projects = new Map<string, Project>()
let oldProject: Project | undefined

/** Does all the work, two at a time: npm and a small machine can do no more at once. */
async function inPairs(work: readonly (() => Promise<void>)[]): Promise<void> {
  const left = [...work]
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) await next()
  }
  await Promise.all([worker(), worker()])
}

async function makeProject(tarball: string, { name, probe }: Framework): Promise<void> {
  const example = join(verifierFolder, 'examples', name)
  const here = (...path: string[]) => join(repository, 'tests', 'package', ...path)
  const project = await createProject(tarball, {
    dependencies: await dependenciesOfExample(name),
    files: {
      'tsconfig.json': join(example, 'tsconfig.json'),
      'server.ts': join(example, 'server.ts'),
      ...(probe && {
        [`${name}.ts`]: here('apps', `${name}.ts`),
        'probe-settings.ts': here('apps', 'probe-settings.ts'),
        'types.ts': here('types', `${name}.ts`)
      })
    }
  })
  folders.push(project.folder)
  await project.compile()
  projects.set(name, project)
}

async function makeOldProject(tarball: string): Promise<void> {
  oldProject = await createProject(tarball, { dependencies: oldest })
  folders.push(oldProject.folder)
}

beforeAll(async () => {
  const folder = await createFolder('tarball')
  folders.push(folder)
  const tarball = await packVerifier(folder)
  await inPairs([
    ...frameworks.map((framework) => () => makeProject(tarball, framework)),
    () => makeOldProject(tarball)
  ])
}, 240_000)
afterAll(() => Promise.all(folders.map(removeFolder)))

const projectOf = (name: string): Project => {
  const project = projects.get(name)
  if (!project) throw new Error(`the project of ${name} was not made`)
  return project
}

describe.each(frameworks)('the installed package with $title', ({ name, probe }) => {
  test('has types that a project for a bundler compiles with, too', async () => {
    await projectOf(name).compile('--noEmit', '--module', 'esnext', '--moduleResolution', 'bundler', '--skipLibCheck')
  })

  describe.skipIf(!hasRedis)('in its example', () => {
    describeExample(() => join(projectOf(name).folder, 'dist', 'server.js'))
  })

  if (!probe) return
  describe.skipIf(!hasRedis)('in an app of more parts', () => {
    describeProbe(() => join(projectOf(name).folder, 'dist', `${name}.js`), probe)
  })
  describe.skipIf(!hasRedis)('in the same app on the oldest versions that it says it works with', () => {
    beforeAll(async () => {
      for (const script of [`${name}.js`, 'probe-settings.js']) {
        await copyFile(join(projectOf(name).folder, 'dist', script), join((oldProject as Project).folder, script))
      }
    })
    describeProbe(() => join((oldProject as Project).folder, `${name}.js`), probe)
  })
})
