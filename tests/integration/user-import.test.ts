import { spawnSync } from 'node:child_process'
import { createCipheriv, createHash, pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestDatabase, readTestEnvironment, type TestDatabase } from '@countersign/testing'
import { post, query, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { hash as hashArgon2 } from '@node-rs/argon2'
import { hash as hashBcrypt } from 'bcryptjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countersign } from './fixtures/countersign.ts'

const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
const signerKey = randomBytes(64)

/** Hashes like those of other systems, at costs that are low for a test. */
const formats: Record<string, (password: string) => Promise<string> | string> = {
  bcrypt: (password) => hashBcrypt(password, 4),
  argon2i: (password) => hashArgon2(password, { algorithm: 1, memoryCost: 256, timeCost: 1 }),
  scrypt(password) {
    const salt = randomBytes(16)
    return `$scrypt$ln=10,r=8,p=1$${base64(salt)}$${base64(scryptSync(password, salt, 32, { N: 1024 }))}`
  },
  pbkdf2(password) {
    const salt = randomBytes(16)
    return `$pbkdf2-sha512$i=1000$${base64(salt)}$${base64(pbkdf2Sync(password, salt, 1000, 64, 'sha512'))}`
  },
  firebase(password) {
    const [salt, separator] = [randomBytes(10), Buffer.from('Bw==', 'base64')]
    const key = scryptSync(password, Buffer.concat([salt, separator]), 32, { N: 1024 })
    const hash = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(signerKey)
    return `$firebase-scrypt$ln=10,r=8,sk=${signerKey.toString('base64')},ss=Bw==$${base64(salt)}$${base64(hash)}`
  },
  sha(password) {
    const salt = randomBytes(16)
    return `$salted-sha256$o=prefix$${base64(salt)}$${base64(createHash('sha256').update(salt).update(password).digest())}`
  }
}
const { isSoak } = readTestEnvironment()
const perFormat = isSoak ? 200 : 6

describe('users of another system', () => {
  let database: TestDatabase
  let trio: Trio
  let folder: string
  const imported: { username: string; password: string }[] = []

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({ databaseUrl: database.url, redisUrl: undefined })
    folder = await mkdtemp(join(tmpdir(), 'countersign-import-'))
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  let files = 0
  const fileOf = async (lines: readonly unknown[]) => {
    const path = join(folder, `${++files}.ndjson`)
    const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
    await writeFile(path, `${texts.join('\n')}\n`)
    return path
  }
  const run = (...args: string[]) =>
    countersign(['users', 'import', ...args, '--json'], { env: { DATABASE_URL: database.url } })
  const countUsers = async () =>
    (await query<{ count: number }>(database.url, 'SELECT count(*)::int FROM users'))[0]?.count
  const login = async (username: string, password: string) =>
    (await post(`${trio.auth.url}/auth/login`, { username, password })).status
  const hashesOf = (username: string) =>
    query<{ password_hash: string; imported_password_hash: string | null }>(
      database.url,
      'SELECT password_hash, imported_password_hash FROM users WHERE username = $1',
      [username]
    )

  test('are imported with six formats of hashes; a second run changes nothing', async () => {
    const lines: Record<string, unknown>[] = []
    for (const [format, hash] of Object.entries(formats)) {
      for (let i = 0; i < perFormat; i++) {
        const user = { username: `${format}-${i}`, password: `${format} Pässwörd ﬁ ${i}` }
        imported.push(user)
        lines.push({
          external_id: `old|${user.username}`,
          username: user.username,
          password_hash: await hash(user.password)
        })
      }
    }
    Object.assign(lines[0] ?? {}, {
      email: 'first@example.com',
      roles: ['auditor'],
      created_at: '2020-02-03T04:05:06Z'
    })
    const file = await fileOf(lines)
    const before = await countUsers()
    const dry = await run(file, '--dry-run', '--allow-fast-hashes')
    expect(dry).toMatchObject({ code: 0, document: { created: imported.length, unchanged: 0, dry_run: true } })
    expect(await countUsers()).toBe(before)

    const results = join(folder, 'results.ndjson')
    const first = await run(file, '--allow-fast-hashes', '--results', results)
    expect(first).toMatchObject({ code: 0, document: { created: imported.length, unchanged: 0, refused: 0 } })
    const written = (await readFile(results, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(written).toHaveLength(imported.length)
    expect(written[0]).toEqual({ line: 1, external_id: 'old|bcrypt-0', outcome: 'created' })

    const rows = 'SELECT * FROM users ORDER BY id'
    const after = await query(database.url, rows)
    const second = await run(file, '--allow-fast-hashes')
    expect(second).toMatchObject({ code: 0, document: { created: 0, unchanged: imported.length } })
    expect(await query(database.url, rows)).toEqual(after)
    const events = await query(database.url, "SELECT FROM audit_events WHERE type = 'user.imported'")
    expect(events).toHaveLength(imported.length)
    const [user] = await query(database.url, "SELECT email, roles, created_at FROM users WHERE username = 'bcrypt-0'")
    expect(user).toEqual({
      email: 'first@example.com',
      roles: ['auditor'],
      created_at: new Date('2020-02-03T04:05:06Z')
    })
  })

  test('sign in with their passwords alone, and have our hash from then on', async () => {
    const [changing, ...others] = imported.splice(0)
    for (const { username, password } of others) {
      // One of each: the limits on sign-in count wrong ones.
      if (username.endsWith('-1')) expect(await login(username, `${password}x`), username).toBe(401)
      expect(await login(username, password), username).toBe(200)
      const [row] = await hashesOf(username)
      expect(row, username).toEqual({
        password_hash: expect.stringMatching(/^\$argon2id\$/),
        imported_password_hash: null
      })
      expect(await login(username, password), username).toBe(200)
    }
    // The first one changes its password instead, signed in elsewhere meanwhile.
    if (!changing) throw new Error('there is none')
    const { access_token } = await signIn(trio.auth.url, changing)
    const change = { current_password: changing.password, new_password: 'another one 9' }
    expect((await post(`${trio.auth.url}/auth/password`, change, access_token)).status).toBe(204)
    expect(await login(changing.username, changing.password)).toBe(401)
    expect(await login(changing.username, 'another one 9')).toBe(200)
  }, 120_000)

  test('a broken line gets a line, and stops nothing; nor does a bomb', async () => {
    const hash = await hashBcrypt('correct horse 9', 4)
    const good = (id: string) => ({ external_id: id, username: id, password_hash: hash })
    const file = await fileOf([
      good('good-1'),
      '{"external_id": "half',
      { ...good('surplus'), password: 'plain' },
      { ...good('no name'), username: 'a b' },
      { ...good('bomb'), password_hash: '$2b$31$abcdefghijklmnopqrstuuZ8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z' },
      { ...good('fast'), password_hash: await formats.sha?.('x') },
      `{"external_id":"${'x'.repeat(20_000)}"}`,
      '',
      { ...good('taken'), username: 'GOOD-1' },
      { ...good('admin-2'), username: 'admin' },
      good('good-1'),
      '[]',
      { ...good('no hash'), username: 'no-hash', password_hash: undefined },
      { ...good('good-2'), disabled: true }
    ])
    const done = await run(file)
    expect(done).toMatchObject({
      code: 3,
      document: { error: 'lines_left_out', created: 3, username_taken: 1, duplicate: 2, refused: 7 }
    })
    expect(done.stderr).toMatch(/^Line 2: The line is not JSON\.$/m)
    expect(done.stderr).toMatch(/^Line 5: The hash would cost too much/m)
    expect(done.stderr).toMatch(/^Line 6: .*--allow-fast-hashes/m)
    expect(done.stderr).not.toContain(hash)
    expect(await login('good-1', 'correct horse 9')).toBe(200)
    expect(await login('good-2', 'correct horse 9')).toBe(401) // disabled
    expect(await login('no-hash', '')).not.toBe(200)
    expect(await login('no-hash', 'correct horse 9')).toBe(401)
    expect((await run(join(folder, 'no-such-file'))).code).toBe(2)
  })

  test('a moment that Postgres does not know gets a line, and stops nothing', async () => {
    const at = (moment: string) => ({
      external_id: moment,
      username: `at-${moment.replace(/\W/g, '-')}`,
      created_at: moment
    })
    const moments = ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-05:00', '1969-12-31T23:59:59Z']
    const done = await run(await fileOf([...moments.map(at), at('1970-01-01T00:00:00Z'), at('9999-12-31T23:59:59Z')]))
    expect(done).toMatchObject({ code: 3, document: { created: 2, refused: 3 } })
    expect(done.stderr.match(/^Line [123]: created_at: must be a moment of the years 1970 to 9999\.$/gm)).toHaveLength(
      3
    )
  })

  test('a duplicate is found anywhere in the file, in a dry run as in a real one', async () => {
    const lines = Array.from({ length: 2500 }, (_, at) => ({ external_id: `far|${at}`, username: `far-${at}` }))
    lines.push({ external_id: 'far|0', username: 'far-new' }, { external_id: 'far|new', username: 'FAR-2499' })
    const file = await fileOf(lines)
    const expected = { created: 2500, unchanged: 0, username_taken: 0, duplicate: 2 }
    const dry = await run(file, '--dry-run')
    expect(dry).toMatchObject({ code: 3, document: expected })
    const real = await run(file)
    expect(real).toMatchObject({ code: 3, document: expected })
    expect(dry.stderr).toBe(real.stderr)
  })

  test('a full disk under the results ends the import with a sentence, and with the users before in', async () => {
    const lines = Array.from({ length: 3000 }, (_, at) => ({ external_id: `full|${at}`, username: `full-${at}` }))
    const command = fileURLToPath(new URL('../../services/auth-service/bundle/cli.js', import.meta.url))
    const results = join(folder, 'full.ndjson')
    const words = ['users', 'import', await fileOf(lines), '--results', results, '--json']
    // 64 KiB: some of the first thousand results and all of those of the second do not fit.
    const ended = spawnSync('sh', ['-c', 'ulimit -f 128; exec "$@"', 'sh', process.execPath, command, ...words], {
      env: { PATH: process.env.PATH, DATABASE_URL: database.url },
      encoding: 'utf8'
    })
    expect(ended).toMatchObject({ status: 3, stderr: '' })
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: 'file_not_written',
      error_description: expect.stringMatching(/\(EFBIG\).*full\.ndjson\. \d000 lines are done\./)
    })
    const [row] = await query<{ count: number }>(
      database.url,
      "SELECT count(*)::int FROM users WHERE external_id LIKE 'full|%'"
    )
    expect(row?.count).toBeGreaterThanOrEqual(1000)
  })

  test('a large file is imported with progress; a second run changes nothing', { timeout: 300_000 }, async () => {
    const count = isSoak ? 100_000 : 12_000
    const hashes = await Promise.all(Object.values(formats).map((hash) => hash('correct horse 9')))
    const lines = Array.from({ length: count }, (_, at) => ({
      external_id: `bulk|${at}`,
      username: `bulk-${at}`,
      email: `bulk-${at}@example.com`,
      password_hash: hashes[at % hashes.length]
    }))
    // Neither a line without a user nor one that is refused keeps the progress back.
    const file = await fileOf(['', 'no JSON', ...lines])
    const first = await countersign(['users', 'import', file, '--allow-fast-hashes'], {
      env: { DATABASE_URL: database.url }
    })
    expect(first).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(new RegExp(`^${count} users were made, 0 were.* 1 lines were left out`, 'm'))
    })
    expect(first.stderr.match(/^\d+0000 lines so far\.$/gm)).toHaveLength(Math.floor(count / 10_000))
    expect((await run(file, '--allow-fast-hashes')).document).toMatchObject({
      created: 0,
      unchanged: count,
      refused: 1
    })
    if (isSoak) process.stdout.write(first.stderr)
  })

  test('the line of docs/importing-users.md is one', async () => {
    const page = await readFile(new URL('../../docs/importing-users.md', import.meta.url), 'utf8')
    const line = /```json\n(.+)\n```/.exec(page)?.[1] ?? ''
    expect(await run(await fileOf([line]))).toMatchObject({ code: 0, document: { created: 1 } })
    expect(await login('alice', 'correct horse battery 9')).toBe(200)
  })

  test('a password that the release before sets is the only one from then on', async () => {
    const file = await fileOf([
      { external_id: 'mixed', username: 'mixed', password_hash: await hashBcrypt('old password 9', 4) }
    ])
    expect((await run(file)).code).toBe(0)
    // Its statement, which does not know the other column.
    const hash = await hashArgon2('new password 9')
    await query(database.url, "UPDATE users SET password_hash = $1, password_set_at = now() WHERE username = 'mixed'", [
      hash
    ])
    expect(await login('mixed', 'old password 9')).toBe(401)
    expect(await login('mixed', 'new password 9')).toBe(200)
  })
})
