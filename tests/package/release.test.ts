import { spawnSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { childEnvironment } from '@countersign/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faultsOfFiles, faultsOfManifests } from '../../dev/src/release/checks.ts'
import { createFolder, npm, removeFolder, repository } from './fixtures/npm.ts'

describe('npm run release', () => {
  test('checks both packages in a dry run, and publishes nothing', async () => {
    // A registry that cannot be reached: a dry run asks it nothing.
    const registry = ['--registry=http://127.0.0.1:9', '--fetch-retries=0']
    const printed = await npm(repository, ['run', 'release', ...registry, '--', '--dry-run'])
    for (const name of ['verifier', 'service-tokens']) {
      expect(printed).toMatch(
        new RegExp(
          `^@countersign/${name}@[\\d.]+ is ready\nwould run: npm publish \\S+/countersign-${name}-[\\d.]+\\.tgz --provenance --access public$`,
          'm'
        )
      )
    }
  })

  test('shows its usage, and refuses an argument that it does not know', () => {
    const release = (argument: string) =>
      spawnSync(process.execPath, ['dev/dist/release/main.js', argument], {
        cwd: repository,
        encoding: 'utf8',
        env: childEnvironment({})
      })
    expect(release('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--dry-run') })
    expect(release('--dryrun')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('unknown argument')
    })
  })
})

describe('the checks of a release', () => {
  let folder: string
  const write = async (path: string, text = '') => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  beforeAll(async () => {
    folder = await createFolder('release')
    for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json', 'src/index.ts']) await write(file)
    for (const ending of ['js', 'd.ts']) await write(`dist/index.${ending}`)
    await write('dist/index.js.map', '{"sources":["../src/index.ts"]}')
  })
  afterAll(() => removeFolder(folder))

  test.each([
    ['test/unit/index.test.ts', '', 'test/unit/index.test.ts does not belong there'],
    ['dist/.tsbuildinfo', '', 'dist/.tsbuildinfo does not belong there'],
    ['dist/inner.js', '', 'dist/inner.js has no types'],
    [
      'dist/inner.js.map',
      '{"sources":["../src/inner.ts"]}',
      'dist/inner.js.map leads to src/inner.ts, which is missing'
    ]
  ])('find %s in a tarball', async (path, text, fault) => {
    await write(path, text)
    expect(faultsOfFiles(folder)).toContain(fault)
    await rm(join(folder, path))
    expect(faultsOfFiles(folder)).toEqual([])
  })

  test('find a missing licence', async () => {
    await rm(join(folder, 'LICENSE'))
    expect(faultsOfFiles(folder)).toEqual(['LICENSE is missing'])
  })

  test('refuse private packages, and versions that differ', () => {
    const manifest = (name: string, version: string) => ({ name, version })
    expect(faultsOfManifests([manifest('a', '1.0.0'), manifest('b', '1.0.0')])).toEqual([])
    expect(faultsOfManifests([manifest('a', '1.0.0'), { ...manifest('b', '1.0.1'), private: true }])).toEqual([
      'b is private',
      'the versions differ: 1.0.0, 1.0.1'
    ])
  })
})
