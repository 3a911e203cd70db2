import {
  createTestDatabase,
  createTestRedis,
  expectRefusedWithin,
  type PostgresRecorder,
  startPostgresRecorder,
  type TestDatabase
} from '@countersign/testing'
import {
  ageSessions,
  burstSeconds,
  type Credentials,
  get,
  isBackgroundStatement,
  query,
  readFamily,
  refresh,
  register,
  signIn,
  startReplayableSession,
  startTrio,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'

describe('refresh-token rotation', () => {
  let database: TestDatabase
  let recorder: PostgresRecorder
  let trio: Trio
  let user: Credentials & { id: string }

  beforeAll(async () => {
    database = await createTestDatabase()
    recorder = await startPostgresRecorder(database.url)
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({
      databaseUrl: recorder.url,
      redisUrl,
      authReplicas: 2,
      env: { REGISTRATIONS_PER_ADDRESS: '1000' }
    })
  })
  afterAll(async () => {
    await trio?.stop()
    await recorder?.close()
    await database?.drop()
  })
  beforeEach(async () => {
    user = await register(trio.auth.url)
  })

  /** Neither what the service asks on its own, nor the mark of what an earlier test has had published. */
  const isOfNoRequest = /DELETE FROM|advisory|^(?:BEGIN|COMMIT|ROLLBACK)$|UPDATE revocations SET published_at\b/
  const foregroundStatements = () =>
    recorder.statements.filter((text) => !isBackgroundStatement(text) && !isOfNoRequest.test(text))

  const expiries = (sid: string) =>
    query<Record<'idle' | 'absolute' | 'access', number>>(
      database.url,
      `SELECT extract(epoch FROM idle_expires_at)::float8 AS idle, extract(epoch FROM absolute_expires_at)::float8 AS absolute,
         extract(epoch FROM access_expires_at)::float8 AS access
       FROM refresh_token_families WHERE id = $1`,
      [sid]
    )
  const eventsOf = async (sid: string, type: string) =>
    (
      await query<{ detail: object }>(
        database.url,
        'SELECT detail FROM audit_events WHERE session_id = $1 AND type = $2',
        [sid, type]
      )
    ).map(({ detail }) => detail)

  test('gives a new refresh token in the same family, and the new one rotates again', async () => {
    const first = await signIn(trio.auth.url, user)
    const second = await refresh(trio.auth.url, first.refresh_token)
    expect(second.status).toBe(200)
    expect(second.headers.get('Cache-Control')).toBe('no-store')
    expect(second.body).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'account' })
    expect(second.body.refresh_token).not.toBe(first.refresh_token)
    const third = await refresh(trio.auth.url, second.body.refresh_token)
    expect(third.status).toBe(200)
    const sids = [first, second.body, third.body].map(({ access_token }) => unverifiedClaims(access_token).sid)
    expect(new Set(sids).size).toBe(1)
    expect(await readFamily(database.url, sids[0] as string)).toMatchObject({ generation: 2, revoked_at: null })
  })

  test('costs one SQL statement, which is one round trip, when the access token has expired', async () => {
    const tokens = await signIn(trio.auth.url, user)
    await ageSessions(database.url, user.id, 600)
    recorder.clear()
    expect((await refresh(trio.auth.url, tokens.refresh_token)).status).toBe(200)
    const roundTrips = recorder.roundTrips.filter((statements) => !statements.some(isBackgroundStatement))
    expect(roundTrips).toEqual([[expect.stringMatching(/^\s*UPDATE refresh_token_families/)]])
  })

  test('returns 200 and the same successor to fifty parallel refreshes with one token', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const { sid } = unverifiedClaims(tokens.access_token)
    const before = await readFamily(database.url, sid)
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        refresh((trio.auths[i % trio.auths.length] ?? trio.auth).url, tokens.refresh_token)
      )
    )
    expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(new Set(responses.map(({ body }) => body.refresh_token)).size).toBe(1)
    expect(new Set(responses.map(({ body }) => body.access_token)).size).toBe(50)
    expect(await readFamily(database.url, sid)).toMatchObject({ generation: before.generation + 1, revoked_at: null })
    const checked = await Promise.all(
      responses.slice(0, 5).map(({ body }) => get(`${trio.resource.url}/me`, body.access_token))
    )
    expect(checked.map(({ status }) => status)).toEqual(Array(5).fill(200))
  })

  test('a retry after a lost response gets the same successor', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const lost = await refresh(trio.auth.url, tokens.refresh_token)
    const retried = await refresh(trio.auth.url, tokens.refresh_token)
    expect(retried.status).toBe(200)
    expect(retried.body.refresh_token).toBe(lost.body.refresh_token)
    expect(retried.body.access_token).not.toBe(lost.body.access_token)
  })

  test('a late request of a burst gets the newest token, however many refreshes came after its own', async () => {
    const first = await signIn(trio.auth.url, user)
    let newest = first
    for (let at = 0; at < 3; at++) newest = (await refresh(trio.auth.url, newest.refresh_token)).body
    const straggler = await refresh(trio.auth.url, first.refresh_token)
    expect(straggler).toMatchObject({ status: 200, body: { refresh_token: newest.refresh_token } })
    expect((await refresh(trio.auth.url, newest.refresh_token)).status).toBe(200)
  })

  test.each([62, 600, 86_340])('a response that was lost %i seconds ago is recovered', async (seconds) => {
    const tokens = await signIn(trio.auth.url, user)
    const { sid } = unverifiedClaims(tokens.access_token)
    const lost = (await refresh(trio.auth.url, tokens.refresh_token)).body
    await ageSessions(database.url, user.id, seconds)
    const [idleBefore] = await expiries(sid)
    const recovered = await refresh(trio.auth.url, tokens.refresh_token)
    expect(recovered.status).toBe(200)
    expect(recovered.body.refresh_token).not.toBe(lost.refresh_token)
    expect((await get(`${trio.resource.url}/me`, recovered.body.access_token)).status).toBe(200)
    const [idleAfter] = await expiries(sid)
    expect((idleAfter?.idle ?? 0) - (idleBefore?.idle ?? 0)).toBeGreaterThan(seconds - 1)
    expect(idleAfter?.absolute).toBe(idleBefore?.absolute)
    expect(idleAfter?.access).toBeGreaterThanOrEqual(unverifiedClaims(recovered.body.access_token).exp)
    expect(await eventsOf(sid, 'refresh_token.recovered')).toEqual([{ presented_generation: 0, current_generation: 3 }])
    expect((await refresh(trio.auth.url, recovered.body.refresh_token)).status).toBe(200)
  })

  test('a skipped token is a replay: its holder and the client that recovered past it cannot both continue', async () => {
    const stolen = await signIn(trio.auth.url, user)
    const { sid } = unverifiedClaims(stolen.access_token)
    const skipped = (await refresh(trio.auth.url, stolen.refresh_token)).body
    await ageSessions(database.url, user.id, burstSeconds)
    const recovered = (await refresh(trio.auth.url, stolen.refresh_token)).body
    expect((await refresh(trio.auth.url, skipped.refresh_token)).status).toBe(400)
    expect(await readFamily(database.url, sid)).toMatchObject({ revoked_reason: 'replay' })
    expect((await refresh(trio.auth.url, recovered.refresh_token)).status).toBe(400)
  })

  test('a token that was skipped while it may have been on its way is as good as the one that was recovered', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const late = (await refresh(trio.auth.url, tokens.refresh_token)).body
    await ageSessions(database.url, user.id, 100)
    const recovered = (await refresh(trio.auth.url, tokens.refresh_token)).body
    expect(await refresh(trio.auth.url, late.refresh_token)).toMatchObject({
      status: 200,
      body: { refresh_token: recovered.refresh_token }
    })
  })

  test('a lost response is not recovered after the limit', async () => {
    const tokens = await signIn(trio.auth.url, user)
    await refresh(trio.auth.url, tokens.refresh_token)
    await ageSessions(database.url, user.id, 86_401)
    expect(await refresh(trio.auth.url, tokens.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' }
    })
  })

  test.skipIf(!inject('docker'))('where rotation is strict, a token that was used is a replay at once', async () => {
    const strict = await trio.startAuth({ REFRESH_RETRY_WINDOW_SECONDS: '0', REFRESH_RECOVERY_SECONDS: '0' })
    const tokens = await signIn(strict.url, user)
    const { sid } = unverifiedClaims(tokens.access_token)
    const responses = await Promise.all([1, 2, 3, 4].map(() => refresh(strict.url, tokens.refresh_token)))
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400])
    expect(await readFamily(database.url, sid)).toMatchObject({ generation: 1, revoked_reason: 'replay' })
  })

  test('beyond eight refreshes within two windows the newest token does not change, and no user is logged out', async () => {
    const first = await signIn(trio.auth.url, user)
    const { sid } = unverifiedClaims(first.access_token)
    const tokens = [first.refresh_token]
    for (let at = 0; at < 20; at++) {
      const { status, body } = await refresh(trio.auth.url, tokens.at(-1) as string)
      expect(status).toBe(200)
      tokens.push(body.refresh_token)
    }
    expect(await readFamily(database.url, sid)).toMatchObject({ generation: 8, revoked_at: null })
    for (const token of tokens) expect((await refresh(trio.auth.url, token)).status).toBe(200)
    await ageSessions(database.url, user.id, burstSeconds)
    expect((await refresh(trio.auth.url, tokens.at(-1) as string)).status).toBe(200)
    expect(await readFamily(database.url, sid)).toMatchObject({ generation: 9 })
  })

  test('a generation that a replica of the previous version advanced counts as used', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const { sid } = unverifiedClaims(tokens.access_token)
    const second = (await refresh(trio.auth.url, tokens.refresh_token)).body
    await ageSessions(database.url, user.id, 700)
    // Its statement: it knows nothing of the list. The response is lost.
    await query(
      database.url,
      'UPDATE refresh_token_families SET generation = generation + 1, rotated_at = clock_timestamp() WHERE id = $1',
      [sid]
    )
    const retried = await refresh(trio.auth.url, second.refresh_token)
    expect(retried.status).toBe(200)
    expect(await readFamily(database.url, sid)).toMatchObject({ generation: 2 })
    await ageSessions(database.url, user.id, 700)
    expect((await refresh(trio.auth.url, second.refresh_token)).status).toBe(200)
    expect((await refresh(trio.auth.url, retried.body.refresh_token)).status).toBe(400)
    expect(await readFamily(database.url, sid)).toMatchObject({ revoked_reason: 'replay' })
  })

  test('a replica of the previous version does not accept a skipped token as a retry', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const { sid } = unverifiedClaims(tokens.access_token)
    await refresh(trio.auth.url, tokens.refresh_token)
    await ageSessions(database.url, user.id, burstSeconds)
    await refresh(trio.auth.url, tokens.refresh_token)
    // To it, the generation before the current one is valid within the window. That one was given to nobody.
    expect(await readFamily(database.url, sid)).toMatchObject({ generation: 3 })
  })

  test('a replay of an older token ends the family, and its access tokens are refused', async () => {
    const { first, third, sid } = await startReplayableSession(trio.auth.url, database.url, user)
    expect((await get(`${trio.resource.url}/me`, third.access_token)).status).toBe(200)

    const replayed = await refresh(trio.auth.url, first.refresh_token)
    expect(replayed).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(replayed.headers.get('Cache-Control')).toBe('no-store')

    // Committed before the error is sent:
    expect(await readFamily(database.url, sid)).toMatchObject({
      revoked_at: expect.any(Date),
      revoked_reason: 'replay'
    })
    const outbox = await query(
      database.url,
      "SELECT kind, expires_at > now() + interval '10 minutes' AS outlives FROM revocations WHERE value = $1",
      [sid]
    )
    expect(outbox).toEqual([{ kind: 'sid', outlives: true }])
    expect(await eventsOf(sid, 'refresh_token.replayed')).toEqual([{ presented_generation: 0, current_generation: 2 }])

    await expectRefusedWithin(1000, async () => (await get(`${trio.resource.url}/me`, third.access_token)).status)
    expect(await refresh(trio.auth.url, third.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' }
    })
    expect(await query(database.url, 'SELECT 1 FROM revocations WHERE value = $1', [sid])).toHaveLength(1)
  })

  test('twenty parallel replays end the family once: one denylist entry, one audit event', async () => {
    const { first, sid } = await startReplayableSession(trio.auth.url, database.url, user)
    const responses = await Promise.all(Array.from({ length: 20 }, () => refresh(trio.auth.url, first.refresh_token)))
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(400))
    expect(await query(database.url, 'SELECT 1 FROM revocations WHERE value = $1', [sid])).toHaveLength(1)
    expect(await eventsOf(sid, 'refresh_token.replayed')).toHaveLength(1)
  })

  test('a refresh token with one changed character is refused with no query sent to Postgres', async () => {
    const { refresh_token: token } = await signIn(trio.auth.url, user)
    recorder.clear()
    for (let at = 0; at < token.length; at++) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      expect(await refresh(trio.auth.url, changed)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
    expect(foregroundStatements()).toEqual([])
    expect((await refresh(trio.auth.url, token)).status).toBe(200)
    expect(foregroundStatements()).not.toEqual([])
  })

  test('an idle session expires, and a used one expires at its absolute limit', async () => {
    const idle = await signIn(trio.auth.url, user)
    await ageSessions(database.url, user.id, 7 * 86_400 + 1)
    expect(await refresh(trio.auth.url, idle.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' }
    })

    let used = await signIn(trio.auth.url, user)
    for (let day = 0; day < 29; day += 5) {
      used = (await refresh(trio.auth.url, used.refresh_token)).body
      expect(used.refresh_token).toBeTypeOf('string')
      await ageSessions(database.url, user.id, 5 * 86_400)
    }
    expect(await refresh(trio.auth.url, used.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' }
    })
  })

  test('reads the roles again and never copies them from the old token', async () => {
    const tokens = await signIn(trio.auth.url, user)
    expect(unverifiedClaims(tokens.access_token).roles).toEqual([])
    await query(database.url, "UPDATE users SET roles = '{auditor}' WHERE id = $1", [user.id])
    const refreshed = await refresh(trio.auth.url, tokens.refresh_token)
    expect(unverifiedClaims(refreshed.body.access_token).roles).toEqual(['auditor'])
  })

  test('gives a disabled user nothing', async () => {
    const tokens = await signIn(trio.auth.url, user)
    await query(database.url, 'UPDATE users SET disabled_at = now() WHERE id = $1', [user.id])
    expect(await refresh(trio.auth.url, tokens.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' }
    })
  })
})
