import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createTestDatabase, createTestRedis, expectRefusedWithin, type TestDatabase } from '@countersign/testing'
import {
  type ApiResponse,
  get,
  issuer,
  post,
  query,
  refresh,
  register,
  send,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { generateSigningKey } from '../../services/auth-service/src/keys/generate-signing-key.ts'
import { keyPolicy } from '../../services/auth-service/src/keys/key-policy.ts'
import { createKeySealing } from '../../services/auth-service/src/keys/key-sealing.ts'
import { createMasterKey } from '../../services/auth-service/src/keys/master-keys.ts'
import { createSigningKeyAdministration } from '../../services/auth-service/src/keys/signing-key-administration.ts'
import { openDatabase, openDatabasePool } from '../../services/auth-service/src/stores/postgres/database.ts'
import { createPrismaSigningKeyStore } from '../../services/auth-service/src/stores/postgres/signing-key-store.ts'

interface Key {
  kid: string
  state: 'next' | 'signing' | 'retired' | 'revoked'
  bits: number
  created_at: string
  signs_from: string | null
  retired_at: string | null
  revoked_at: string | null
  /** Its name in 0.1. */
  pulled_at: string | null
}
interface KeyList {
  keys: Key[]
  rotation_possible_at: string
  next_rotation_at: string
}

const kidOf = (accessToken: string) => decodeProtectedHeader(accessToken).kid as string
const statesOf = ({ keys }: KeyList) => keys.map(({ state }) => state)
/** Keys are looked after every five seconds. `expect.poll` is for tests that run alone. */
const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000 })
const keyIn = ({ keys }: KeyList, state: Key['state']) => keys.find((key) => key.state === state) as Key

// Both have services of their own: while those wait for the next round of keys, the others start.
describe.concurrent('signing keys', () => {
  describe('of one replica', () => {
    describe.sequential('one after another', describeOneReplica)
  })
  describe.skipIf(!inject('docker'))('of several replicas', () => {
    describe.sequential('one after another', describeSeveralReplicas)
  })
})

function describeOneReplica(): void {
  let database: TestDatabase
  let trio: Trio
  let admin: string

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl })
  })
  // With a token of the key that signs now.
  beforeEach(() => signInAsAdmin())
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const signInAsAdmin = async () => {
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
  }
  const newTokens = async () => signIn(trio.auth.url, await register(trio.auth.url))
  const list = async () => (await get<KeyList>(`${trio.auth.url}/admin/keys`, admin)).body
  const rotate = (body?: object): Promise<ApiResponse<KeyList>> =>
    post(`${trio.auth.url}/admin/keys/rotate`, body, admin)
  const revoke = (kid: string, body?: object): Promise<ApiResponse<KeyList>> =>
    post(`${trio.auth.url}/admin/keys/${kid}/revoke`, body, admin)
  /** A key that took another place is followed by a new next key in a moment. */
  const nextKeyIsMade = () => eventually(async () => expect(statesOf(await list())).toContain('next'))
  const published = async () =>
    (await get<{ keys: { kid: string }[] }>(`${trio.auth.url}/.well-known/jwks.json`)).body.keys.map(({ kid }) => kid)
  const me = (token: string) => get(`${trio.resource.url}/me`, token)
  /** Lets time pass for the keys, which have no other clock than the database's. */
  const age = (seconds: number) =>
    query(
      database.url,
      `UPDATE signing_keys SET created_at = created_at - make_interval(secs => $1),
        signs_from = signs_from - make_interval(secs => $1), retired_at = retired_at - make_interval(secs => $1),
        pulled_at = pulled_at - make_interval(secs => $1)`,
      [seconds]
    )
  const auditOf = (type: string) =>
    query<{ actor_id: string | null; detail: object }>(
      database.url,
      'SELECT actor_id, detail FROM audit_events WHERE type = $1 ORDER BY id',
      [type]
    )

  test('a start on an empty database publishes the key that signs and the next one', async () => {
    const { keys, next_rotation_at: next } = await list()
    expect(keys.map(({ state, bits }) => ({ state, bits }))).toEqual([
      { state: 'next', bits: 2048 },
      { state: 'signing', bits: 2048 }
    ])
    expect((await published()).sort()).toEqual(keys.map(({ kid }) => kid).sort())
    const inDays = (Date.parse(next) - Date.now()) / 86_400_000
    expect(inDays).toBeGreaterThan(29.9)
    expect(inDays).toBeLessThan(30.1)
  })

  test('a next key that caches may not know yet does not sign, and the response says when it may', async () => {
    const refused = await rotate()
    expect(refused).toMatchObject({ status: 409, body: { error: 'rotation_too_early' } })
    const seconds = Number(refused.headers.get('Retry-After'))
    // The test before has taken some of the 420.
    expect(seconds).toBeGreaterThan(300)
    expect(seconds).toBeLessThanOrEqual(420)
  })

  test('a rotation lets the next key sign and refuses no token of the key before it', async () => {
    const before = await newTokens()
    const { keys } = await list()
    await age(420)
    const rotated = await rotate({ reason: 'a drill' })
    expect(rotated.status).toBe(200)
    expect(statesOf(rotated.body)).toEqual(['next', 'signing', 'retired'])
    expect(keyIn(rotated.body, 'signing').kid).toBe(keyIn({ keys } as KeyList, 'next').kid)
    const after = await refresh(trio.auth.url, before.refresh_token)
    expect(kidOf(before.access_token)).toBe(keyIn(rotated.body, 'retired').kid)
    expect(kidOf(after.body.access_token)).toBe(keyIn(rotated.body, 'signing').kid)
    expect((await me(before.access_token)).status).toBe(200)
    expect((await me(after.body.access_token)).status).toBe(200)
    expect(await published()).toHaveLength(3)
    expect((await auditOf('signing_key.rotated')).at(-1)).toEqual({
      actor_id: unverifiedClaims(admin).sub,
      detail: {
        kid: keyIn(rotated.body, 'signing').kid,
        from: keyIn(rotated.body, 'retired').kid,
        reason: 'a drill'
      }
    })
  })

  test('a due rotation happens by itself, and a key whose tokens have expired is removed', async () => {
    const before = keyIn(await list(), 'signing').kid
    const retired = keyIn(await list(), 'retired').kid
    await age(31 * 86_400)
    await eventually(async () => expect(keyIn(await list(), 'signing').kid).not.toBe(before))
    const now = await list()
    expect(statesOf(now).slice(0, 3)).toEqual(['next', 'signing', 'retired'])
    expect(keyIn(now, 'retired').kid).toBe(before)
    await eventually(async () => expect(await published()).not.toContain(retired))
    expect((await auditOf('signing_key.rotated')).at(-1)).toMatchObject({
      actor_id: null,
      detail: { reason: 'schedule' }
    })
    expect((await auditOf('signing_key.removed')).at(-1)).toMatchObject({ detail: { kid: retired } })
  })

  test('a retired key stays published until the last token it may have signed has expired, and no longer', async () => {
    await age(420)
    expect((await rotate()).status).toBe(200)
    const { kid } = keyIn(await list(), 'retired')
    // An hour is the longest lifetime of a token that can be configured; clocks and statements may add two minutes.
    await age(3600 + 60)
    await signInAsAdmin()
    await delay(6000)
    expect(await published()).toContain(kid)
    await age(125)
    await eventually(async () => expect(await published()).not.toContain(kid))
  })

  test('a revocation that the database has lost is repeated from the denylist, and users can still sign in', async () => {
    const before = await list()
    const [signing, nextKey] = [keyIn(before, 'signing').kid, keyIn(before, 'next').kid]
    const rows = await query<{ sealed_private_jwk: string }>(
      database.url,
      'SELECT sealed_private_jwk FROM signing_keys WHERE kid = $1',
      [signing]
    )
    expect((await revoke(signing)).status).toBe(200)
    // As a failover to a standby, or a backup, would leave it.
    await query(
      database.url,
      `DO $$ BEGIN
         DELETE FROM signing_keys WHERE signs_from IS NULL AND pulled_at IS NULL;
         UPDATE signing_keys SET signs_from = NULL WHERE kid = '${nextKey}';
         UPDATE signing_keys SET pulled_at = NULL, sealed_private_jwk = '${rows[0]?.sealed_private_jwk}' WHERE kid = '${signing}';
         DELETE FROM revocations WHERE value = '${signing}';
       END $$`
    )
    const tokens = await newTokens()
    expect((await me(tokens.access_token)).status).toBe(200)
    expect(kidOf(tokens.access_token)).not.toBe(signing)
    await signInAsAdmin()
    await eventually(async () => expect((await list()).keys.find(({ kid }) => kid === signing)?.state).toBe('revoked'))
    await nextKeyIsMade()
    expect((await me((await newTokens()).access_token)).status).toBe(200)
  })

  test('a revoked key disappears from JWKS, its tokens are rejected, and the next key signs at once', async () => {
    const victim = await newTokens()
    const kid = kidOf(victim.access_token)
    expect((await me(victim.access_token)).status).toBe(200)
    const next = keyIn(await list(), 'next').kid
    const revoked = await revoke(kid, { reason: 'it was in a backup' })
    expect(revoked.status).toBe(200)
    await expectRefusedWithin(500, async () => (await me(victim.access_token)).status)
    expect(await me(victim.access_token)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    expect(await published()).not.toContain(kid)
    expect(keyIn(revoked.body, 'revoked')).toMatchObject({ kid, revoked_at: expect.any(String) })
    expect(statesOf(revoked.body).slice(0, 2)).toEqual(['next', 'signing'])
    const again = await refresh(trio.auth.url, victim.refresh_token)
    expect(kidOf(again.body.access_token)).toBe(next)
    expect((await me(again.body.access_token)).status).toBe(200)
    // The admin's own token was one of that key.
    expect((await get(`${trio.auth.url}/admin/keys`, admin)).status).toBe(401)
    await signInAsAdmin()
    expect((await auditOf('signing_key.pulled')).at(-1)).toMatchObject({
      detail: { kid, reason: 'it was in a backup' }
    })
  })

  test('a revoked key has lost its private half, and stays denied for longer than any verifier keeps keys', async () => {
    const { kid } = keyIn(await list(), 'revoked')
    const [row] = await query<{ sealed_private_jwk: string | null }>(
      database.url,
      'SELECT sealed_private_jwk FROM signing_keys WHERE kid = $1',
      [kid]
    )
    expect(row).toEqual({ sealed_private_jwk: null })
    const [entry] = await query<{ days: number }>(
      database.url,
      `SELECT extract(epoch FROM expires_at - now())::float8 / 86400 AS days FROM revocations WHERE kind = 'kid' AND value = $1`,
      [kid]
    )
    expect(entry?.days).toBeGreaterThan(7)
    expect((await revoke(kid)).status).toBe(200)
    const events = (await auditOf('signing_key.pulled')).filter(({ detail }) => 'kid' in detail && detail.kid === kid)
    expect(events).toHaveLength(1)
  })

  test('the next key and a retired key can be revoked too, and the signing key keeps signing', async () => {
    await nextKeyIsMade()
    await age(420)
    expect((await rotate()).status).toBe(200)
    // The token so far is one of the key that is to go.
    await signInAsAdmin()
    const before = await list()
    const signing = keyIn(before, 'signing').kid
    const nextKey = keyIn(before, 'next').kid
    const retired = keyIn(before, 'retired').kid
    expect((await revoke(nextKey)).status).toBe(200)
    expect((await revoke(retired)).status).toBe(200)
    await nextKeyIsMade()
    const after = await list()
    expect(keyIn(after, 'signing').kid).toBe(signing)
    expect([nextKey, retired]).not.toContain(keyIn(after, 'next').kid)
    expect((await published()).sort()).toEqual([signing, keyIn(after, 'next').kid].sort())
  })

  test('the names of 0.1 still work: the path `pull`, the member `pulled_at`, and the event `signing_key.pulled` as a filter', async () => {
    await nextKeyIsMade()
    const { kid } = keyIn(await list(), 'next')
    const { status, body } = await post<KeyList>(
      `${trio.auth.url}/admin/keys/${kid}/pull`,
      { reason: 'a trial' },
      admin
    )
    expect(status).toBe(200)
    const revoked = body.keys.find((key) => key.kid === kid)
    expect(revoked).toMatchObject({ state: 'revoked', revoked_at: expect.any(String) })
    expect(revoked).toHaveProperty('pulled_at', revoked?.revoked_at)
    for (const type of ['signing_key.pulled', 'signing_key.revoked']) {
      const { body: page } = await get<{ events: object[] }>(`${trio.auth.url}/admin/audit?type=${type}`, admin)
      expect(page.events[0]).toMatchObject({ type: 'signing_key.revoked', detail: { kid, reason: 'a trial' } })
    }
    await nextKeyIsMade()
  })

  test('two revocations of the signing key in a row leave a key that signs and is accepted', async () => {
    for (let round = 0; round < 2; round++) {
      expect((await revoke(keyIn(await list(), 'signing').kid)).status).toBe(200)
      await signInAsAdmin()
      expect((await me((await newTokens()).access_token)).status).toBe(200)
    }
    expect(statesOf(await list()).slice(0, 2)).toEqual(['next', 'signing'])
  })

  test('a user without the role admin, or a request for an unknown key, changes nothing', async () => {
    const { access_token: token } = await newTokens()
    const before = await list()
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/rotate'],
      ['POST', `/${keyIn(before, 'signing').kid}/revoke`]
    ]) {
      const call = (headers: Record<string, string>) =>
        send(`${trio.auth.url}/admin/keys${path}`, { method: method as string, headers })
      expect((await call({})).status).toBe(401)
      expect((await call({ Authorization: `Bearer ${token}` })).status).toBe(403)
    }
    expect((await revoke('no-such-key')).status).toBe(404)
    expect((await revoke(`%00${'x'.repeat(300)}`)).status).toBe(404)
    expect((await revoke('%E0%A4%A')).status).toBe(404)
    expect((await revoke(keyIn(before, 'signing').kid, { reason: 'x'.repeat(201) })).status).toBe(400)
    expect((await revoke(keyIn(before, 'signing').kid, { because: 'x' })).status).toBe(400)
    expect(await list()).toEqual(before)
  })

  test('a key that somebody wrote into the database without the master key is not published, and its tokens are refused', async () => {
    const pair = await generateKeyPair('RS256', { extractable: true })
    const publicJwk = { ...(await exportJWK(pair.publicKey)), kid: 'planted', use: 'sig', alg: 'RS256' }
    const [sealed] = await query<{ sealed_private_jwk: string }>(
      database.url,
      'SELECT sealed_private_jwk FROM signing_keys WHERE sealed_private_jwk IS NOT NULL LIMIT 1'
    )
    await query(
      database.url,
      `INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private_jwk, signs_from, retired_at)
       VALUES ('planted', 'RS256', $1, $2, now(), now())`,
      [JSON.stringify(publicJwk), sealed?.sealed_private_jwk]
    )
    const { access_token: good } = await newTokens()
    const forged = await new SignJWT(unverifiedClaims(good))
      .setProtectedHeader({ alg: 'RS256', kid: 'planted', typ: 'at+jwt' })
      .sign(pair.privateKey)
    await eventually(async () => expect(trio.auth.logs()).toContain('signing key cannot be opened'))
    expect(await published()).not.toContain('planted')
    expect((await me(forged)).status).toBe(401)
    expect((await get(`${trio.auth.url}/auth/me`, forged)).status).toBe(401)
    expect((await me(good)).status).toBe(200)
    await query(database.url, "DELETE FROM signing_keys WHERE kid = 'planted'")
  })

  test('the metrics show the keys by state', async () => {
    await eventually(async () => {
      const { body } = await get<string>(`${trio.auth.managementUrl}/metrics`)
      expect(body).toMatch(/countersign_signing_keys\{state="next",service="auth-service"\} 1/)
    })
    expect(issuer).toBe('http://issuer.test')
  })
}

function describeSeveralReplicas(): void {
  test('replicas that start on an empty database at the same moment agree on the keys', async () => {
    const database = await createTestDatabase()
    const masterKey = randomBytes(32).toString('base64')
    const trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: await createTestRedis(),
      authReplicas: 1,
      resourceReplicas: 0,
      env: { COUNTERSIGN_MASTER_KEY: masterKey }
    })
    try {
      await query(database.url, 'TRUNCATE signing_keys')
      const others = await Promise.all([1, 2, 3, 4].map(() => trio.startAuth()))
      const sets = await Promise.all(
        others.map(async ({ url }) => (await get<{ keys: { kid: string }[] }>(`${url}/.well-known/jwks.json`)).body)
      )
      expect(sets[0]?.keys).toHaveLength(2)
      for (const set of sets) expect(set).toEqual(sets[0])
      const rows = await query(database.url, 'SELECT kid FROM signing_keys')
      expect(rows).toHaveLength(2)
    } finally {
      await trio.stop()
      await database.drop()
    }
  })

  test('however many look after an empty table at once, there is one key that signs and one next key', async () => {
    const database = await createTestDatabase()
    const connections = Array.from({ length: 8 }, () =>
      openDatabase(openDatabasePool({ url: database.url, connections: 2 }))
    )
    try {
      const sealing = createKeySealing([createMasterKey(randomBytes(32))])
      await Promise.all(
        connections.map((connection) =>
          createSigningKeyAdministration({
            store: createPrismaSigningKeyStore(connection),
            sealing,
            policy: keyPolicy({ signingKeyRotationDays: 30, jwksMaxAgeSeconds: 300 }),
            generate: () => generateSigningKey(sealing, 2048)
          }).maintain()
        )
      )
      const rows = await query<{ signs: boolean }>(
        database.url,
        'SELECT signs_from IS NOT NULL AS signs FROM signing_keys ORDER BY 1'
      )
      expect(rows).toEqual([{ signs: false }, { signs: true }])
    } finally {
      await Promise.all(connections.map((connection) => connection.$disconnect()))
      await database.drop()
    }
  })

  test('two replicas with different master keys do not both start on an empty database', async () => {
    const database = await createTestDatabase()
    const redisUrl = await createTestRedis()
    const trio = await startTrio({ databaseUrl: database.url, redisUrl, resourceReplicas: 0 })
    try {
      await query(database.url, 'TRUNCATE signing_keys')
      const keys = [1, 2].map(() => ({ COUNTERSIGN_MASTER_KEY: randomBytes(32).toString('base64') }))
      const starts = await Promise.allSettled(keys.map((env) => trio.startAuth(env)))
      const failed = starts.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
      expect(failed.length).toBeGreaterThan(0)
      for (const { reason } of failed) expect(String(reason)).toMatch(/COUNTERSIGN_MASTER_KEY/)
    } finally {
      await trio.stop()
      await database.drop()
    }
  })

  test('a new master key takes over: the start reseals the keys, and the old one can be removed once its refresh tokens have expired', async () => {
    const database = await createTestDatabase()
    const [older, newer] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
    const redisUrl = await createTestRedis()
    const trio = await startTrio({ databaseUrl: database.url, redisUrl, env: { COUNTERSIGN_MASTER_KEY: older } })
    const sealedBy = async () => {
      const rows = await query<{ jwe: string }>(database.url, 'SELECT sealed_private_jwk AS jwe FROM signing_keys')
      return new Set(rows.map(({ jwe }) => decodeProtectedHeader(jwe).kid))
    }
    try {
      const before = await sealedBy()
      const tokens = await signIn(trio.auth.url, await register(trio.auth.url))
      const both = await trio.startAuth({ COUNTERSIGN_MASTER_KEY: `${newer},${older}` })
      const after = await sealedBy()
      expect([before.size, after.size]).toEqual([1, 1])
      expect(after).not.toEqual(before)
      const audited = "SELECT detail->>'kid' AS kid FROM audit_events WHERE type = 'signing_key.resealed' ORDER BY kid"
      expect(await query(database.url, audited)).toEqual(
        await query(database.url, 'SELECT kid FROM signing_keys ORDER BY kid')
      )
      const rotated = await refresh(both.url, tokens.refresh_token)
      expect(rotated.status).toBe(200)
      // The replica that knows the old one alone goes on with the keys it has, and refuses what it cannot know.
      expect((await signIn(trio.auth.url, await register(trio.auth.url))).access_token).toBeTruthy()
      expect((await refresh(trio.auth.url, rotated.body.refresh_token)).status).toBe(400)
      const alone = await trio.startAuth({ COUNTERSIGN_MASTER_KEY: newer })
      const again = await refresh(alone.url, rotated.body.refresh_token)
      expect(again.status).toBe(200)
      expect((await get(`${trio.resource.url}/me`, again.body.access_token)).status).toBe(200)
      await expect(trio.startAuth({ COUNTERSIGN_MASTER_KEY: older })).rejects.toThrow(/another master key/)
    } finally {
      await trio.stop()
      await database.drop()
    }
  })
}
