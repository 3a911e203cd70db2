import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigurationError, withSecretFiles } from '../../src/index.ts'

describe('secrets in files', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'secret-files-'))
    await writeFile(join(folder, 'key'), 'from the file\n')
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('NAME_FILE becomes NAME, without the line break at its end', async () => {
    const env = await withSecretFiles({ KEY_FILE: join(folder, 'key'), OTHER: 'x' }, ['KEY', 'ABSENT'])
    expect(env).toMatchObject({ KEY: 'from the file', OTHER: 'x' })
  })

  test('both at once, and files that cannot be read, are named', async () => {
    const env = { KEY: 'x', KEY_FILE: join(folder, 'key'), OTHER_FILE: join(folder, 'nothing') }
    const error: unknown = await withSecretFiles(env, ['KEY', 'OTHER']).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigurationError)
    expect((error as ConfigurationError).problems).toEqual([
      'KEY and KEY_FILE are both given: keep one.',
      'OTHER_FILE names a file that cannot be read (ENOENT).'
    ])
  })
})
