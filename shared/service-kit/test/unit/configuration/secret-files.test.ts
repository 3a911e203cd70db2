import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigurationError, withSecretFiles } from '../../../src/index.ts'

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

  test('a line end behind a variable is no part of it, and those within it are', async () => {
    const env = await withSecretFiles({ KEY: 'a secret\r\n', PEM: 'BEGIN\nEND\n' }, ['KEY', 'PEM'])
    expect(env).toEqual({ KEY: 'a secret', PEM: 'BEGIN\nEND' })
  })

  test.each([
    ['holds nothing', Buffer.from('')],
    ['holds nothing', Buffer.from(' \r\n')],
    ['is not UTF-8 text; UTF-16 is not read', Buffer.from('\ufeffa secret', 'utf16le')],
    ['is not UTF-8 text; UTF-16 is not read', Buffer.from('a secret', 'utf16le')]
  ])('a file that %s is refused: %j', async (fault, bytes) => {
    await writeFile(join(folder, 'faulty'), bytes)
    const reading = withSecretFiles({ KEY_FILE: join(folder, 'faulty') }, ['KEY'])
    await expect(reading).rejects.toMatchObject({ problems: [`KEY_FILE names a file that ${fault}.`] })
  })

  test('a UTF-8 byte order mark is removed from a secret, and a variable with only a line break is rejected', async () => {
    await writeFile(join(folder, 'marked'), '\ufeffa secret\r\n')
    expect(await withSecretFiles({ KEY_FILE: join(folder, 'marked') }, ['KEY'])).toMatchObject({ KEY: 'a secret' })
    const reading = withSecretFiles({ KEY: '\n' }, ['KEY'])
    await expect(reading).rejects.toMatchObject({ problems: ['KEY holds nothing but a line end.'] })
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
