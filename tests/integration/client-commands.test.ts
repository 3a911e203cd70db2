import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServiceTokenSource, type ServiceTokenSource } from '@countersign/service-tokens'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { basic, get, postForm, query, signIn, startTrio, type Trio, usedSecrets } from '@countersign/testing/trio'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { countersign } from './fixtures/countersign.ts'

interface Document {
  client_id: string
  client_secret?: string
  disabled_at: string | null
  scopes: string[]
  jwks: { keys: { kid: string }[] } | null
  published?: boolean
  error?: string
}

describe('countersign clients beside a running installation', () => {
  let database: TestDatabase
  let redisUrl: string | undefined
  let trio: Trio
  let folder: string
  let count = 0
  const sources: ServiceTokenSource[] = []

  beforeAll(async () => {
    database = await createTestDatabase()
    redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl })
    folder = await mkdtemp(join(tmpdir(), 'countersign-clients-'))
  })
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close()
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const newId = () => `service-${++count}`

  async function run<T = Document>(...args: string[]) {
    const env = { DATABASE_URL: database.url, ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }) }
    const result = await countersign<T>(['clients', ...args, '--json'], { env })
    const { client_secret } = result.document as Partial<Document>
    if (client_secret !== undefined) usedSecrets.add(client_secret)
    return result
  }

  async function makeKey(): Promise<{ privateKey: string; jwksFile: string; kid: string }> {
    const jwksFile = join(folder, `${newId()}.json`)
    const { document } = await run<{ private_key: string; kid: string }>('make-key', '--out-jwks', jwksFile)
    usedSecrets.add(document.private_key.split('\n')[1] as string)
    return { privateKey: document.private_key, jwksFile, kid: document.kid }
  }

  function sourceOf(clientId: string, privateKey: string): ServiceTokenSource {
    const source = createServiceTokenSource({
      issuer: trio.issuer,
      tokenEndpoint: `${trio.auth.url}/oauth/token`,
      clientId,
      privateKey
    })
    sources.push(source)
    return source
  }

  const tokenBySecret = (id: string, secret: string) =>
    postForm<{ access_token: string }>(
      `${trio.auth.url}/oauth/token`,
      { grant_type: 'client_credentials' },
      basic(id, secret)
    )
  const statusOfStatistics = async (token: string) => (await get(`${trio.auth.url}/admin/statistics`, token)).status
  const auditOf = (id: string) =>
    query<{ type: string; actor_id: string | null }>(
      database.url,
      "SELECT type, actor_id FROM audit_events WHERE detail->>'client_id' = $1 ORDER BY id",
      [id]
    )

  const statisticsClient = ['--scope', 'statistics:read', '--audience', 'http://issuer.test']

  test('make-key, create: the client has a token with its own key, until it is disabled, and again when enabled', async () => {
    const id = newId()
    const { privateKey, jwksFile, kid } = await makeKey()
    const created = await run('create', id, '--jwks-file', jwksFile, ...statisticsClient, '--name', 'The first')
    expect(created).toMatchObject({ code: 0, stderr: '' })
    expect(created.document).toEqual({
      client_id: id,
      name: 'The first',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [expect.objectContaining({ kid })] },
      jwks_uri: null,
      grant_types: ['client_credentials'],
      scopes: ['statistics:read'],
      audiences: ['http://issuer.test'],
      resources: [],
      may_act_for: [],
      may_carry_roles: false,
      may_unbind_tokens: false,
      exchange_rules: [],
      access_token_ttl_seconds: null,
      application_type: 'web',
      redirect_uris: [],
      post_logout_redirect_uris: [],
      backchannel_logout_uri: null,
      logo_uri: null,
      policy_uri: null,
      tos_uri: null,
      require_pkce: true,
      first_party: false,
      id_token_ttl_seconds: null,
      secret_ids: [],
      created_at: expect.any(String),
      disabled_at: null,
      first_token_at: null
    })
    const token = await sourceOf(id, privateKey).getToken()
    usedSecrets.add(token)
    expect(await statusOfStatistics(token)).toBe(200)

    const disabled = await run('disable', id)
    expect(disabled).toMatchObject({
      code: 0,
      document: { disabled_at: expect.any(String), published: redisUrl !== undefined }
    })
    await expect.poll(() => statusOfStatistics(token), { timeout: 6000, interval: 10 }).toBe(401)
    await expect(sourceOf(id, privateKey).getToken()).rejects.toMatchObject({
      code: 'ERR_TOKEN_ENDPOINT_REFUSED',
      oauthError: 'invalid_client'
    })

    expect(await run('enable', id)).toMatchObject({ code: 0, document: { disabled_at: null } })
    const again = await sourceOf(id, privateKey).getToken()
    usedSecrets.add(again)
    expect(await statusOfStatistics(again)).toBe(200)
    expect(await statusOfStatistics(token)).toBe(401)
    expect(await auditOf(id)).toEqual(
      ['client.created', 'client.disabled', 'client.tokens_ended', 'client.enabled'].map((type) => ({
        type,
        actor_id: null
      }))
    )
  })

  test('a secret is shown once, overlaps with its successor, and is dropped together with its tokens', async () => {
    const id = newId()
    const { document } = await run('create', id, '--auth-method', 'client_secret_basic', ...statisticsClient)
    const first = document.client_secret as string
    expect(first).toMatch(/^css_[\w-]{43}$/)
    const { body } = await tokenBySecret(id, first)
    expect(await statusOfStatistics(body.access_token)).toBe(200)

    const rotated = await run('rotate-secret', id)
    const second = rotated.document.client_secret as string
    expect(second).not.toBe(first)
    expect((await tokenBySecret(id, first)).status).toBe(200)
    expect((await tokenBySecret(id, second)).status).toBe(200)

    const dropped = await run('drop-secret', id)
    expect(dropped.code).toBe(0)
    expect(dropped.document).not.toHaveProperty('client_secret')
    // A running issuer may have cached the client until it learns of the new credential id.
    const presentFirst = async () => (await tokenBySecret(id, first)).status
    await expect.poll(presentFirst, { timeout: 6000, interval: 10 }).toBe(401)
    expect((await tokenBySecret(id, second)).status).toBe(200)
    await expect.poll(() => statusOfStatistics(body.access_token), { timeout: 6000, interval: 10 }).toBe(401)
    const [row] = await query<{ secret_hashes: string[] }>(
      database.url,
      'SELECT secret_hashes FROM clients WHERE id = $1',
      [id]
    )
    expect(row?.secret_hashes).toHaveLength(1)
    expect(JSON.stringify(row)).not.toContain(second)
  })

  test('a taken id is rejected; --if-absent leaves its client unchanged', async () => {
    const id = newId()
    const { jwksFile } = await makeKey()
    const before = await run('create', id, '--jwks-file', jwksFile, '--scope', 'a', '--audience', 'http://issuer.test')
    const again = ['create', id, '--jwks-file', jwksFile, '--scope', 'b', '--audience', 'http://issuer.test']
    expect(await run(...again)).toMatchObject({ code: 3, document: { error: 'client_id_taken' } })
    const absent = await run(...again, '--if-absent')
    expect(absent.code).toBe(0)
    expect(absent.document).toEqual(before.document)
    expect((await auditOf(id)).map(({ type }) => type)).toEqual(['client.created'])
  })

  test('--or-change makes the client match, and does nothing if it already does', async () => {
    const id = newId()
    const [first, second] = [await makeKey(), await makeKey()]
    const create = (jwksFile: string, scope: string) =>
      run('create', id, '--jwks-file', jwksFile, '--scope', scope, '--audience', 'http://issuer.test', '--or-change')
    expect((await create(first.jwksFile, 'statistics:read')).code).toBe(0)
    expect((await create(first.jwksFile, 'statistics:read')).code).toBe(0)
    expect((await auditOf(id)).map(({ type }) => type)).toEqual(['client.created'])
    const token = await sourceOf(id, first.privateKey).getToken()
    usedSecrets.add(token)

    const changed = await create(second.jwksFile, 'statistics:read')
    expect(changed.document).toMatchObject({ jwks: { keys: [{ kid: second.kid }] } })
    await expect.poll(() => statusOfStatistics(token), { timeout: 6000, interval: 10 }).toBe(401)
    await expect(sourceOf(id, first.privateKey).getToken()).rejects.toMatchObject({ oauthError: 'invalid_client' })
    usedSecrets.add(await sourceOf(id, second.privateKey).getToken())
    expect((await auditOf(id)).map(({ type }) => type)).toEqual([
      'client.created',
      'client.changed',
      'client.tokens_ended'
    ])

    const bySecret = await run('create', id, '--auth-method', 'client_secret_basic', ...statisticsClient, '--or-change')
    expect(bySecret).toMatchObject({ code: 3, document: { error: 'client_auth_method_differs' } })
    await run('disable', id)
    expect((await create(first.jwksFile, 'other')).document.disabled_at).toEqual(expect.any(String))
  })

  test('a command for an unknown client, or for a secret that is not there, is refused', async () => {
    for (const command of ['disable', 'enable', 'rotate-secret', 'drop-secret']) {
      expect(await run(command, 'nobody')).toMatchObject({ code: 3, document: { error: 'client_not_found' } })
    }
    const id = newId()
    await run('create', id, '--jwks-uri', 'https://keys.example.com/jwks', '--audience', 'http://issuer.test')
    for (const command of ['rotate-secret', 'drop-secret']) {
      expect(await run(command, id)).toMatchObject({ code: 3, document: { error: 'client_has_no_secret' } })
    }
    expect((await auditOf(id)).map(({ type }) => type)).toEqual(['client.created'])
  })

  test('list shows what the admin API shows, in pages', async () => {
    const introspects = ['--auth-method', 'client_secret_basic', '--resource', 'http://api.test']
    for (let made = 0; made < 3; made++) expect((await run('create', newId(), ...introspects)).code).toBe(0)
    const admin = await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })
    type Page = { clients: Document[]; next_cursor: string | null }
    const seen: Document[] = []
    for (let cursor: string[] = []; ; ) {
      const { document } = await run<Page>('list', '--limit', '5', ...cursor)
      seen.push(...document.clients)
      if (document.next_cursor === null) break
      cursor = ['--cursor', document.next_cursor]
    }
    const api = await get<Page>(`${trio.auth.url}/admin/clients?limit=100`, admin.access_token)
    expect(seen.length).toBeGreaterThan(5)
    expect(seen).toEqual(api.body.clients)
    const { stdout } = await countersign(['clients', 'list'], { env: { DATABASE_URL: database.url } })
    expect(stdout).toMatch(/^ID +AUTHENTICATES BY +SCOPES +STATE +CREATED\n/)
    expect(stdout).toMatch(/^countersign +none +\S.* +enabled +\S+Z$/m)
  })
})
