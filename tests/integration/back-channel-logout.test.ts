import { randomBytes } from 'node:crypto'
import { runningTimeOf } from '@countersign/testing'
import {
  type CodeTokens,
  exchangeCode,
  get,
  post,
  postForm,
  query,
  register,
  send,
  signIn,
  unverifiedClaims,
  usedSecrets
} from '@countersign/testing/trio'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type Fixture, startFixture } from '../interop/fixture.ts'
import { newApp } from './fixtures/app.ts'
import { type LogoutReceiver, startLogoutReceiver } from './fixtures/logout-receiver.ts'

describe('back-channel logout', () => {
  let fixture: Fixture
  let receiver: LogoutReceiver
  let app: Awaited<ReturnType<typeof newApp>>
  /** A user of no app. */
  let bystander: Awaited<ReturnType<typeof register>>

  beforeAll(async () => {
    fixture = await startFixture({
      env: {
        PAGES_URL: 'https://pages.example.com',
        SESSIONS_PER_USER: '3',
        // Nobody reads mail here.
        SMTP_URL: 'smtp://127.0.0.1:9',
        MAIL_FROM: 'auth@example.com'
      }
    })
    receiver = await startLogoutReceiver()
    bystander = await register(fixture.issuer)
    app = await newApp(fixture, { backchannel_logout_uri: receiver.uri })
  })
  beforeEach(() => receiver.respond(undefined))
  afterAll(async () => {
    await receiver?.stop()
    await fixture?.stop()
  })

  /** A user who is signed in to the pages and to the app. */
  async function newSession(scope = 'openid', of = app) {
    const user = await register(fixture.issuer)
    const browser = await signIn(fixture.issuer, user)
    const tokens = await of.tokensOf(browser.access_token, scope)
    return { user, browser, tokens, sid: unverifiedClaims(tokens.access_token).sid as string }
  }
  const admins = async (method: string, path: string, body?: object) =>
    send(`${fixture.issuer}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${await fixture.signInAdmin()}`,
        ...(body && { 'Content-Type': 'application/json' })
      },
      ...(body && { body: JSON.stringify(body) })
    })
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const receivedFor = (sid: string, at = receiver) => at.received.filter(({ token }) => claimsOf(token).sid === sid)
  const until = (sid: string, count = 1, at = receiver) =>
    expect.poll(() => receivedFor(sid, at).length, { timeout: 10_000 }).toBe(count)
  const rowsOf = (sid: string) =>
    query<{ attempts: number; last_error: string | null; is_claimed: boolean }>(
      fixture.database.url,
      'SELECT attempts, last_error, claimed_until IS NOT NULL AS is_claimed FROM backchannel_logouts WHERE session_id = $1',
      [sid]
    )
  /** The result of that attempt is stored: while it is under way, the row has the error of the one before. */
  const untilRow = (sid: string, row: { attempts: number; last_error: string }) =>
    expect.poll(async () => (await rowsOf(sid))[0], { timeout: 15_000 }).toMatchObject({ is_claimed: false, ...row })
  const untilGone = (sid: string) => expect.poll(() => rowsOf(sid), { timeout: 10_000 }).toEqual([])
  /** The pause before the next attempt is over, and the sender looks: another session has ended. */
  async function skipPause(sid: string) {
    await query(fixture.database.url, 'UPDATE backchannel_logouts SET next_attempt_at = now() WHERE session_id = $1', [
      sid
    ])
    await logout((await signIn(fixture.issuer, bystander)).access_token)
  }
  const logout = (token: string) => post(`${fixture.issuer}/auth/logout`, undefined, token)
  const givenUp = (sid: string) =>
    query<{ detail: object; user_id: string; client_id: string }>(
      fixture.database.url,
      "SELECT detail, user_id, client_id FROM audit_events WHERE type = 'backchannel_logout.given_up' AND session_id = $1",
      [sid]
    )

  describe('the logout token', () => {
    test('says which session of which user has ended, and nothing else; it is valid for two minutes', async () => {
      const { user, browser, sid } = await newSession()
      const before = Math.floor(Date.now() / 1000)
      expect((await logout(browser.access_token)).status).toBe(204)
      await until(sid)
      const [{ token, path, contentType } = { token: '' }] = receivedFor(sid)
      expect(path).toBe('/backchannel')
      expect(contentType).toBe('application/x-www-form-urlencoded')
      const keys = createRemoteJWKSet(new URL(`${fixture.issuer}/.well-known/jwks.json`))
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        issuer: fixture.issuer,
        audience: app.clientId,
        typ: 'logout+jwt',
        algorithms: ['RS256'],
        requiredClaims: ['iat', 'exp', 'jti']
      })
      expect(Object.keys(protectedHeader).sort()).toEqual(['alg', 'kid', 'typ'])
      expect(payload).toEqual({
        iss: fixture.issuer,
        aud: app.clientId,
        sub: user.id,
        sid,
        iat: expect.any(Number),
        exp: (payload.iat ?? 0) + 120,
        jti: expect.any(String),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} }
      })
      expect(payload.iat).toBeGreaterThanOrEqual(before - 1)
      await untilGone(sid)
    })

    test('is new with each attempt', async () => {
      receiver.respond((response, count) => response.writeHead(count < 3 ? 503 : 200).end())
      const { browser, sid } = await newSession()
      await logout(browser.access_token)
      for (const attempts of [1, 2]) {
        await untilRow(sid, { attempts, last_error: 'status 503' })
        await skipPause(sid)
      }
      await until(sid, 3)
      const claims = receivedFor(sid).map(({ token }) => claimsOf(token))
      expect(new Set(claims.map(({ jti }) => jti)).size).toBe(3)
      await untilGone(sid)
    })
  })

  type Session = Awaited<ReturnType<typeof newSession>>

  /** What ends a session, with what the app asked for. */
  const triggers: Record<string, { scope?: string; end(session: Session): Promise<{ status: number }> }> = {
    'the logout of the browser': { end: ({ browser }) => logout(browser.access_token) },
    'the logout from everywhere': {
      scope: 'openid offline_access',
      end: ({ browser }) => post(`${fixture.issuer}/auth/logout-all`, undefined, browser.access_token)
    },
    'the logout from all other sessions': {
      scope: 'openid offline_access',
      end: ({ browser }) => post(`${fixture.issuer}/auth/logout-others`, undefined, browser.access_token)
    },
    'its end in the list of sessions': {
      scope: 'openid offline_access',
      end: ({ browser, sid }) =>
        send(`${fixture.issuer}/auth/sessions/${sid}`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${browser.access_token}` }
        })
    },
    'an admin who ends the sessions': {
      scope: 'openid offline_access',
      end: ({ user }) => admins('DELETE', `/admin/users/${user.id}/sessions`)
    },
    'an admin who disables the user': {
      scope: 'openid offline_access',
      end: ({ user }) => admins('PATCH', `/admin/users/${user.id}`, { disabled: true })
    },
    'an admin who deletes the user': {
      scope: 'openid offline_access',
      end: ({ user }) => admins('DELETE', `/admin/users/${user.id}`)
    },
    'the user who deletes the account': {
      end: ({ user, browser }) =>
        post(`${fixture.issuer}/auth/me/deletion`, { current_password: user.password }, browser.access_token)
    },
    'a change of the password': {
      scope: 'openid offline_access',
      end: ({ user, browser }) =>
        post(
          `${fixture.issuer}/auth/password`,
          { current_password: user.password, new_password: newSecret() },
          browser.access_token
        )
    },
    'a reset of the password': {
      scope: 'openid offline_access',
      async end({ user }) {
        const secret = newSecret()
        await query(
          fixture.database.url,
          `INSERT INTO one_time_secrets (user_id, purpose, address, link_hash, flow_hash, credentials_version, expires_at)
           VALUES ($1, 'password_reset', 'user@example.com', sha256($2), sha256($3), 0, now() + interval '10 minutes')`,
          [user.id, secret, `flow of ${secret}`]
        )
        return mailed(secret)
      }
    },
    'a replay of the refresh token': {
      scope: 'openid offline_access',
      async end({ tokens, sid }) {
        const presented = { grant_type: 'refresh_token', client_id: app.clientId, refresh_token: tokens.refresh_token }
        const again = () => postForm<CodeTokens>(`${fixture.issuer}/oauth/token`, presented)
        const next = (await again()).body
        await postForm(`${fixture.issuer}/oauth/token`, { ...presented, refresh_token: next.refresh_token })
        await query(
          fixture.database.url,
          `UPDATE refresh_token_families SET rotated_at = rotated_at - interval '1 hour',
             used_at = (SELECT array_agg(at - interval '2 hours' ORDER BY at) FROM unnest(used_at) at) WHERE id = $1`,
          [sid]
        )
        return { status: (await again()).status === 400 ? 200 : 500 }
      }
    },
    'the withdrawal of consent': {
      scope: 'openid offline_access',
      end: ({ browser }) =>
        send(`${fixture.issuer}/auth/me/apps/${app.clientId}`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${browser.access_token}` }
        })
    },
    'the revocation of its refresh token': {
      scope: 'openid offline_access',
      end: ({ tokens }) =>
        postForm(`${fixture.issuer}/oauth/revoke`, { client_id: app.clientId, token: tokens.refresh_token })
    },
    'a role that was taken from the user': {
      scope: 'openid offline_access',
      async end({ user }) {
        await query(fixture.database.url, "UPDATE users SET roles = '{auditor}' WHERE id = $1", [user.id])
        return admins('PATCH', `/admin/users/${user.id}`, { roles: [] })
      }
    },
    'more sessions of the browser than a user may have': {
      async end({ user }) {
        for (let i = 0; i < 3; i++) await signIn(fixture.issuer, user)
        return { status: 200 }
      }
    },
    'more sessions of the app than a user may have': {
      scope: 'openid offline_access',
      async end({ browser }) {
        for (let i = 0; i < 3; i++) await app.tokensOf(browser.access_token, 'openid offline_access')
        return { status: 200 }
      }
    }
  }

  function newSecret(): string {
    const secret = randomBytes(32).toString('base64url')
    usedSecrets.add(secret)
    return secret
  }

  const mailed = (secret: string) =>
    post(`${fixture.issuer}/auth/password-reset/confirm`, { secret, new_password: newSecret() })

  describe('a session of an app that ends', () => {
    test.each(Object.entries(triggers))('by %s: the app is notified once', async (_, { scope, end }) => {
      const session = await newSession(scope)
      const { status, ...response } = await end(session)
      expect(status, JSON.stringify(response)).toBeLessThan(300)
      await until(session.sid)
      await untilGone(session.sid)
      expect(claimsOf(receivedFor(session.sid)[0]?.token ?? '').sub).toBe(session.user.id)
      expect(receivedFor(session.sid)).toHaveLength(1)
    })

    test('by a code that is exchanged twice', async () => {
      const token = (await signIn(fixture.issuer, await register(fixture.issuer))).access_token
      const { exchange } = await app.authorize(token)
      const { sid } = unverifiedClaims((await exchangeCode(fixture.issuer, exchange)).body.access_token)
      expect((await exchangeCode(fixture.issuer, exchange)).status).toBe(400)
      await until(sid as string)
    })

    test('by the end of its client', async () => {
      const own = await newApp(fixture, { backchannel_logout_uri: receiver.uri })
      const { sid } = await newSession('openid', own)
      expect((await admins('PATCH', `/admin/clients/${own.clientId}`, { disabled: true })).status).toBe(200)
      await until(sid)
    })

    test('a first-party app is notified as well', async () => {
      const own = await newApp(fixture, {
        backchannel_logout_uri: receiver.uri,
        first_party: true,
        redirect_uris: ['https://own.example.com/callback']
      })
      const user = await register(fixture.issuer)
      const browser = await signIn(fixture.issuer, user)
      const tokens = await own.tokensOf(browser.access_token, 'openid', {
        redirect_uri: 'https://own.example.com/callback'
      })
      await logout(browser.access_token)
      await until(unverifiedClaims(tokens.access_token).sid as string)
    })

    test('with offline_access it outlasts the logout of the browser, and its app is notified', async () => {
      const { browser, sid, tokens } = await newSession('openid offline_access')
      await logout(browser.access_token)
      await until(sid)
      const refreshed = await postForm(`${fixture.issuer}/oauth/token`, {
        grant_type: 'refresh_token',
        client_id: app.clientId,
        refresh_token: tokens.refresh_token
      })
      expect(refreshed.status, JSON.stringify(refreshed.body)).toBe(200)
    })

    test('is not notified of a session of the browser that signing in again replaces: its own goes on', async () => {
      const { browser, sid, user } = await newSession('openid offline_access')
      const again = await post(`${fixture.issuer}/auth/step-up`, { password: user.password }, browser.access_token)
      expect(again.status, JSON.stringify(again.body)).toBe(200)
      expect(await rowsOf(sid)).toEqual([])
      expect(receivedFor(sid)).toEqual([])
    })

    test('whose tokens have long expired is reported, since the app may still have a session', async () => {
      const { browser, sid } = await newSession()
      await query(
        fixture.database.url,
        `UPDATE refresh_token_families SET created_at = created_at - interval '3 hours', idle_expires_at = idle_expires_at - interval '3 hours',
           access_expires_at = access_expires_at - interval '3 hours', absolute_expires_at = absolute_expires_at - interval '3 hours' WHERE id = $1`,
        [sid]
      )
      await logout(browser.access_token)
      await until(sid)
      // Its tokens need no entry in the denylist, and it had ended before.
      const left = await query(fixture.database.url, "SELECT 1 FROM revocations WHERE kind = 'sid' AND value = $1", [
        sid
      ])
      const events = await query(
        fixture.database.url,
        "SELECT 1 FROM audit_events WHERE type = 'session.ended' AND session_id = $1",
        [sid]
      )
      expect([left, events]).toEqual([[], []])
    })

    test('of a client without a backchannel_logout_uri leaves nothing behind', async () => {
      const own = await newApp(fixture)
      const { browser, sid } = await newSession('openid', own)
      await logout(browser.access_token)
      expect(await rowsOf(sid)).toEqual([])
      const [family] = await query<{ is_short: boolean }>(
        fixture.database.url,
        "SELECT absolute_expires_at < now() + interval '1 day' AS is_short FROM refresh_token_families WHERE id = $1",
        [sid]
      )
      expect(family).toEqual({ is_short: true })
    })

    test('within a transaction that fails leaves no notification', async () => {
      const { browser, sid } = await newSession()
      const trigger = async (statement: string) => query(fixture.database.url, statement)
      await trigger(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$`
      )
      await trigger('CREATE TRIGGER refuse BEFORE INSERT ON backchannel_logouts FOR EACH ROW EXECUTE FUNCTION refuse()')
      try {
        expect((await logout(browser.access_token)).status).toBe(500)
      } finally {
        await trigger('DROP FUNCTION refuse CASCADE')
      }
      expect((await get(`${fixture.issuer}/auth/me`, browser.access_token)).status).toBe(200)
      expect((await logout(browser.access_token)).status).toBe(204)
      await until(sid)
    })
  })

  describe('a receiver that', () => {
    async function endSession(of = app) {
      const { browser, sid, user } = await newSession('openid', of)
      await logout(browser.access_token)
      return { sid, user }
    }

    test.each([200, 204, 202])('responds %i has accepted the token', async (status) => {
      receiver.respond((response) => response.writeHead(status).end())
      const { sid } = await endSession()
      await until(sid)
      await untilGone(sid)
      expect(await givenUp(sid)).toEqual([])
    })

    test('responds 400 is not asked again, and the audit log says so', async () => {
      receiver.respond((response) => response.writeHead(400).end('no'))
      const { sid, user } = await endSession()
      await untilGone(sid)
      expect(receivedFor(sid)).toHaveLength(1)
      expect(await givenUp(sid)).toEqual([
        { user_id: user.id, client_id: app.clientId, detail: { reason: 'status 400', attempts: 1 } }
      ])
    })

    test.each([302, 404, 408, 429, 500, 503])('responds %i is asked again', async (status) => {
      receiver.respond((response, count) =>
        response.writeHead(count === 1 ? status : 200, { Location: 'http://127.0.0.1:1/elsewhere' }).end()
      )
      const { sid } = await endSession()
      await untilRow(sid, { attempts: 1, last_error: `status ${status}` })
      await skipPause(sid)
      await until(sid, 2)
      await untilGone(sid)
    })

    test('breaks the connection, or responds too late, is asked again', async () => {
      receiver.respond((response, count) => {
        if (count === 1) response.destroy()
        // The second one gets no response at all.
        if (count > 2) response.end()
      })
      const { sid } = await endSession()
      await untilRow(sid, { attempts: 1, last_error: 'ECONNRESET' })
      await skipPause(sid)
      await untilRow(sid, { attempts: 2, last_error: 'timeout' })
      await skipPause(sid)
      await until(sid, 3)
      await untilGone(sid)
    })

    test('responds with an endless body has heard of it, and the body is not read', async () => {
      let written = 0
      receiver.respond((response) => {
        response.on('error', () => {})
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536))) written += 65_536
        }
        response.on('drain', more)
        more()
      })
      const { sid } = await endSession()
      await untilGone(sid)
      expect(receivedFor(sid)).toHaveLength(1)
      // What fits into the buffers on the way.
      expect(written).toBeLessThan(50_000_000)
    })

    test('is down for ten minutes gets the token afterwards, and each pause is longer than the one before', async () => {
      const down = await startLogoutReceiver()
      const own = await newApp(fixture, { backchannel_logout_uri: down.uri })
      await down.stop()
      const { sid } = await endSession(own)
      let seconds = 0
      let attempts = 0
      // Instead of waiting, each pause is measured and then left out.
      while (seconds < 600) {
        attempts++
        await untilRow(sid, { attempts, last_error: 'ECONNREFUSED' })
        const [row] = await query<{ pause: number }>(
          fixture.database.url,
          'SELECT extract(epoch FROM next_attempt_at - now())::float8 AS pause FROM backchannel_logouts WHERE session_id = $1',
          [sid]
        )
        const longest = 10 * 2 ** (attempts - 1)
        expect(row?.pause).toBeGreaterThan(longest / 2 - 5)
        expect(row?.pause).toBeLessThanOrEqual(longest)
        seconds += row?.pause ?? 0
        if (seconds < 600) await skipPause(sid)
      }
      expect(attempts).toBeLessThan(9)
      await admins('PATCH', `/admin/clients/${own.clientId}`, { backchannel_logout_uri: receiver.uri })
      await skipPause(sid)
      await until(sid)
      await untilGone(sid)
    }, 60_000)

    test('is down for a day is given up, and the audit log says why', async () => {
      receiver.respond((response) => response.writeHead(503).end())
      const { sid } = await endSession()
      await untilRow(sid, { attempts: 1, last_error: 'status 503' })
      // Found without a word: replicas look by themselves.
      await query(
        fixture.database.url,
        'UPDATE backchannel_logouts SET give_up_at = now(), next_attempt_at = now() WHERE session_id = $1',
        [sid]
      )
      await untilGone(sid)
      expect(receivedFor(sid)).toHaveLength(1)
      expect(await givenUp(sid)).toMatchObject([{ detail: { reason: 'status 503', attempts: 2 } }])
    })

    test('does not respond holds back no other, and has at most two requests at once', async () => {
      const silent = await startLogoutReceiver()
      silent.respond(() => {})
      const own = await newApp(fixture, { backchannel_logout_uri: silent.uri })
      try {
        for (let i = 0; i < 6; i++) await endSession(own)
        const { sid } = await endSession()
        expect(await runningTimeOf(() => until(sid))).toBeLessThan(4000)
        await expect.poll(() => silent.received.length, { timeout: 15_000 }).toBeGreaterThan(2)
        expect(silent.mostAtOnce()).toBe(2)
      } finally {
        await query(fixture.database.url, 'DELETE FROM backchannel_logouts WHERE client_id = $1', [own.clientId])
        await silent.stop()
      }
    }, 40_000)

    /** Logouts of sessions that there never were. */
    const enqueue = (clientId: string, count: number) =>
      query(
        fixture.database.url,
        `INSERT INTO backchannel_logouts (client_id, user_id, session_id)
         SELECT $1, gen_random_uuid(), gen_random_uuid() FROM generate_series(1, $2)`,
        [clientId, count]
      )
    const forget = (clientIds: readonly string[]) =>
      query(fixture.database.url, 'DELETE FROM backchannel_logouts WHERE client_id = ANY($1)', [clientIds])

    test('fails as eight others do is served after those that respond, however long its queue', async () => {
      const silent = await startLogoutReceiver()
      silent.respond(() => {})
      const clients: string[] = []
      for (let i = 0; i < 9; i++) clients.push((await newApp(fixture, { backchannel_logout_uri: silent.uri })).clientId)
      try {
        for (const clientId of clients) await enqueue(clientId, 6)
        await post(`${fixture.issuer}/auth/logout`, undefined, (await newSession()).browser.access_token)
        await expect.poll(() => silent.received.length, { timeout: 20_000 }).toBeGreaterThan(16)
        const { sid } = await endSession()
        await until(sid)
        expect(silent.received.length).toBeLessThan(54)
      } finally {
        await forget(clients)
        await silent.stop()
      }
    }, 60_000)

    /** Sessions of a user at an app, older than the limit of live ones: the app may still have its own. */
    const addOldSessions = (userId: string, clientId: string, count: number) =>
      query(
        fixture.database.url,
        `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, idle_expires_at, absolute_expires_at, access_expires_at,
           sign_in_network, address, user_agent)
         SELECT gen_random_uuid(), $1::uuid, $2, 'openid', '{}', now(), now() + interval '1 day', now(), '', '', ''
         FROM generate_series(1, $3)`,
        [userId, clientId, count]
      )

    test.each([
      ['one user who has very many sessions logs out everywhere', false],
      ['very many sessions end with their client', true]
    ])(
      'is slow is soon notified about another user, although %s',
      async (_, endsWithClient) => {
        const slow = await startLogoutReceiver()
        slow.respond((response) => setTimeout(() => response.end(), 100))
        const own = await newApp(fixture, { backchannel_logout_uri: slow.uri })
        try {
          const heavy = await newSession('openid', own)
          await addOldSessions(heavy.user.id, own.clientId, 1200)
          if (endsWithClient) {
            // One session each.
            await query(fixture.database.url, 'ALTER TABLE refresh_token_families DISABLE TRIGGER ALL')
            await query(
              fixture.database.url,
              'UPDATE refresh_token_families SET user_id = gen_random_uuid() WHERE client_id = $1 AND user_id = $2',
              [own.clientId, heavy.user.id]
            )
            await query(fixture.database.url, 'ALTER TABLE refresh_token_families ENABLE TRIGGER ALL')
            expect((await admins('PATCH', `/admin/clients/${own.clientId}`, { scopes: [] })).status).toBe(200)
          } else {
            expect(
              (await post(`${fixture.issuer}/auth/logout-all`, undefined, heavy.browser.access_token)).status
            ).toBe(204)
          }
          const { sid } = await endSession(own)
          await until(sid, 1, slow)
          // In the order of their ends it would be the last one.
          expect(slow.received.length).toBeLessThan(600)
        } finally {
          await forget([own.clientId])
          await slow.stop()
        }
      },
      60_000
    )

    test('is notified at once, not when replicas poll', async () => {
      // They look every three seconds: of four logouts, each of which waits for the one before, three would wait for that.
      const sessions: Awaited<ReturnType<typeof newSession>>[] = []
      for (let i = 0; i < 4; i++) sessions.push(await newSession())
      const took = await runningTimeOf(async () => {
        for (const { browser, sid } of sessions) {
          await logout(browser.access_token)
          await until(sid)
        }
      })
      expect(took).toBeLessThan(9000)
    })

    test('has a long queue holds back no other', async () => {
      const busy = await newApp(fixture, { backchannel_logout_uri: 'http://127.0.0.1:1/' })
      try {
        await enqueue(busy.clientId, 100_000)
        await query(
          fixture.database.url,
          `UPDATE backchannel_logouts SET last_error = 'timeout', next_attempt_at = now() + interval '1 hour'
           WHERE client_id = $1 AND session_id < '80000000-0000-0000-0000-000000000000'`,
          [busy.clientId]
        )
        await query(fixture.database.url, 'ANALYZE backchannel_logouts', [])
        for (let i = 0; i < 3; i++) await until((await endSession()).sid)
      } finally {
        await forget([busy.clientId])
      }
    }, 60_000)
  })

  test('a client that no longer has an address is not notified', async () => {
    receiver.respond((response) => response.writeHead(503).end())
    const own = await newApp(fixture, { backchannel_logout_uri: receiver.uri })
    const { browser, sid } = await newSession('openid', own)
    await logout(browser.access_token)
    await untilRow(sid, { attempts: 1, last_error: 'status 503' })
    const { status } = await admins('PATCH', `/admin/clients/${own.clientId}`, { backchannel_logout_uri: null })
    expect(status).toBe(200)
    await skipPause(sid)
    const { sid: later, browser: another } = await newSession()
    receiver.respond(undefined)
    await logout(another.access_token)
    await until(later)
    expect(receivedFor(sid)).toHaveLength(1)
    expect(await rowsOf(sid)).toHaveLength(1)
  })

  test('the metrics count the attempts and what waits', async () => {
    const { browser, sid } = await newSession()
    await logout(browser.access_token)
    await until(sid)
    const metrics = await (await fetch(`${fixture.trio.auth.managementUrl}/metrics`)).text()
    expect(metrics).toMatch(/countersign_backchannel_logout_attempts_total\{.*outcome="delivered".*\} [1-9]/)
    expect(metrics).toMatch(/countersign_backchannel_logouts_waiting(\{.*\})? \d/)
  })

  test.runIf(inject('docker'))('two replicas deliver, and each logout once', async () => {
    const other = await fixture.trio.startAuth()
    receiver.respond((response) => setTimeout(() => response.end(), 50))
    // An app each, since of one receiver there are two requests at once.
    const sessions: Session[] = []
    for (let i = 0; i < 8; i++) {
      sessions.push(await newSession('openid', await newApp(fixture, { backchannel_logout_uri: receiver.uri })))
    }
    await Promise.all(
      sessions.map(({ browser }, i) =>
        post(`${(i % 2 ? other : fixture.trio.auth).url}/auth/logout`, undefined, browser.access_token)
      )
    )
    for (const { sid } of sessions) await until(sid)
    for (const { sid } of sessions) await untilGone(sid)
    expect(sessions.map(({ sid }) => receivedFor(sid).length)).toEqual(sessions.map(() => 1))
    expect(other.logs()).toContain('a client was notified that its session has ended')
    await other.stop()
  })
})
