import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { get, post, query, refresh, register, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'

describe('housekeeping', () => {
  let database: TestDatabase
  let trio: Trio | undefined

  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  test('removes what has expired, keeps what has not, and counts it', async () => {
    const userId = crypto.randomUUID()
    await query(
      database.url,
      `INSERT INTO users (id, username, username_key, password_hash, roles) VALUES ($1, 'old', 'old', 'none', '{}')`,
      [userId]
    )
    await query(
      database.url,
      `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, created_at, rotated_at, idle_expires_at,
         absolute_expires_at, access_expires_at, sign_in_network, address, user_agent)
       SELECT gen_random_uuid(), $1, 'countersign', 'account', '{}', at, at, at, at, at, '', '', ''
       FROM (SELECT now() - make_interval(hours => 2) AS at FROM generate_series(1, 1234)
             UNION ALL SELECT now() + make_interval(hours => 2) FROM generate_series(1, 5)) moments`,
      [userId]
    )
    await query(
      database.url,
      `INSERT INTO revocations (kind, value, expires_at, published_at)
       SELECT 'sid', gen_random_uuid()::text, now() + make_interval(secs => seconds), now()
       FROM (SELECT -3601 AS seconds FROM generate_series(1, 777)
             UNION ALL SELECT -3000 FROM generate_series(1, 1) UNION ALL SELECT 600 FROM generate_series(1, 3)) lives`
    )
    await query(
      database.url,
      `INSERT INTO audit_events (at, type) SELECT now() - make_interval(days => days), 'test.aged'
       FROM (SELECT 91 AS days FROM generate_series(1, 10) UNION ALL SELECT 89 FROM generate_series(1, 2)) ages`
    )
    await query(
      database.url,
      `INSERT INTO activity (minute, kind, outcome, replica, count)
       SELECT date_trunc('minute', now()) - make_interval(mins => minutes), 'refreshes', 'rotated', $1, 1
       FROM (SELECT generate_series(2881, 4080) AS minutes UNION ALL SELECT generate_series(2000, 2005)) ages`,
      [userId]
    )
    await query(
      database.url,
      `INSERT INTO mail_outbox (id, recipient, template, language, parameters, has_secret, message_id, give_up_at, delivered_at, dead_at)
       SELECT gen_random_uuid(), 'a@example.com', 'password_changed', 'en', '{}', false, '', now() + interval '1 day',
         now() - make_interval(days => delivered), now() - make_interval(days => dead)
       FROM (VALUES (8, NULL), (6, NULL), (NULL, 31), (NULL, 29), (NULL, NULL)) ages (delivered, dead)`
    )
    await query(
      database.url,
      `INSERT INTO mail_outbox (id, recipient, template, language, parameters, has_secret, sealed_secret, message_id, give_up_at)
       VALUES (gen_random_uuid(), 'a@example.com', 'password_reset', 'en', '{}', true, '\\x01', '', now() - interval '2 hours')`
    )
    await query(
      database.url,
      `INSERT INTO one_time_secrets (user_id, purpose, address, link_hash, flow_hash, credentials_version, expires_at)
       SELECT $1, purpose, 'a@example.com', sha256(purpose::bytea), sha256(purpose::bytea), 0, now() - make_interval(hours => hours)
       FROM (VALUES ('password_reset', 25), ('email_verification', 23)) ages (purpose, hours)`,
      [userId]
    )
    await query(
      database.url,
      `INSERT INTO invitations (id, email, email_key, roles, link_hash, expires_at)
       SELECT gen_random_uuid(), days::text, days::text, '{}', sha256(days::text::bytea), now() - make_interval(days => days)
       FROM unnest('{31,29}'::int[]) days`
    )
    await query(
      database.url,
      `WITH provider AS (
         INSERT INTO identity_providers (id, kind, name, issuer, client_id, scopes, authoritative_domains, trusts_amr)
         VALUES ('company', 'oidc', '', 'https://id.example', '', '{}', '{}', false) RETURNING id
       )
       INSERT INTO provider_transactions (secret_hash, state_hash, provider_id, issuer, nonce, sealed_verifier, expires_at)
       SELECT sha256(minutes::text::bytea), '', id, '', '', '', now() - make_interval(mins => minutes)
       FROM provider, unnest('{61,59}'::int[]) minutes`
    )
    await query(
      database.url,
      `WITH requests AS (
         INSERT INTO logout_requests (id_hash, ui_locales, expires_at)
         SELECT sha256(minutes::text::bytea), '{}', now() - make_interval(mins => minutes) FROM unnest('{61,59}'::int[]) minutes
       )
       INSERT INTO backchannel_logouts (client_id, user_id, session_id, give_up_at)
       SELECT 'gone', gen_random_uuid(), gen_random_uuid(), now() - make_interval(mins => minutes) FROM unnest('{61,59}'::int[]) minutes`
    )
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl, authReplicas: redisUrl === undefined ? 1 : 2 })

    const counts = async () => {
      const [row] = await query<Record<string, number>>(
        database.url,
        `SELECT (SELECT count(*)::int FROM refresh_token_families) AS families,
           (SELECT count(*)::int FROM revocations) AS revocations,
           (SELECT count(*)::int FROM audit_events WHERE type = 'test.aged') AS events,
           (SELECT count(*)::int FROM activity) AS minutes,
           (SELECT count(*)::int FROM mail_outbox) AS mails,
           (SELECT count(*)::int FROM mail_outbox WHERE last_error = 'expired' AND dead_at > now() - interval '1 minute'
              AND sealed_secret IS NULL) AS expired,
           (SELECT count(*)::int FROM one_time_secrets) AS secrets,
           (SELECT count(*)::int FROM logout_requests) AS "logoutRequests",
           (SELECT count(*)::int FROM backchannel_logouts) AS logouts,
           (SELECT count(*)::int FROM audit_events WHERE type = 'backchannel_logout.given_up') AS "givenUp",
           (SELECT count(*)::int FROM provider_transactions) AS transactions,
           (SELECT count(*)::int FROM invitations) AS invitations`
      )
      return row
    }
    await expect.poll(counts, { timeout: 10_000 }).toEqual({
      families: 5,
      revocations: 4,
      events: 2,
      minutes: 6,
      mails: 4,
      expired: 1,
      secrets: 1,
      logoutRequests: 1,
      logouts: 1,
      givenUp: 1,
      transactions: 1,
      invitations: 1
    })
    const metrics = await Promise.all(trio.auths.map(({ managementUrl: url }) => get<string>(`${url}/metrics`)))
    const removed = (kind: string) =>
      metrics
        .map(({ body }) => new RegExp(`expired_rows_removed_total\\{kind="${kind}".*\\} (\\d+)`).exec(body)?.[1])
        .reduce((sum, count) => sum + Number(count ?? 0), 0)
    const kinds = ['families', 'revocations', 'audit_events', 'activity', 'mails', 'one_time_secrets', 'invitations']
    expect([...kinds, 'provider_transactions'].map(removed)).toEqual([1234, 777, 10, 1200, 2, 1, 1, 1])
  })

  test('removes from the audit log what it has about deleted users besides their ids, and then forgets the ids', async () => {
    const own = await createTestDatabase()
    onTestFinished(() => own.drop())
    const [old, fresh, living] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
    await query(
      own.url,
      "INSERT INTO deleted_users (id, deleted_at) VALUES ($1, now() - interval '61 minutes'), ($2, now() - interval '50 minutes')",
      [old, fresh]
    )
    await query(
      own.url,
      `INSERT INTO audit_events (type, user_id, actor_id, address, user_agent)
       SELECT 'session.started', $1::uuid, NULL::uuid, '192.0.2.1', 'a browser' FROM generate_series(1, 1234)
       UNION ALL VALUES ('session.started', $2::uuid, NULL::uuid, '192.0.2.1', NULL), ('user.imported', $3, $1, '192.0.2.1', NULL)`,
      [old, fresh, living]
    )
    // An event that was committed after a later one was done.
    const late = crypto.randomUUID()
    await query(
      own.url,
      `WITH deleted AS (
         INSERT INTO deleted_users (id, deleted_at, anonymized_to)
         VALUES ($1::uuid, now() - interval '62 minutes', now() - interval '63 minutes')
       )
       INSERT INTO audit_events (type, user_id, address, at) VALUES ('sign_in.failed', $1, '192.0.2.1', now() - interval '64 minutes')`,
      [late]
    )
    const service = await startTrio({
      databaseUrl: own.url,
      redisUrl: inject('docker') ? await createTestRedis() : undefined
    })
    onTestFinished(() => service.stop())
    const left = async () => ({
      ids: (await query<{ id: string }>(own.url, 'SELECT id FROM deleted_users ORDER BY id')).map(({ id }) => id),
      personal: await query(
        own.url,
        'SELECT DISTINCT user_id FROM audit_events WHERE user_id IN ($1, $2, $3, $4) AND num_nonnulls(address, user_agent) > 0 ORDER BY user_id',
        [old, fresh, living, late]
      ),
      events: await query(
        own.url,
        'SELECT count(*)::int FROM audit_events WHERE user_id IN ($1, $2, $3) GROUP BY user_id ORDER BY 1',
        [old, fresh, living]
      )
    })
    const events = [{ count: 1 }, { count: 1 }, { count: 1234 }]
    const ofUsers = (...ids: string[]) => ids.toSorted().map((id) => ({ user_id: id }))
    await expect
      .poll(left, { timeout: 10_000 })
      .toEqual({ ids: [fresh, late].toSorted(), personal: ofUsers(living, late), events })
    // A round begins with each replica.
    await service.startAuth()
    await expect.poll(left, { timeout: 10_000 }).toEqual({ ids: [fresh], personal: ofUsers(living), events })
  })

  test('makes the partitions of audit events that are missing, and drops the oldest one that has expired', async () => {
    const own = await createTestDatabase()
    onTestFinished(() => own.drop())
    // As some months after the table was partitioned, when nothing has run for three weeks.
    await query(own.url, 'DROP TABLE audit_events_unpartitioned')
    await query(own.url, "SELECT make_audit_partitions(now() - interval '120 days', now())")
    await query(
      own.url,
      `DO $$ BEGIN EXECUTE (
         SELECT string_agg(format('DROP TABLE %I', name), '; ') FROM audit_partitions WHERE "to" > now() + interval '23 weeks'
       ); END $$`
    )
    const weeks = async () => {
      const [row] = await query<{ expired: number; ahead: boolean }>(
        own.url,
        `SELECT (count(*) FILTER (WHERE "to" <= now() - interval '90 days'))::int AS expired,
           max("to") > now() + interval '26 weeks' AS ahead FROM audit_partitions`
      )
      return row
    }
    const before = await weeks()
    expect(before).toEqual({ expired: expect.toSatisfy((count: number) => count >= 3), ahead: false })
    const service = await startTrio({
      databaseUrl: own.url,
      redisUrl: inject('docker') ? await createTestRedis() : undefined
    })
    onTestFinished(() => service.stop())
    await expect.poll(weeks, { timeout: 10_000 }).toEqual({ expired: (before?.expired ?? 0) - 1, ahead: true })
  })

  test('the metrics show refreshes by outcome, sign-ins, pending revocations and the age of the view', async () => {
    if (!trio) throw new Error('the trio is not up')
    const { url, managementUrl } = trio.auth
    const user = await register(url)
    const first = await signIn(url, user)
    const second = (await refresh(url, first.refresh_token)).body
    await refresh(url, first.refresh_token)
    await refresh(url, second.refresh_token)
    // Past the recovery limit a used token is a replay.
    await query(database.url, "UPDATE refresh_token_families SET rotated_at = rotated_at - interval '2 days'")
    await refresh(url, first.refresh_token)
    await refresh(url, second.refresh_token)
    await refresh(url, `${first.refresh_token.slice(0, -2)}xx`)
    await post(`${url}/auth/login`, { username: user.username, password: 'not the password' })

    const scrape = async () => (await get<string>(`${managementUrl}/metrics`)).body
    const valueIn = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1])
    const body = await scrape()
    const value = (pattern: RegExp) => valueIn(body, pattern)
    const refreshes = Object.fromEntries(
      [...body.matchAll(/countersign_refreshes_total\{outcome="(\w+)".*\} (\d+)/g)].map(([, outcome, count]) => [
        outcome,
        Number(count)
      ])
    )
    expect(refreshes).toEqual({
      rotated: 2,
      retried: 1,
      recovered: 0,
      replayed: 1,
      expired: 0,
      revoked: 1,
      unknown: 0,
      forged: 1,
      wrong_key: 0,
      exceeds_scope: 0,
      exceeds_audience: 0
    })
    expect(value(/sign_ins_total\{outcome="succeeded".*\} (\d+)/)).toBe(1)
    expect(value(/sign_ins_total\{outcome="invalid_credentials".*\} (\d+)/)).toBe(1)
    expect(value(/revocations_pending\{.*\} (\d+)/)).toBe(0)
    expect(value(/revocation_publication_seconds_count\{.*\} (\d+)/)).toBe(1)
    const ageOfView = async () => valueIn(await scrape(), /revocation_view_age_seconds\{.*\} ([\d.e-]+)/)
    await expect.poll(ageOfView).toBeLessThan(2)
    const atResource = await get<string>(`${trio.resource.managementUrl}/metrics`)
    expect(Number(/revocation_view_entries\{.*\} (\d+)/.exec(atResource.body)?.[1])).toBe(4)
  })

  test.skipIf(!inject('docker'))('the stream in Redis shrinks also when nothing is published any more', async () => {
    const redisUrl = await createTestRedis()
    const client = createClient({ url: redisUrl })
    await client.connect()
    const stream = '{countersign}:revocations'
    // Written two hours ago: it has certainly expired.
    for (let i = 0; i < 500; i++)
      await client.xAdd(stream, `${Date.now() - 7_200_000}-${i}`, { kind: 'sid', value: `${i}`, exp: '1' })
    await client.xAdd(stream, '*', { kind: 'sid', value: 'young', exp: String(Math.ceil(Date.now() / 1000) + 600) })
    const otherDatabase = await createTestDatabase()
    const other = await startTrio({ databaseUrl: otherDatabase.url, redisUrl })
    await expect.poll(() => client.xLen(stream), { timeout: 10_000 }).toBeLessThan(120)
    const last = await client.xRevRange(stream, '+', '-')
    expect(last?.map(({ message }) => message.value)).toContain('young')
    await other.stop()
    await otherDatabase.drop()
    client.destroy()
  })
})
