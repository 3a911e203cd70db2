import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestRedis, expectRefusedWithin, startPostgresFaults } from '@countersign/testing'
import {
  type ApiResponse,
  accessTokenUrn,
  basic,
  createClient,
  get,
  post,
  postForm,
  query,
  refresh,
  register,
  send,
  signIn,
  tokenExchange,
  unverifiedClaims,
  usedSecrets
} from '@countersign/testing/trio'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Fixture, startFixture } from '../interop/fixture.ts'
import { countersign } from './fixtures/countersign.ts'
import { type ScopedApi, startScopedApi } from './fixtures/scoped-api.ts'

const reports = 'https://reports.example'
const stock = 'urn:example:stock'
const sentence = 'A sentence that people understand.'

interface Tokens {
  access_token: string
  refresh_token: string
  scope?: string
  error?: string
}
interface Applied {
  entries: { id: string; action: string; differences: string[]; client_secret?: string }[]
}
type Named = Record<string, unknown> & { id: string }

describe('APIs, roles and scopes', () => {
  let fixture: Fixture
  let redisUrl: string | undefined
  let admin: string
  let folder: string
  let apis: Record<'reports' | 'stock', ScopedApi>
  let ids: Record<'reports' | 'stock', string>
  let count = 0

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-apis-'))
    redisUrl = inject('docker') ? await createTestRedis() : undefined
    fixture = await startFixture({ ...(redisUrl !== undefined && { ownRedisUrl: redisUrl }) })
    const { issuer } = fixture
    apis = {
      reports: await startScopedApi({ issuer, audience: reports, redisUrl }),
      stock: await startScopedApi({ issuer, audience: stock, redisUrl })
    }
    admin = await fixture.signInAdmin()
    const scopes = (...names: string[]) => names.map((name) => ({ name, description: sentence }))
    const made = {
      reports: await call<Named>('POST', '/apis', {
        identifier: reports,
        name: 'Reports',
        carries_roles: true,
        scopes: scopes('reports:read', 'reports:write')
      }),
      stock: await call<Named>('POST', '/apis', { identifier: stock, scopes: scopes('stock:read', 'stock:reserve') })
    }
    expect([made.reports.status, made.stock.status]).toEqual([201, 201])
    ids = { reports: made.reports.body.id, stock: made.stock.body.id }
  })
  afterAll(async () => {
    await apis?.reports.close()
    await apis?.stock.close()
    await fixture?.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const call = <T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<ApiResponse<T>> =>
    send(`${fixture.issuer}/admin${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${admin}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  const login = async (user: { username: string; password: string }, grant: object = {}) =>
    post<Tokens>(`${fixture.issuer}/auth/login`, { username: user.username, password: user.password, ...grant })
  const refreshFor = async (refreshToken: string, grant: object = {}) =>
    post<Tokens>(`${fixture.issuer}/auth/refresh`, { refresh_token: refreshToken, ...grant })
  const newRole = async (...scopes: [string, string][]) => {
    const name = `role-${++count}`
    const body = { name, scopes: scopes.map(([api, scope]) => ({ api, scope })) }
    expect((await call('POST', '/roles', body)).status).toBe(201)
    return name
  }
  const newUser = async (...roles: string[]) => {
    const user = await register(fixture.issuer)
    expect((await call('PATCH', `/users/${user.id}`, { roles })).status).toBe(200)
    return user
  }
  const statusAt = async (api: ScopedApi, path: string, token: string) => (await get(`${api.url}${path}`, token)).status

  describe("a user's token for an API", () => {
    test('has the scopes that a role holds there, and is valid at that API alone', async () => {
      const user = await newUser(await newRole([reports, 'reports:read']))
      const { status, body } = await login(user, { resource: reports })
      expect({ status, scope: body.scope }).toEqual({ status: 200, scope: 'reports:read' })
      expect(unverifiedClaims(body.access_token).aud).toEqual([reports])
      expect(await statusAt(apis.reports, '/scopes/reports:read', body.access_token)).toBe(200)
      expect(await statusAt(apis.reports, '/scopes/reports:write', body.access_token)).toBe(403)
      expect(await statusAt(apis.stock, '/', body.access_token)).toBe(401)
      expect((await get(`${fixture.issuer}/auth/me`, body.access_token)).status).toBe(401)
    })

    test('has the union of what several roles hold, or what is asked for of it; the rest drops out', async () => {
      const user = await newUser(
        await newRole([reports, 'reports:read'], [stock, 'stock:read']),
        await newRole([reports, 'reports:write'])
      )
      const all = await login(user, { resource: reports })
      expect(all.body.scope).toBe('reports:read reports:write')
      const some = await login(user, { resource: reports, scope: 'reports:write stock:read admin' })
      expect(some.body.scope).toBe('reports:write')
    })

    test('names the roles that hold scopes of an API that wants them, and none for another one', async () => {
      const [reader, counter] = [await newRole([reports, 'reports:read']), await newRole([stock, 'stock:read'])]
      const user = await newUser(reader, counter)
      const { access_token: forReports } = (await login(user, { resource: reports })).body
      expect(unverifiedClaims(forReports).roles).toEqual([reader])
      expect(await statusAt(apis.reports, `/roles/${reader}`, forReports)).toBe(200)
      const { access_token: forStock } = (await login(user, { resource: stock })).body
      expect(unverifiedClaims(forStock)).not.toHaveProperty('roles')
    })

    test('what the role `user` holds is what every account holds', async () => {
      const api = 'https://everyone.example'
      await call('POST', '/apis', {
        identifier: api,
        carries_roles: true,
        scopes: [{ name: 'all:read', description: sentence }]
      })
      await call('PATCH', '/roles/user', { scopes: [{ api, scope: 'all:read' }] })
      const user = await register(fixture.issuer)
      const first = (await login(user, { resource: api })).body
      expect(unverifiedClaims(first.access_token)).toMatchObject({ scope: 'all:read', roles: ['user'] })
      const changed = await call('PATCH', '/roles/user', { scopes: [] })
      expect(changed).toMatchObject({ body: { sessions_ended: 0 } })
      expect((await refreshFor(first.refresh_token, { resource: fixture.issuer })).status).toBe(200)
      const again = await call('PATCH', '/roles/user', { scopes: [{ api, scope: 'all:read' }] })
      expect(again.status).toBe(200)
      expect(await call('PATCH', '/roles/user', { scopes: [], end_sessions: true })).toMatchObject({ status: 200 })
      // The admin's own session is one of them.
      admin = await fixture.signInAdmin()
      expect((await refreshFor(first.refresh_token, { resource: fixture.issuer })).status).toBe(400)
    })

    test('without a role that holds a scope, or for an API that nobody registered, there is none', async () => {
      const user = await newUser()
      expect(await login(user, { resource: reports })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
      expect(await login(user, { resource: 'https://nobody.example' })).toMatchObject({
        status: 400,
        body: { error: 'invalid_target' }
      })
      expect(await login(user, { resource: 'with space' })).toMatchObject({ body: { error: 'invalid_target' } })
      expect(await login(user, { scope: 'a  b' })).toMatchObject({ body: { error: 'invalid_scope' } })
    })

    test('an API without scopes takes any user, and the token has no scope', async () => {
      await call('POST', '/apis', { identifier: 'https://plain.example' })
      const { body } = await login(await newUser(), { resource: 'https://plain.example' })
      expect(body).not.toHaveProperty('scope')
      expect(unverifiedClaims(body.access_token)).not.toHaveProperty('scope')
      const asked = await login(await newUser(), { resource: 'https://plain.example', scope: 'anything' })
      expect(asked).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    })

    test('a sign-in that names no API is as before, for the first API and the issuer', async () => {
      const { body } = await login(await newUser(await newRole([reports, 'reports:read'])))
      const claims = unverifiedClaims(body.access_token)
      expect({ scope: body.scope, aud: claims.aud }).toEqual({
        scope: 'account',
        aud: [fixture.audience, fixture.issuer]
      })
      expect((await get(`${fixture.issuer}/auth/me`, body.access_token)).status).toBe(200)
    })

    test('the issuer itself can be named: a token for the account alone', async () => {
      const { body } = await login(await newUser(), { resource: fixture.issuer })
      expect(unverifiedClaims(body.access_token)).toMatchObject({ aud: [fixture.issuer], scope: 'account' })
      expect((await get(`${fixture.issuer}/auth/me`, body.access_token)).status).toBe(200)
      expect((await get(`${fixture.audience}/me`, body.access_token)).status).toBe(401)
    })

    test('a scope of the first API that has the name of one of the issuer means nothing there', async () => {
      const { apis: all } = (await call<{ apis: Named[] }>('GET', '/apis')).body
      const first = all.find(({ identifier }) => identifier === fixture.audience) as Named
      const names = ['statistics:read', 'revocations:read']
      await call('PATCH', `/apis/${first.id}`, { scopes: names.map((name) => ({ name, description: sentence })) })
      const user = await newUser(await newRole(...names.map((name): [string, string] => [fixture.audience, name])))
      const { body } = await login(user)
      expect(body.scope).toBe('account revocations:read statistics:read')
      expect((await get(`${fixture.issuer}/admin/statistics`, body.access_token)).status).toBe(403)
      const feed = `${fixture.issuer}/revocations/feed?nonce=0123456789abcdef0123`
      expect((await get(feed, body.access_token)).status).toBe(403)
      await call('PATCH', `/apis/${first.id}`, { scopes: [] })
    })

    test('an API that is registered by the name of the issuer gives nothing there', async () => {
      const { issuer } = fixture
      expect((await call('POST', '/apis', { identifier: issuer })).status).toBe(409)
      // The command line does not know the issuer.
      const env = { DATABASE_URL: fixture.database.url }
      const scope = `statistics:read=${sentence}`
      expect((await countersign(['apis', 'create', issuer, '--scope', scope], { env })).code).toBe(0)
      const user = await newUser(await newRole([issuer, 'statistics:read']))
      expect((await login(user, { resource: issuer })).body.scope).toBe('account')
      expect((await countersign(['apis', 'delete', issuer], { env })).code).toBe(0)
    })
  })

  describe('a refresh', () => {
    test('gives a token for the API of the sign-in, or for another one: one session for several APIs', async () => {
      const user = await newUser(await newRole([reports, 'reports:read'], [stock, 'stock:read']))
      const first = (await login(user, { resource: reports })).body
      const second = (await refreshFor(first.refresh_token)).body
      expect(unverifiedClaims(second.access_token)).toMatchObject({ aud: [reports], scope: 'reports:read' })
      const third = (await refreshFor(second.refresh_token, { resource: stock })).body
      expect(unverifiedClaims(third.access_token)).toMatchObject({ aud: [stock], scope: 'stock:read' })
      expect(unverifiedClaims(third.access_token).sid).toBe(unverifiedClaims(first.access_token).sid)
      const account = (await refreshFor(third.refresh_token, { resource: fixture.issuer })).body
      expect((await get(`${fixture.issuer}/auth/me`, account.access_token)).status).toBe(200)
    })

    test('keeps to the scopes that the sign-in asked for, until it asks for others', async () => {
      const user = await newUser(await newRole([reports, 'reports:read'], [reports, 'reports:write']))
      const first = (await login(user, { resource: reports, scope: 'reports:read' })).body
      const second = (await refreshFor(first.refresh_token)).body
      expect(second.scope).toBe('reports:read')
      const third = (await refreshFor(second.refresh_token, { scope: 'reports:write' })).body
      expect(third.scope).toBe('reports:write')
    })

    test('several APIs are more than one token is for; the session stays', async () => {
      const { refresh_token: refreshToken } = await signIn(fixture.issuer, await newUser())
      const form = { grant_type: 'refresh_token', client_id: 'countersign', refresh_token: refreshToken }
      const response = await postForm<Tokens>(`${fixture.issuer}/oauth/token`, { ...form, resource: [reports, stock] })
      expect(response).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
      expect((await refresh(fixture.issuer, refreshToken)).status).toBe(200)
    })

    test('with no scope left it is refused, and the session stays', async () => {
      const role = await newRole([reports, 'reports:read'])
      const user = await newUser(role)
      const first = (await login(user, { resource: reports })).body
      await call('PATCH', `/roles/${role}`, { scopes: [] })
      expect(await refreshFor(first.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
      await call('PATCH', `/roles/${role}`, { scopes: [{ api: reports, scope: 'reports:read' }] })
      expect((await refreshFor(first.refresh_token)).status).toBe(200)
    })

    test('a repeated one gets a token for the API that it names', async () => {
      const user = await newUser(await newRole([reports, 'reports:read'], [stock, 'stock:read']))
      const first = (await login(user, { resource: reports })).body
      const [one, other] = await Promise.all([
        refreshFor(first.refresh_token, { resource: reports }),
        refreshFor(first.refresh_token, { resource: stock })
      ])
      expect([one.body.scope, other.body.scope]).toEqual(['reports:read', 'stock:read'])
      expect(one.body.refresh_token).toBe(other.body.refresh_token)
    })
  })

  describe('taking a scope from a role', () => {
    test('counts at the next refresh; its sessions go on', async () => {
      const role = await newRole([reports, 'reports:read'], [reports, 'reports:write'])
      const user = await newUser(role)
      const first = (await login(user, { resource: reports })).body
      const changed = await call('PATCH', `/roles/${role}`, { scopes: [{ api: reports, scope: 'reports:read' }] })
      expect(changed).toMatchObject({ status: 200, body: { sessions_ended: 0 } })
      expect(await statusAt(apis.reports, '/scopes/reports:write', first.access_token)).toBe(200)
      const second = (await refreshFor(first.refresh_token)).body
      expect(await statusAt(apis.reports, '/scopes/reports:write', second.access_token)).toBe(403)
      expect(await statusAt(apis.reports, '/scopes/reports:read', second.access_token)).toBe(200)
    })

    test('with end_sessions the sessions end of those who lose it, and of nobody else', async () => {
      const role = await newRole([reports, 'reports:read'])
      const [loser, holder, stranger] = [
        await newUser(role),
        await newUser(role, await newRole([reports, 'reports:read'])),
        await newUser()
      ]
      const lost = (await login(loser, { resource: reports })).body
      const kept = (await login(holder, { resource: reports })).body
      const other = (await login(stranger)).body
      const changed = await call('PATCH', `/roles/${role}`, { scopes: [], end_sessions: true })
      expect(changed).toMatchObject({ status: 200, body: { sessions_ended: 1 } })
      expect(await refreshFor(lost.refresh_token)).toMatchObject({ body: { error: 'invalid_grant' } })
      if (redisUrl !== undefined) {
        await expectRefusedWithin(1000, () => statusAt(apis.reports, '/', lost.access_token))
        expect(await statusAt(apis.reports, '/', kept.access_token)).toBe(200)
      }
      expect((await refreshFor(kept.refresh_token)).status).toBe(200)
      expect((await refreshFor(other.refresh_token)).status).toBe(200)
      const [event] = await query<{ detail: object; actor_id: string }>(
        fixture.database.url,
        "SELECT detail, actor_id FROM audit_events WHERE type = 'session.ended' AND user_id = $1::uuid",
        [loser.id]
      )
      expect(event).toEqual({ detail: { reason: 'scope_removed' }, actor_id: unverifiedClaims(admin).sub })
    })

    test('a scope that is removed from an API is removed from every role', async () => {
      const scope = { name: 'reports:old', description: sentence }
      const { scopes } = (await call<{ scopes: object[] }>('GET', `/apis/${ids.reports}`)).body
      await call('PATCH', `/apis/${ids.reports}`, { scopes: [...scopes, scope] })
      const role = await newRole([reports, 'reports:old'], [reports, 'reports:read'])
      const first = (await login(await newUser(role), { resource: reports })).body
      expect(first.scope).toBe('reports:old reports:read')
      const changed = await call('PATCH', `/apis/${ids.reports}`, { scopes, end_sessions: true })
      expect(changed).toMatchObject({ status: 200, body: { sessions_ended: 1 } })
      expect((await call('GET', `/roles/${role}`)).body.scopes).toEqual([{ api: reports, scope: 'reports:read' }])
      expect((await refreshFor(first.refresh_token)).status).toBe(400)
    })
  })

  describe('by the command line', () => {
    const run = <T = Record<string, unknown>>(...args: string[]) =>
      countersign<T>([...args, '--json'], {
        env: { DATABASE_URL: fixture.database.url, ...(redisUrl !== undefined && { REDIS_URL: redisUrl }) }
      })

    test('an API and a role are made, changed, shown and deleted', async () => {
      const api = 'https://orders.example'
      const created = await run('apis', 'create', api, '--name', 'Orders', '--scope', 'orders:read=Read orders')
      expect(created).toMatchObject({ code: 0, document: { identifier: api, name: 'Orders', carries_roles: false } })
      expect(await run('apis', 'create', api)).toMatchObject({ code: 3, document: { error: 'api_taken' } })
      expect(await run('apis', 'create', api, '--if-absent')).toMatchObject({ code: 0, document: { name: 'Orders' } })
      await run('apis', 'change', api, '--scope', 'orders:write=Write orders', '--carries-roles')
      expect(await run('apis', 'show', api)).toMatchObject({
        document: { carries_roles: true, scopes: [{ name: 'orders:read' }, { name: 'orders:write' }] }
      })
      expect((await run<{ apis: Named[] }>('apis', 'list')).document.apis.map((one) => one.identifier)).toContain(api)

      expect(await run('roles', 'create', 'clerk', '--scope', `${api} orders:read`)).toMatchObject({ code: 0 })
      expect(await run('roles', 'create', 'other', '--scope', `${api} nothing`)).toMatchObject({
        code: 3,
        document: { error: 'scope_not_found' }
      })
      const user = await newUser('clerk')
      expect((await login(user, { resource: api })).body.scope).toBe('orders:read')
      await run('roles', 'change', 'clerk', '--scope', `${api} orders:write`, '--drop-scope', `${api} orders:read`)
      const { body } = await login(user, { resource: api })
      expect(body.scope).toBe('orders:write')
      expect(await run('roles', 'delete', 'clerk')).toMatchObject({ code: 3, document: { error: 'role_in_use' } })
      expect(await run('roles', 'delete', 'admin')).toMatchObject({ code: 3, document: { error: 'role_is_built_in' } })

      const deleted = await run('apis', 'delete', api, '--now')
      expect(deleted).toMatchObject({ code: 0, document: { identifier: api } })
      expect(deleted.document.sessions_ended).toBeGreaterThan(0)
      expect(await refreshFor(body.refresh_token)).toMatchObject({ body: { error: 'invalid_grant' } })
      expect(await login(user, { resource: api })).toMatchObject({ body: { error: 'invalid_target' } })
    })

    test('changes at the same moment come one after another: the last one is what is there', async () => {
      const api = `https://${randomUUID()}.example`
      const scopesOf = (i: number) => [`a${i % 3}`, `b${i % 2}`]
      const scopes = ['a0', 'a1', 'a2', 'b0', 'b1'].map((name) => ({ name, description: sentence }))
      const { body: created } = await call<Named>('POST', '/apis', { identifier: api, name: 'Many', scopes })
      const role = await newRole()
      const many = (change: (i: number) => Promise<{ status: number }>) =>
        Promise.all(Array.from({ length: 24 }, (_, i) => change(i)))
      const held = (i: number) => ({ scopes: scopesOf(i).map((scope) => ({ api, scope })) })
      for (const { status } of await many((i) => call('PATCH', `/roles/${role}`, held(i)))) expect(status).toBe(200)
      const { body } = await call<{ scopes: { scope: string }[] }>('GET', `/roles/${role}`)
      expect(body.scopes.map(({ scope }) => scope)).toEqual([expect.stringMatching(/^a/), expect.stringMatching(/^b/)])
      await call('PATCH', `/roles/${role}`, { scopes: [] })
      const named = (i: number) => ({ scopes: scopesOf(i).map((name) => ({ name, description: sentence })) })
      for (const { status } of await many((i) => call('PATCH', `/apis/${created.id}`, named(i))))
        expect(status).toBe(200)
      const { body: left } = await call<{ scopes: { name: string }[] }>('GET', `/apis/${created.id}`)
      expect(left.scopes.map(({ name }) => name)).toEqual([expect.stringMatching(/^a/), expect.stringMatching(/^b/)])
    })

    test('with --now, sessions end in batches, and it says how far it is', async () => {
      const role = await newRole([stock, 'stock:read'])
      const user = await newUser(role)
      const { access_token: token } = (await login(user, { resource: stock })).body
      expect(await statusAt(apis.stock, '/', token)).toBe(200)
      await query(
        fixture.database.url,
        `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, idle_expires_at, absolute_expires_at,
           access_expires_at, sign_in_network, address, user_agent)
         SELECT gen_random_uuid(), $1::uuid, 'countersign', 'stock:read', ARRAY[$2], now() + interval '1 hour',
           now() + interval '1 hour', now() + interval '10 minutes', '', '', '' FROM generate_series(1, 1100)`,
        [user.id, stock]
      )
      const { document, stderr } = await run('roles', 'change', role, '--drop-scope', `${stock} stock:read`, '--now')
      expect(document).toMatchObject({ sessions_ended: 1101 })
      expect(stderr.match(/\d+ sessions have ended so far/g)).toHaveLength(3)
      if (redisUrl !== undefined) await expectRefusedWithin(1000, () => statusAt(apis.stock, '/', token))
    })

    test('a file makes APIs, roles and clients, as often as it is applied', async () => {
      const file = join(folder, 'installation.yaml')
      const bills = 'https://bills.example'
      const write = (...scopes: string[]) =>
        writeFile(
          file,
          JSON.stringify({
            apis: [{ identifier: bills, scopes: scopes.map((name) => ({ name, description: 'Bills' })) }],
            roles: [{ name: 'biller', scopes: scopes.map((scope) => ({ api: bills, scope })) }],
            clients: [
              {
                client_id: 'bills',
                token_endpoint_auth_method: 'client_secret_basic',
                grant_types: ['client_credentials'],
                audiences: [bills],
                scopes: ['bills:read']
              }
            ]
          })
        )
      const actions = ({ document }: { document: Applied }) =>
        document.entries.map(({ id, action }) => `${action} ${id}`)
      const each = (action: string) => [bills, 'biller', 'bills'].map((id) => `${action} ${id}`)

      await write('bills:read', 'bills:pay')
      expect(actions(await run<Applied>('apply', file, '--dry-run'))).toEqual(each('create'))
      const refused = await run('apply', file, '--refuse-secrets')
      expect(refused).toMatchObject({ code: 3, document: { error: 'secret_would_be_shown' } })
      expect(refused.document.error_description).toContain('bills')
      expect(actions(await run<Applied>('apply', file, '--dry-run'))).toEqual(each('create'))
      const first = await run<Applied>('apply', file)
      expect(actions(first)).toEqual(each('create'))
      const secret = first.document.entries[2]?.client_secret as string
      usedSecrets.add(secret)
      const form = { grant_type: 'client_credentials' }
      const own = await postForm<Tokens>(`${fixture.issuer}/oauth/token`, form, basic('bills', secret))
      expect(own.body.scope).toBe('bills:read')
      expect(actions(await run<Applied>('apply', file, '--refuse-secrets'))).toEqual(each('keep'))

      const session = (await login(await newUser('biller'), { resource: bills })).body
      expect(session.scope).toBe('bills:pay bills:read')
      await write('bills:read')
      const dry = await run<Applied>('apply', file, '--dry-run')
      expect(dry.document.entries.map(({ differences }) => differences)).toEqual([
        ['scopes: - {"name":"bills:pay","description":"Bills"}'],
        [`scopes: - {"api":"${bills}","scope":"bills:pay"}`],
        []
      ])
      expect((await run<Applied>('apply', file, '--now')).document).toMatchObject({ sessions_ended: 1 })
      expect(await refreshFor(session.refresh_token)).toMatchObject({ body: { error: 'invalid_grant' } })
    })

    test('a file is applied although somebody else makes one of its APIs at the same moment', async () => {
      const file = join(folder, 'race.yaml')
      const api = 'https://race.example'
      await writeFile(file, JSON.stringify({ apis: [{ identifier: api, name: 'Ours' }], roles: [{ name: 'racer' }] }))
      const faults = await startPostgresFaults(fixture.database.url)
      try {
        faults.intercept({
          moment: 'before_sending',
          times: 1,
          matches: (text) => text.includes('INSERT INTO apis'),
          action: async () => void (await run('apis', 'create', api, '--name', 'Theirs'))
        })
        const env = { DATABASE_URL: faults.url, ...(redisUrl !== undefined && { REDIS_URL: redisUrl }) }
        const applied = await countersign<Applied>(['apply', file, '--json'], { env })
        expect(applied.document.entries.map(({ id, action }) => `${action} ${id}`)).toEqual([
          `change ${api}`,
          'create racer'
        ])
        expect((await run('apis', 'show', api)).document).toMatchObject({ name: 'Ours' })
      } finally {
        await faults.close()
      }
    })

    test('a file with mistakes changes nothing, and each mistake is named', async () => {
      const file = join(folder, 'mistakes.yaml')
      for (const [text, ...parts] of [
        ['apis: [', 'not YAML'],
        [
          'apis:\n  - identifier: no-uri\nroles:\n  - name: Wrong\nother: 1',
          'apis.0.identifier',
          'roles.0.name',
          'other'
        ],
        [`roles:\n  - name: r1\n    scopes: [{api: '${stock}', scope: nothing}]`, `nothing of ${stock}`],
        [
          'clients:\n  - client_id: countersign\n    token_endpoint_auth_method: none\n    grant_types: []',
          'stays as it is'
        ],
        ['apis:\n  - &a {identifier: "urn:twice"}\n  - *a', 'must name each once']
      ] as const) {
        await writeFile(file, text)
        const { code, document } = await run('apply', file)
        expect(code, text).toBeGreaterThanOrEqual(2)
        for (const part of parts) expect(document.error_description).toContain(part)
      }
      expect((await run('apply', `${file}.none`)).code).toBe(2)
      expect((await run('apis', 'show', 'urn:twice')).code).toBe(3)
    })

    test('a command that dies before the end leaves the rest to the service', async () => {
      const role = await newRole([stock, 'stock:read'])
      const first = (await login(await newUser(role), { resource: stock })).body
      // What the command commits with the change, before it ends the first session.
      await query(fixture.database.url, 'DELETE FROM role_scopes WHERE role = $1', [role])
      await query(
        fixture.database.url,
        "INSERT INTO session_endings (roles, api, scopes) VALUES (ARRAY[$1], $2, '{stock:read}')",
        [role, stock]
      )
      // Housekeeping has a round each minute; any other command that ends sessions does it, too.
      const { document } = await run('roles', 'change', await newRole(), '--description', 'other', '--now')
      expect(document).toMatchObject({ sessions_ended: 1 })
      expect(await refreshFor(first.refresh_token)).toMatchObject({ body: { error: 'invalid_grant' } })
    })

    test('invalid arguments are refused with a sentence', async () => {
      for (const [args, text] of [
        [['apis', 'create', 'no-uri'], 'an absolute URI'],
        [['apis', 'create', 'urn:a', '--scope', 'x'], 'a sentence'],
        [['roles', 'create', 'Wrong'], 'a-z'],
        [['roles', 'create', 'fine', '--scope', 'alone'], 'separated by a space']
      ] as const) {
        const { code, document } = await run(...args)
        expect({ code, text: String(document.error_description).includes(text) }, JSON.stringify(document)).toEqual({
          code: 2,
          text: true
        })
      }
      expect(await run('roles', 'show', 'nobody')).toMatchObject({ code: 3, document: { error: 'role_not_found' } })
    })
  })

  describe('exchange for another API', () => {
    type Actor = Awaited<ReturnType<typeof newActor>>
    const rule = { from: reports, scope: 'reports:read', to: stock, scopes: ['stock:read', 'stock:reserve'] }
    const newActor = (client: Record<string, unknown> = {}) =>
      createClient(fixture.issuer, admin, {
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: [tokenExchange],
        scopes: [],
        audiences: [],
        resources: [reports],
        may_act_for: ['countersign'],
        exchange_rules: [rule],
        ...client
      })
    const exchange = (actor: Actor, subjectToken: string, more: Record<string, string | string[]> = {}) =>
      postForm<Tokens & { issued_token_type: string }>(
        `${fixture.issuer}/oauth/token`,
        { grant_type: tokenExchange, subject_token: subjectToken, subject_token_type: accessTokenUrn, ...more },
        basic(actor.client_id, actor.client_secret)
      )
    const newSubject = async (...scopes: [string, string][]) =>
      (await login(await newUser(await newRole(...scopes)), { resource: reports })).body.access_token

    test('a rule leads to the other API, with the rights that the user has there', async () => {
      const actor = await newActor()
      const subject = await newSubject([reports, 'reports:read'], [stock, 'stock:read'])
      const { status, body } = await exchange(actor, subject, { resource: stock })
      expect({ status, scope: body.scope }).toEqual({ status: 200, scope: 'stock:read' })
      expect(await statusAt(apis.stock, '/scopes/stock:read', body.access_token)).toBe(200)
      expect(await statusAt(apis.stock, '/scopes/stock:reserve', body.access_token)).toBe(403)
      expect(await statusAt(apis.reports, '/', body.access_token)).toBe(401)
      const [claims, before] = [unverifiedClaims(body.access_token), unverifiedClaims(subject)]
      expect(claims).toMatchObject({ sub: before.sub, sid: before.sid, act: { sub: actor.client_id }, aud: [stock] })
      expect(claims.exp).toBeLessThanOrEqual(before.exp as number)
      expect(claims).not.toHaveProperty('roles')
    })

    test('without the scope, the right or the rule it is refused; the issuer is never the other API', async () => {
      const subject = await newSubject([reports, 'reports:read'])
      const refusal = async (
        client: Record<string, unknown>,
        more: Record<string, string | string[]>,
        token = subject
      ) => (await exchange(await newActor(client), token, more)).body.error
      expect(await refusal({}, { resource: stock })).toBe('invalid_scope')
      expect(await refusal({}, { resource: 'https://elsewhere.example' })).toBe('invalid_target')
      expect(await refusal({}, { resource: [stock, reports] })).toBe('invalid_target')
      expect(await refusal({ may_act_for: ['another'] }, { resource: stock })).toBe('invalid_request')
      const writer = await newSubject([reports, 'reports:write'], [stock, 'stock:read'])
      expect(await refusal({}, { resource: stock }, writer)).toBe('invalid_target')
      const both = await newSubject([reports, 'reports:read'], [stock, 'stock:read'])
      expect(await refusal({}, { resource: stock, scope: 'stock:reserve' }, both)).toBe('invalid_scope')
      const toIssuer = { exchange_rules: [{ from: reports, to: fixture.issuer, scopes: ['account'] }] }
      expect(await refusal(toIssuer, { resource: fixture.issuer })).toBe('invalid_target')
    })

    test('it ends with the session, also for what is exchanged while it ends', async () => {
      const actor = await newActor()
      const user = await newUser(await newRole([reports, 'reports:read'], [stock, 'stock:read']))
      const { access_token: subject, refresh_token } = (await login(user, { resource: reports })).body
      const { access_token: acting } = (await exchange(actor, subject, { resource: stock })).body
      expect((await post(`${fixture.issuer}/auth/logout`, { refresh_token })).status).toBe(204)
      expect((await exchange(actor, subject, { resource: stock })).status).toBe(400)
      if (redisUrl !== undefined) {
        await expectRefusedWithin(1000, () => statusAt(apis.stock, '/', acting))
      }
    })

    test('a rule that does not fit the client is refused', async () => {
      const refused = async (client: object) =>
        (await call<{ error: string; issues: { path: string }[] }>('POST', '/clients', {
          client_id: `refused-${++count}`,
          token_endpoint_auth_method: 'client_secret_basic',
          grant_types: [tokenExchange],
          resources: [reports],
          may_act_for: ['countersign'],
          ...client
        })) satisfies ApiResponse<unknown>
      for (const client of [
        { exchange_rules: [{ ...rule, from: 'https://other.example' }] },
        { exchange_rules: [{ ...rule, to: reports }] },
        { exchange_rules: [{ ...rule, scopes: [] }] },
        { exchange_rules: [rule], grant_types: ['client_credentials'], audiences: [reports] }
      ]) {
        expect((await refused(client)).status, JSON.stringify(client)).toBe(400)
      }
    })

    test('removing a rule ends the tokens of its client', async () => {
      const actor = await newActor()
      const subject = await newSubject([reports, 'reports:read'], [stock, 'stock:read'])
      const { access_token: acting } = (await exchange(actor, subject, { resource: stock })).body
      await call('PATCH', `/clients/${actor.client_id}`, { audiences: [stock], exchange_rules: [] })
      expect((await exchange(actor, subject, { resource: stock })).body.error).toBe('invalid_target')
      if (redisUrl !== undefined) {
        await expectRefusedWithin(1000, () => statusAt(apis.stock, '/', acting))
      }
    })

    test('it never has more than the user, the rules and the request: random roles, clients and requests', async () => {
      const [reportsScopes, stockScopes] = [
        ['reports:read', 'reports:write'],
        ['stock:read', 'stock:reserve']
      ]
      const deed = fc.record({
        held: fc.record({ reports: fc.subarray(reportsScopes), stock: fc.subarray(stockScopes) }),
        asked: fc.option(fc.subarray([...stockScopes, 'account'], { minLength: 1 }), { nil: undefined }),
        actsFor: fc.subarray(['countersign', 'another'], { minLength: 1 }),
        rules: fc.uniqueArray(
          fc.record({
            scope: fc.constantFrom(undefined, ...reportsScopes),
            scopes: fc.subarray(stockScopes, { minLength: 1 })
          }),
          // A client names each rule once.
          { maxLength: 2, selector: (one) => JSON.stringify(one) }
        )
      })
      const role = await newRole()
      const user = await newUser(role)
      const { issuer } = fixture
      let refreshToken = (await signIn(issuer, user)).refresh_token
      await fc.assert(
        fc.asyncProperty(deed, async ({ held, asked, actsFor, rules }) => {
          const scopes = [
            ...held.reports.map((scope) => ({ api: reports, scope })),
            ...held.stock.map((scope) => ({ api: stock, scope }))
          ]
          await call('PATCH', `/roles/${role}`, { scopes })
          const subject = await refreshFor(refreshToken, { resource: reports })
          expect(subject.status).toBe(held.reports.length > 0 ? 200 : 400)
          if (subject.status !== 200) return
          refreshToken = subject.body.refresh_token
          const actor = await newActor({
            audiences: [issuer],
            may_act_for: actsFor,
            exchange_rules: rules.map((one) => ({ ...rule, ...one }))
          })
          const response = await exchange(actor, subject.body.access_token, {
            resource: stock,
            ...(asked && { scope: asked.join(' ') })
          })
          const fit = rules.filter((one) => one.scope === undefined || held.reports.includes(one.scope))
          const expected = stockScopes.filter(
            (scope) =>
              actsFor.includes('countersign') &&
              held.stock.includes(scope) &&
              (asked?.includes(scope) ?? true) &&
              fit.some((one) => one.scopes.includes(scope))
          )
          expect(response.body.scope?.split(' ') ?? []).toEqual(expected)
          expect(response.status).toBe(expected.length > 0 ? 200 : 400)
        }),
        { numRuns: 40 }
      )
    })
  })

  describe('bad input', () => {
    test('an API or a role that does not fit is 400, and an unknown one 404', async () => {
      for (const body of [
        {},
        { identifier: 'no-uri' },
        { identifier: 'urn:a b' },
        { identifier: `urn:${'a'.repeat(600)}` },
        { identifier: 'urn:x', scopes: [{ name: 'a' }] },
        {
          identifier: 'urn:x',
          scopes: [
            { name: 'a', description: 'x' },
            { name: 'a', description: 'y' }
          ]
        },
        { identifier: 'urn:x', scopes: Array.from({ length: 41 }, (_, at) => ({ name: `s${at}`, description: 'x' })) },
        { identifier: 'urn:x', unknown: 1 }
      ]) {
        expect((await call('POST', '/apis', body)).status, JSON.stringify(body).slice(0, 80)).toBe(400)
      }
      expect((await call('POST', '/apis', { identifier: reports })).status).toBe(409)
      expect((await call('GET', '/apis/nothing')).status).toBe(404)
      expect((await call('PATCH', `/apis/${randomUUID()}`, { name: 'x' })).status).toBe(404)
      expect((await call('PATCH', `/apis/${ids.stock}`, { end_sessions: true })).status).toBe(400)
      expect((await call('GET', '/roles/Nobody!')).status).toBe(404)
      expect((await call('POST', '/roles', { name: 'admin' })).status).toBe(409)
      expect((await call('DELETE', '/roles/user')).status).toBe(409)
      const unknown = await call('POST', '/roles', { name: 'fresh', scopes: [{ api: stock, scope: 'nothing' }] })
      expect(unknown).toMatchObject({
        status: 400,
        body: { error_description: `No API ${stock} has the scope nothing.` }
      })
    })

    test('lists come in pages', async () => {
      const first = (await call<{ apis: Named[]; next_cursor: string }>('GET', '/apis?limit=1')).body
      const path = `/apis?limit=1&cursor=${encodeURIComponent(first.next_cursor)}`
      const second = (await call<{ apis: Named[] }>('GET', path)).body
      expect(String(first.apis[0]?.identifier) < String(second.apis[0]?.identifier)).toBe(true)
    })
  })
})
