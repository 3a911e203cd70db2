import { randomUUID } from 'node:crypto'
import type { TokenResponse } from '@countersign/oauth'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  dpopProof,
  get,
  makeClientKey,
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
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

describe.skipIf(!inject('docker'))('re-authentication', () => {
  let database: TestDatabase
  let trio: Trio
  let urls: string[]

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: await createTestRedis(),
      authReplicas: 2,
      env: { REGISTRATIONS_PER_ADDRESS: '1000' }
    })
    urls = trio.auths.map(({ url }) => url)
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const urlOf = (index: number) => urls[index % urls.length] as string
  const stepUp = (token: string, password: string, url = urlOf(0)) =>
    post<TokenResponse & { error?: string }>(`${url}/auth/step-up`, { password }, token)

  async function newSession() {
    const user = await register(urlOf(0))
    return { user, session: await signIn(urlOf(0), user) }
  }

  const ageSignIn = (sid: unknown, sql: string) =>
    query(database.url, `UPDATE refresh_token_families SET ${sql} WHERE id = $1`, [sid])

  test('a refresh shows the time of the sign-in, and does not renew it', async () => {
    const { session } = await newSession()
    const { sid, auth_time: signedIn } = unverifiedClaims(session.access_token)
    await ageSignIn(sid, "authenticated_at = authenticated_at - interval '1 hour'")
    const claims = unverifiedClaims((await refresh(urlOf(1), session.refresh_token)).body.access_token)
    expect(claims).toMatchObject({ auth_time: Number(signedIn) - 3600, acr: 'urn:countersign:acr:1', amr: ['pwd'] })
  })

  test('a session of the release before was signed in to when it began', async () => {
    const { session } = await newSession()
    const { sid } = unverifiedClaims(session.access_token)
    await ageSignIn(sid, "authenticated_at = NULL, created_at = created_at - interval '2 hours'")
    const [row] = await query<{ at: number }>(
      database.url,
      'SELECT floor(extract(epoch FROM created_at))::int AS at FROM refresh_token_families WHERE id = $1',
      [sid]
    )
    const claims = unverifiedClaims((await refresh(urlOf(1), session.refresh_token)).body.access_token)
    expect(claims).toMatchObject({ auth_time: row?.at, acr: 'urn:countersign:acr:1', amr: ['pwd'] })
  })

  test('the password starts a session in the place of the other, which ends everywhere', async () => {
    const { user, session } = await newSession()
    const before = unverifiedClaims(session.access_token)
    await ageSignIn(before.sid, "authenticated_at = authenticated_at - interval '1 hour'")
    const { status, body } = await stepUp(session.access_token, user.password)
    expect(status, JSON.stringify(body)).toBe(200)
    const claims = unverifiedClaims(body.access_token)
    expect(claims).toMatchObject({ sub: user.id, aud: before.aud, auth_time: claims.iat, acr: 'urn:countersign:acr:1' })
    expect(claims.sid).not.toBe(before.sid)
    expect(await refresh(urlOf(1), session.refresh_token)).toMatchObject({ status: 400 })
    for (const url of [...urls.map((one) => `${one}/auth/me`), `${trio.resource.url}/me`]) {
      await expect.poll(async () => (await get(url, session.access_token)).status).toBe(401)
      expect((await get(url, body.access_token)).status).toBe(200)
    }
    const events = await query<{ detail: object }>(
      database.url,
      "SELECT detail FROM audit_events WHERE session_id = $1 AND type = 'session.ended'",
      [before.sid]
    )
    expect(events).toEqual([{ detail: { reason: 'reauthenticated' } }])
  })

  test('a wrong password, and that of another user, change nothing, and count towards the limits of sign-ins', async () => {
    const { user, session } = await newSession()
    const { user: other } = await newSession()
    for (const password of ['not the password', `${other.password}`]) {
      expect(await stepUp(session.access_token, password)).toMatchObject({
        status: 401,
        body: { error: 'invalid_credentials', error_description: 'The password is wrong.' }
      })
    }
    expect((await get(`${urlOf(0)}/auth/me`, session.access_token)).status).toBe(200)
    const events = await query(
      database.url,
      "SELECT 1 FROM audit_events WHERE user_id = $1 AND type = 'reauthentication.failed'",
      [user.id]
    )
    expect(events).toHaveLength(2)
    for (let guess = 0; guess < 8; guess++) await stepUp(session.access_token, `guess ${guess}`, urlOf(guess))
    expect(await stepUp(session.access_token, user.password)).toMatchObject({ status: 429 })
  })

  test('of fifty at once on two replicas, one gets the new session', async () => {
    const { user, session } = await newSession()
    const { sid } = unverifiedClaims(session.access_token)
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => stepUp(session.access_token, user.password, urlOf(index)))
    )
    const statuses = results.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    // 401 by the denylist, 403 in the transaction, 429 by the sign-in limits, 503 for want of room.
    expect([...new Set(statuses)].filter((status) => ![200, 401, 403, 429, 503].includes(status))).toEqual([])
    const rows = await query<{ id: string }>(
      database.url,
      'SELECT id FROM refresh_token_families WHERE user_id = $1 AND revoked_at IS NULL',
      [user.id]
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]?.id).not.toBe(sid)
  })

  test('the limit of sessions does not count the one that ends', async () => {
    const { user, session } = await newSession()
    await query(
      database.url,
      `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, idle_expires_at, absolute_expires_at,
         access_expires_at, sign_in_network, address, user_agent)
       SELECT gen_random_uuid(), user_id, client_id, scope, audience, idle_expires_at, absolute_expires_at, access_expires_at,
         sign_in_network, address, user_agent FROM refresh_token_families, generate_series(1, 99) WHERE user_id = $1`,
      [user.id]
    )
    expect(await stepUp(session.access_token, user.password)).toMatchObject({ status: 200 })
    const ended = await query<{ revoked_reason: string }>(
      database.url,
      'SELECT revoked_reason FROM refresh_token_families WHERE user_id = $1 AND revoked_at IS NOT NULL',
      [user.id]
    )
    expect(ended).toEqual([{ revoked_reason: 'reauthenticated' }])
  })

  test('a session that is bound to a key gets one that is bound to it, too', async () => {
    const user = await register(urlOf(0))
    const key = await makeClientKey()
    const bound = async (path: string, body: object, token?: string) => {
      const proof = await dpopProof(key, {
        method: 'POST',
        url: `http://issuer.test${path}`,
        ...(token !== undefined && { accessToken: token })
      })
      return send<TokenResponse>(urlOf(0) + path, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          DPoP: proof,
          ...(token !== undefined && { Authorization: `DPoP ${token}` })
        },
        body: JSON.stringify(body)
      })
    }
    const session = (await bound('/auth/login', { username: user.username, password: user.password })).body
    const { status, body } = await bound('/auth/step-up', { password: user.password }, session.access_token)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body.token_type).toBe('DPoP')
    expect(unverifiedClaims(body.access_token).cnf).toEqual({ jkt: key.publicJwk.kid })
    const [family] = await query<{ jkt: string }>(
      database.url,
      'SELECT jkt FROM refresh_token_families WHERE user_id = $1 AND revoked_at IS NULL',
      [user.id]
    )
    expect(family?.jkt).toBe(key.publicJwk.kid)
  })

  test('a password change during a sign-in lets no session begin, by the previous release, too', async () => {
    for (const change of ['password_set_at = clock_timestamp()', 'credentials_version = credentials_version + 1']) {
      const user = await register(urlOf(0))
      // Holds the sign-in at the lock on the user, with its password verified.
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      try {
        await client.query('BEGIN')
        await client.query(`UPDATE users SET ${change} WHERE id = $1`, [user.id])
        const attempt = post(`${urlOf(0)}/auth/login`, { username: user.username, password: user.password })
        await expect.poll(() => waitingSignIns(), { timeout: 10_000 }).toBe(1)
        await client.query('COMMIT')
        expect(await attempt, change).toMatchObject({ status: 401, body: { error: 'invalid_credentials' } })
      } finally {
        await client.end()
      }
    }
  })

  async function waitingSignIns(): Promise<number> {
    const rows = await query(
      database.url,
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'"
    )
    return rows.length
  }

  test('returns 400 for a body with missing, unknown or too long members, and 401 without a token', async () => {
    expect(await post(`${urlOf(0)}/auth/step-up`, { password: 'x' })).toMatchObject({ status: 401 })
    const { session } = await newSession()
    for (const body of [
      {},
      { password: '' },
      { password: 'x', username: randomUUID() },
      { password: 'x'.repeat(2000) }
    ]) {
      const { status } = await post(`${urlOf(0)}/auth/step-up`, body, session.access_token)
      expect(status, JSON.stringify(body).slice(0, 60)).toBe(400)
    }
  })
})
