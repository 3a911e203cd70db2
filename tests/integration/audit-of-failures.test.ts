import { randomUUID } from 'node:crypto'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  basic,
  clientAssertion,
  createClient,
  get,
  issuer,
  makeClientKey,
  post,
  postForm,
  query,
  register,
  send,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'

interface AuditedEvent {
  type: string
  user: { id: string } | null
  actor: { id: string } | null
  session_id: string | null
  client_id: string | null
  address: string | null
  user_agent: string | null
  detail: Record<string, unknown> | null
}

describe('the audit log', () => {
  let database: TestDatabase
  let trio: Trio
  let admin: string

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl, resourceReplicas: 0 })
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })
  beforeEach(async () => {
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
  })

  const list = async (search: Record<string, string>) => {
    const parameters = new URLSearchParams({ limit: '100', ...search })
    return (await get<{ events: AuditedEvent[] }>(`${trio.auth.url}/admin/audit?${parameters}`, admin)).body.events
  }
  const failuresOf = (clientId: string) => list({ type: 'client_authentication.failed', client_id: clientId })
  const newClient = (client: Record<string, unknown> = {}) =>
    createClient(trio.auth.url, admin, {
      token_endpoint_auth_method: 'client_secret_basic',
      audiences: ['http://api.test'],
      ...client
    })
  const ask = (headers: Record<string, string>, form: Record<string, string> = {}) =>
    postForm(`${trio.auth.url}/oauth/token`, { grant_type: 'client_credentials', ...form }, headers)

  test('has a change of password that was refused for a wrong current one', async () => {
    const user = await register(trio.auth.url)
    const { access_token: token } = await signIn(trio.auth.url, user)
    const body = { current_password: 'not-the-password', new_password: 'a-new-password-42' }
    expect((await post(`${trio.auth.url}/auth/password`, body, token)).status).toBe(400)
    const [event, ...others] = await list({ type: 'password_change.failed', user_id: user.id })
    expect(others).toEqual([])
    expect(event).toMatchObject({
      user: { id: user.id },
      session_id: unverifiedClaims(token).sid,
      address: '127.0.0.1',
      user_agent: 'node'
    })
    expect(JSON.stringify(event)).not.toContain('password-42')
  })

  test('has refused authentications of a client, by a wrong secret, a wrong key or another method', async () => {
    const { client_id: id } = await newClient()
    expect((await ask(basic(id, 'css_wrong'))).status).toBe(401)
    await expect.poll(() => failuresOf(id)).toHaveLength(1)
    expect((await failuresOf(id))[0]).toMatchObject({
      client_id: id,
      address: '127.0.0.1',
      user_agent: 'node',
      detail: { reason: 'the secret is wrong', count: 1 }
    })
    const [key, other] = [await makeClientKey(), await makeClientKey()]
    const { client_id: keyId } = await newClient({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.publicJwk] }
    })
    expect((await ask({}, await clientAssertion(other, { clientId: keyId, audience: issuer }))).status).toBe(401)
    expect((await ask(basic(keyId, 'css_wrong'))).status).toBe(401)
    await expect
      .poll(async () => (await failuresOf(keyId)).map(({ detail }) => detail?.reason).sort())
      .toEqual(['the client assertion is not valid', 'the client is registered for private_key_jwt'])
  })

  test('is not filled by a flood of them, and contains no client id that a stranger invented', async () => {
    const { client_id: id } = await newClient()
    const count = async () =>
      (
        await query<{ count: number }>(
          database.url,
          "SELECT count(*)::int AS count FROM audit_events WHERE type = 'client_authentication.failed'"
        )
      )[0]?.count ?? 0
    const before = await count()
    const flood = async (clientId: () => string) => {
      for (let round = 0; round < 10; round++) {
        const statuses = await Promise.all(
          Array.from({ length: 20 }, async () => (await ask(basic(clientId(), 'css_wrong'))).status)
        )
        expect(new Set(statuses)).toEqual(new Set([401]))
      }
    }
    const madeUp: string[] = []
    await flood(() => {
      const one = `made-up-${randomUUID()}`
      madeUp.push(one)
      return one
    })
    await flood(() => id)
    await expect.poll(() => failuresOf(id)).toHaveLength(1)
    expect((await count()) - before).toBeLessThanOrEqual(2)
    const rows = await query(database.url, "SELECT * FROM audit_events WHERE type = 'client_authentication.failed'")
    expect(madeUp.filter((one) => JSON.stringify(rows, bigintAsText).includes(one))).toEqual([])
  })

  test('names the changes of a client, also when the same request disables it', async () => {
    const { client_id: id } = await newClient()
    const change = (body: object) =>
      send(`${trio.auth.url}/admin/clients/${id}`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body)
      })
    await change({ may_carry_roles: true, scopes: ['a'] })
    await change({ name: 'Another', disabled: true })
    await change({ name: 'Another' })
    const events = (await list({ client_id: id })).reverse().map(({ type, detail }) => [type, detail?.changed])
    expect(events).toEqual([
      ['client.created', undefined],
      ['client.changed', ['scopes', 'may_carry_roles']],
      ['client.changed', ['name']],
      ['client.disabled', undefined],
      ['client.tokens_ended', undefined]
    ])
  })

  test('has the key that signs in place of one that is revoked', async () => {
    const { body } = await get<{ keys: { kid: string; state: string }[] }>(`${trio.auth.url}/admin/keys`, admin)
    const kidOf = (state: string) => body.keys.find((key) => key.state === state)?.kid as string
    const [signing, next] = [kidOf('signing'), kidOf('next')]
    const revoked = await post(`${trio.auth.url}/admin/keys/${signing}/revoke`, { reason: 'a test' }, admin)
    expect(revoked.status).toBe(200)
    // The key that signed the earlier token is denied now.
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    expect((await list({ type: 'signing_key.rotated' }))[0]?.detail).toEqual({
      kid: next,
      from: signing,
      reason: 'a test'
    })
  })
})

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
