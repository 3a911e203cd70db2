import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@countersign/testing'
import { query, startTrio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMasterKey } from '../../services/auth-service/src/keys/master-keys.ts'
import { openDatabase, openDatabasePool } from '../../services/auth-service/src/stores/postgres/database.ts'
import {
  createPrismaProviderStore,
  createProviderSealing
} from '../../services/auth-service/src/stores/postgres/providers.ts'
import { countersign } from './fixtures/countersign.ts'

interface Document {
  id: string
  error?: string
  error_description?: string
  providers: { id: string }[]
}

interface Applied {
  entries: { kind: string; id: string; action: string; differences: string[] }[]
}

const secret = 'the secret of a client at Google'

describe('countersign providers', () => {
  let database: TestDatabase
  let folder: string
  const keys = [randomBytes(32), randomBytes(32)] as const
  const keyText = (...given: Buffer[]) => given.map((key) => key.toString('base64')).join(',')

  beforeAll(async () => {
    database = await createTestDatabase()
    folder = await mkdtemp(join(tmpdir(), 'countersign-providers-'))
    await writeFile(join(folder, 'secret'), `${secret}\n`)
  })
  afterAll(async () => {
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  async function run<T = Document>(args: string[], env: Record<string, string> = {}) {
    return countersign<T>([...args, '--json'], {
      env: {
        DATABASE_URL: database.url,
        COUNTERSIGN_MASTER_KEY: keyText(keys[0]),
        PAGES_URL: 'https://app.example.com/account',
        ...env
      }
    })
  }
  const secretUnder = async (key: Buffer) => {
    const connection = openDatabase(openDatabasePool({ url: database.url, connections: 1 }))
    try {
      const store = createPrismaProviderStore(connection, createProviderSealing([createMasterKey(key)]))
      return (await store.findEnabled('google'))?.secret
    } finally {
      await connection.$disconnect()
    }
  }

  test('sets a provider up, lists, changes and deletes it; the secret is in no output', async () => {
    const given = ['--client-id', 'our-client', '--client-secret-file', join(folder, 'secret')]
    const created = await run(['providers', 'create', 'google', ...given, '--domain', 'Example.COM'])
    expect(created).toMatchObject({
      code: 0,
      document: {
        id: 'google',
        kind: 'google',
        name: 'Google',
        issuer: 'https://accounts.google.com',
        has_secret: true,
        authoritative_domains: ['example.com'],
        redirect_uri: 'https://app.example.com/bff/providers/google/callback'
      }
    })
    expect(JSON.stringify(created)).not.toContain(secret)
    expect(await secretUnder(keys[0])).toEqual({ kind: 'secret', secret })
    const taken = await run(['providers', 'create', 'google', ...given])
    expect(taken).toMatchObject({ code: 3, document: { error: 'provider_taken' } })
    const changed = await run(['providers', 'change', 'google', '--disable', '--no-domains'])
    expect(changed).toMatchObject({
      code: 0,
      document: { enabled: false, authoritative_domains: [], has_secret: true }
    })
    expect((await run(['providers', 'list'])).document.providers).toEqual([expect.objectContaining({ id: 'google' })])
    await run(['providers', 'change', 'google', '--enable'])
  })

  test('the secret is sealed under a new master key', async () => {
    const trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: undefined,
      env: { COUNTERSIGN_MASTER_KEY: keyText(keys[0]) }
    })
    await trio.stop()
    await expect(secretUnder(keys[1])).rejects.toMatchObject({ status: 503 })
    const args = ['master-key', 're-encrypt']
    const both = { COUNTERSIGN_MASTER_KEY: keyText(keys[1], keys[0]) }
    expect(await run(args, both)).toMatchObject({ code: 0, document: { reencrypted_providers: 1 } })
    expect(await run(args, both)).toMatchObject({ code: 0, document: { reencrypted_providers: 0 } })
    expect(await secretUnder(keys[1])).toEqual({ kind: 'secret', secret })
  })

  test('one with which users sign in is deleted only on purpose', async () => {
    await query(
      database.url,
      `WITH u AS (INSERT INTO users (id, username, username_key, password_hash, roles)
         VALUES (gen_random_uuid(), 'ada', 'ada', '', '{}') RETURNING id)
       INSERT INTO identities (issuer, subject, id, user_id, provider_id)
       SELECT 'https://accounts.google.com', '1', gen_random_uuid(), id, 'google' FROM u`
    )
    const remove = (...options: string[]) => run(['providers', 'delete', 'google', ...options])
    expect(await remove()).toMatchObject({ code: 3, document: { error: 'provider_in_use' } })
    expect(await remove('--with-identities')).toMatchObject({ code: 0, document: { id: 'google' } })
    expect(await remove()).toMatchObject({ code: 3, document: { error: 'provider_not_found' } })
  })

  test('a file makes providers, as often as it is applied; their secrets are in files of their own', async () => {
    const file = join(folder, 'installation.yaml')
    const write = (...providers: object[]) => writeFile(file, JSON.stringify({ providers }))
    const apply = async (...options: string[]) => run<Applied>(['apply', file, ...options])
    const google = { id: 'google', kind: 'google', client_id: 'ours', client_secret_file: 'secret' }
    const company = { id: 'company', kind: 'oidc', name: 'The company', issuer: 'https://id.example', client_id: 'c' }
    const stepsOf = ({ document }: { document: Applied }) =>
      document.entries.map(({ kind, id, action, differences }) => [kind, id, action, differences])

    await write(google, company)
    const created = [
      ['provider', 'google', 'create', []],
      ['provider', 'company', 'create', []]
    ]
    expect(stepsOf(await apply('--dry-run'))).toEqual(created)
    expect(stepsOf(await apply())).toEqual(created)
    expect(await secretUnder(keys[0])).toEqual({ kind: 'secret', secret })
    expect(stepsOf(await apply())).toEqual(created.map(([kind, id]) => [kind, id, 'keep', []]))

    await writeFile(join(folder, 'other'), 'another secret')
    await write({ ...google, client_secret_file: 'other', authoritative_domains: ['example.com'] })
    const changed = await apply()
    expect(stepsOf(changed)).toEqual([
      ['provider', 'google', 'change', ['authoritative_domains: + example.com', 'secret: another one']]
    ])
    expect(JSON.stringify(changed)).not.toContain('another secret')
    expect(await secretUnder(keys[0])).toEqual({ kind: 'secret', secret: 'another secret' })

    for (const [entries, code, message] of [
      [[{ ...google, client_secret: 'in the file' }], 2, /providers\.0.*client_secret/],
      [[{ ...google, client_secret_file: 'none' }], 2, /cannot be read/],
      [[{ ...company, issuer: 'https://other.example' }], 3, /has the issuer https:\/\/id\.example, for good/],
      [[{ ...company, id: 'twin' }], 3, /Another provider has this issuer/],
      [
        [
          company,
          { ...company, id: 'twin', issuer: 'https://x.example' },
          { ...company, id: 'third', issuer: 'https://x.example' }
        ],
        3,
        /Another/
      ]
    ] as const) {
      await write(...entries)
      const refused = await run(['apply', file])
      expect({ code: refused.code, text: refused.document.error_description }).toEqual({
        code,
        text: expect.stringMatching(message)
      })
    }
    const { document } = await run(['providers', 'list'])
    expect(document.providers.map(({ id }) => id).sort()).toEqual(['company', 'google'])
  })

  test('says what is missing', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const pem = join(folder, 'key.p8')
    await writeFile(pem, privateKey.export({ format: 'pem', type: 'pkcs8' }))
    const apple = ['--team-id', 'TEAM123456', '--key-id', 'KEY1234567', '--private-key-file', pem]
    const faults: [string[], RegExp][] = [
      [['create', 'x', '--client-id', 'c'], /name must be given/],
      [['create', 'x', '--name', 'X', '--client-id', 'c'], /issuer must be given/],
      [['create', 'x', '--name', 'X', '--issuer', 'http://id.example', '--client-id', 'c'], /issuer must be a URL/],
      [['create', 'google', '--client-id', 'c'], /client_secret must be given/],
      [['create', 'apple', '--client-id', 'c'], /apple_key must be given/],
      [['create', 'apple', '--client-id', 'c', ...apple], /private_key must be the private key/],
      [['create', 'Google!', '--client-id', 'c'], /id must be/],
      [['create', 'google', '--client-id', 'c', '--client-secret-file', join(folder, 'none')], /cannot be read/],
      [['change', 'google'], /must hold something to change|fields/]
    ]
    for (const [args, message] of faults) {
      const { code, document } = await run(['providers', ...args])
      expect({ code, description: document.error_description }, args.join(' ')).toEqual({
        code: 2,
        description: expect.stringMatching(message)
      })
    }
  })
})
