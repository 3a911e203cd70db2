import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const bundles = [
  'services/auth-service/bundle',
  'services/resource-service/bundle',
  'services/bff-service/bundle',
  'prisma/bundle',
  'dev/bundle'
]

/** What a bundle was made of, as its source maps say. */
function sourcesOf(bundle: string): string[] {
  const folder = join(root, bundle)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.js.map'))
    .flatMap((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { sources: string[] }).sources)
    .map((source) => relative(root, resolve(folder, source)))
}

describe.each(bundles)('%s', (bundle) => {
  test('has the license of each package beside it', () => {
    const folders = sourcesOf(bundle).flatMap(
      (source) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source) ?? []
    )
    const packages = new Set(
      folders.map((folder) => {
        const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
        return `${name}@${version}`
      })
    )
    expect(packages.size).toBeGreaterThan(10)
    const licenses = readFileSync(join(root, bundle, 'licenses.txt'), 'utf8').split(`\n${'-'.repeat(80)}\n\n`)
    const named = licenses.map((license) => license.split('\n')[0])
    expect([...packages].filter((name) => !named.includes(name))).toEqual([])
    for (const license of licenses) expect(license).toMatch(/licen[cs]e|copyright|permission/i)
  })

  test('is made of our sources, so that stack traces name them', () => {
    const own = sourcesOf(bundle).filter((source) =>
      /^(?!.*node_modules\/)(?:services|shared|prisma|dev)\//.test(source)
    )
    expect(own.length).toBeGreaterThan(0)
    expect(own.filter((source) => !source.endsWith('.ts'))).toEqual([])
  })
})

test('what a service logs of a fault names the files and lines of its sources', async () => {
  const preload = "import { Server } from 'node:net'; Server.prototype.listen = () => { throw new Error('no port') }"
  const child = await new Promise<{ stderr: string }>((settle) => {
    execFile(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(preload)}`, 'services/resource-service/bundle/main.js'],
      {
        cwd: root,
        env: {
          ISSUER: 'http://issuer.test',
          API_AUDIENCE: 'http://api.test',
          JWKS_URL: 'http://127.0.0.1:1/',
          REDIS_URL: 'redis://127.0.0.1:1'
        }
      },
      (_, _stdout, stderr) => settle({ stderr })
    )
  })
  const { cause } = JSON.parse(child.stderr.trim().split('\n').at(-1) as string)
  const [, file, line] = /\(?(\/\S+\/shared\/service-kit\/src\/[\w-]+\.ts):(\d+):\d+\)?$/m.exec(cause.stack) ?? []
  const sources = readFileSync(file as string, 'utf8').split('\n')
  expect(sources[Number(line) - 1]).toContain('listen')
})

test('a start beside another bundling reads whole files', { timeout: 60_000 }, async () => {
  const folder = join(root, 'dev/bundle')
  const largest = (JSON.parse(readFileSync(join(folder, 'chunks.json'), 'utf8')) as string[])
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).size - statSync(a).size)[0] as string
  const whole = statSync(largest)
  const sizes = new Set<number>()
  const bundling = promisify(execFile)(process.execPath, ['dev/bundle.mjs', 'dev'], { cwd: root })
  let isDone = false
  const ended = bundling.finally(() => {
    isDone = true
  })
  while (!isDone) {
    sizes.add(statSync(largest).size)
    await nextTurn()
  }
  await ended
  expect(statSync(largest).ino).not.toBe(whole.ino)
  expect([...sizes]).toEqual([whole.size])
})
