import { execFileSync, spawnSync } from 'node:child_process'
import { createCipheriv, pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createTestDatabase, type TestDatabase } from '@countersign/testing'
import { post, query, startTrio, type Trio } from '@countersign/testing/trio'
import { hash as hashArgon2 } from '@node-rs/argon2'
import { hash as hashBcrypt } from 'bcryptjs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { countersign } from './fixtures/countersign.ts'

const page = await readFile(new URL('../../docs/importing-from-other-systems.md', import.meta.url), 'utf8')
const isJqHere = spawnSync('jq', ['--version']).status === 0
const password = 'correct horse 9'
const base64 = (bytes: Buffer) => bytes.toString('base64')

/** The block of code in the section of a system. */
function blockOf(system: string): string {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${system}\n`)) ?? ''
  return /```\w+\n(.*?)\n```/s.exec(section)?.[1] ?? `no block for ${system}`
}

describe('docs/importing-from-other-systems.md', () => {
  let database: TestDatabase
  let foreign: TestDatabase
  let trio: Trio
  let folder: string

  beforeAll(async () => {
    database = await createTestDatabase()
    foreign = await createTestDatabase()
    trio = await startTrio({ databaseUrl: database.url, redisUrl: undefined })
  })
  afterAll(async () => {
    await trio?.stop()
    await Promise.all([database?.drop(), foreign?.drop()])
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-guides-'))
    return () => rm(folder, { recursive: true, force: true })
  })

  const runJq = (system: string, variables: Record<string, string> = {}) =>
    execFileSync('sh', ['-ec', blockOf(system)], { cwd: folder, env: { PATH: process.env.PATH, ...variables } })
  const runSql = async (system: string) => {
    const rows = await query<{ line: unknown }>(foreign.url, `SELECT lines.* FROM (${blockOf(system)}) AS lines (line)`)
    await writeFile(join(folder, 'users.ndjson'), rows.map(({ line }) => `${JSON.stringify(line)}\n`).join(''))
  }
  /** Imports what was made, and signs in. */
  async function expectUsers(names: readonly string[], withPasswords: readonly string[]) {
    const file = join(folder, 'users.ndjson')
    const { code, document, stderr } = await countersign(['users', 'import', file, '--json'], {
      env: { DATABASE_URL: database.url }
    })
    expect({ code, document, stderr }).toMatchObject({ code: 0, document: { created: names.length } })
    for (const username of names) {
      const { status } = await post(`${trio.auth.url}/auth/login`, { username, password })
      expect(status, username).toBe(withPasswords.includes(username) ? 200 : 401)
    }
  }

  test.skipIf(!isJqHere)('Auth0', async () => {
    const user = {
      _id: { $oid: '60425dc43519d90068f82973' },
      email_verified: false,
      email: 'auth0@example.com',
      passwordHash: await hashBcrypt(password, 4),
      password_set_date: { $date: '2021-03-05T16:34:44.502Z' },
      tenant: 'example',
      connection: 'Username-Password-Authentication',
      _tmp_is_unique: true
    }
    await writeFile(join(folder, 'passwords.json'), `${JSON.stringify(user)}\n`)
    runJq('Auth0')
    await expectUsers(['auth0@example.com'], ['auth0@example.com'])
    expect(
      await query(database.url, "SELECT FROM users WHERE external_id = 'auth0|60425dc43519d90068f82973'")
    ).toHaveLength(1)
  })

  test.skipIf(!isJqHere)('Firebase', async () => {
    const [signerKey, separator, salt] = [randomBytes(64), Buffer.from('Bw==', 'base64'), randomBytes(10)]
    const key = scryptSync(password, Buffer.concat([salt, separator]), 32, { N: 2 ** 14, r: 8 })
    const made = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(signerKey)
    const users = [
      {
        localId: 'fb1',
        email: 'firebase@example.com',
        emailVerified: false,
        // The export writes its base64 for URLs.
        passwordHash: base64(made).replaceAll('+', '-').replaceAll('/', '_'),
        salt: base64(salt).replaceAll('+', '-').replaceAll('/', '_'),
        lastSignedInAt: '1600000000000',
        createdAt: '1580702706789',
        disabled: false,
        providerUserInfo: []
      },
      { localId: 'fb2', phoneNumber: '+15555550100', createdAt: '1580702706789', providerUserInfo: [] }
    ]
    await writeFile(join(folder, 'users.json'), JSON.stringify({ users }))
    runJq('Firebase', { SIGNER_KEY: base64(signerKey), SALT_SEPARATOR: 'Bw==' })
    await expectUsers(['firebase@example.com', 'fb2'], ['firebase@example.com'])
    const rows = await query(database.url, "SELECT created_at FROM users WHERE external_id = 'fb1'")
    expect(rows).toEqual([{ created_at: new Date('2020-02-03T04:05:06Z') }])
  })

  test('Supabase', async () => {
    await query(foreign.url, 'CREATE SCHEMA auth')
    await query(
      foreign.url,
      `CREATE TABLE auth.users (id uuid, email varchar(255), encrypted_password varchar(255), created_at timestamptz,
         banned_until timestamptz, deleted_at timestamptz, email_confirmed_at timestamptz)`
    )
    await query(
      foreign.url,
      `INSERT INTO auth.users VALUES
         (gen_random_uuid(), 'supabase@example.com', $1, '2020-02-03T04:05:06.7Z', NULL, NULL, now()),
         (gen_random_uuid(), 'banned@example.com', $1, now(), now() + interval '1 year', NULL, now()),
         (gen_random_uuid(), 'social@example.com', '', now(), now() - interval '1 year', NULL, NULL),
         (gen_random_uuid(), 'deleted@example.com', $1, now(), NULL, now(), now())`,
      [(await hashBcrypt(password, 4)).replace('$2b$', '$2a$')]
    )
    await runSql('Supabase')
    await expectUsers(['supabase@example.com', 'banned@example.com', 'social@example.com'], ['supabase@example.com'])
  })

  test.skipIf(!isJqHere)('Keycloak', async () => {
    const salt = randomBytes(16)
    const credential = (value: string, data: object) => [
      {
        id: 'f27826f7-6ec1-4283-822f-10e0c51a9089',
        type: 'password',
        userLabel: 'My password',
        createdDate: 1690887741455,
        secretData: JSON.stringify({ value, salt: base64(salt), additionalParameters: {} }),
        credentialData: JSON.stringify({ additionalParameters: {}, ...data })
      }
    ]
    const ofPbkdf2 = (digest: string) =>
      credential(base64(pbkdf2Sync(password, salt, 27_500, 64, digest)), {
        hashIterations: 27_500,
        algorithm: `pbkdf2-${digest}`
      })
    const argon2 = await hashArgon2(password, { algorithm: 2, memoryCost: 7168, timeCost: 5, parallelism: 1, salt })
    const ofArgon2 = credential(`${argon2.split('$').at(-1)}=`, {
      hashIterations: 5,
      algorithm: 'argon2',
      additionalParameters: { hashLength: ['32'], memory: ['7168'], type: ['id'], version: ['1.3'], parallelism: ['1'] }
    })
    const user = (username: string, credentials: unknown[], enabled = true) => ({
      id: `kc-${username}`,
      username,
      email: `${username}@example.com`,
      emailVerified: true,
      enabled,
      createdTimestamp: 1690887720000,
      credentials,
      realmRoles: ['default-roles-example']
    })
    const users = [
      user('kc-256', ofPbkdf2('sha256')),
      user('kc-512', ofPbkdf2('sha512')),
      user('kc-argon2', ofArgon2),
      user('kc-disabled', ofArgon2, false),
      user('kc-social', [])
    ]
    await writeFile(join(folder, 'realm.json'), JSON.stringify({ realm: 'example', users }))
    runJq('Keycloak')
    await expectUsers(
      users.map(({ username }) => username),
      ['kc-256', 'kc-512', 'kc-argon2']
    )
  })

  test('better-auth', async () => {
    const { resolve } = createRequire(new URL('../../bench/package.json', import.meta.url))
    const { hashPassword } = await import(pathToFileURL(resolve('better-auth/crypto')).href)
    await query(
      foreign.url,
      'CREATE TABLE "user" (id text, name text, email text, "emailVerified" boolean, "createdAt" timestamp)'
    )
    await query(foreign.url, 'CREATE TABLE account (id text, "userId" text, "providerId" text, password text)')
    await query(
      foreign.url,
      `INSERT INTO "user" VALUES ('ba1', 'One', 'better@example.com', true, '2020-02-03 04:05:06'), ('ba2', 'Two', 'github@example.com', true, now())`
    )
    await query(
      foreign.url,
      `INSERT INTO account VALUES ('1', 'ba1', 'credential', $1), ('2', 'ba1', 'github', NULL), ('3', 'ba2', 'github', NULL)`,
      [await hashPassword(password)]
    )
    await runSql('better-auth')
    await expectUsers(['better@example.com', 'github@example.com'], ['better@example.com'])
  })
})
