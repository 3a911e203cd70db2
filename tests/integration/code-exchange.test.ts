import { randomUUID } from 'node:crypto'
import {
  basic,
  type CodeTokens,
  createAuthorizingBrowser,
  dpopProof,
  exchangeCode,
  get,
  makeClientKey,
  post,
  postForm,
  query,
  readFamily,
  register,
  send,
  signIn,
  unverifiedClaims
} from '@countersign/testing/trio'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Fixture, startFixture } from '../interop/fixture.ts'
import { newApp, redirectUri, thingsApi } from './fixtures/app.ts'

const everything = 'openid profile email offline_access'

describe('the exchange of an authorization code', () => {
  let fixture: Fixture
  let user: Awaited<ReturnType<typeof register>>
  let token: string
  let app: Awaited<ReturnType<typeof newApp>>

  beforeAll(async () => {
    fixture = await startFixture({ env: { PAGES_URL: 'https://pages.example.com' } })
    user = await register(fixture.issuer)
    token = (await signIn(fixture.issuer, user)).access_token
    app = await newApp(fixture)
  })
  afterAll(() => fixture?.stop())

  const newUserToken = async () => (await signIn(fixture.issuer, await register(fixture.issuer))).access_token
  const userinfo = (accessToken: string) =>
    send(`${fixture.issuer}/oauth/userinfo`, { headers: { Authorization: `Bearer ${accessToken}` } })
  const exchange = (parameters: Parameters<typeof exchangeCode>[1], headers?: Record<string, string>) =>
    exchangeCode(fixture.issuer, parameters, headers)
  const refreshFor = (clientId: string, tokens: CodeTokens, members: Record<string, string> = {}) =>
    postForm<CodeTokens>(`${fixture.issuer}/oauth/token`, {
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: tokens.refresh_token,
      ...members
    })
  const verifyIdToken = (idToken: string | undefined, audience: string) =>
    jwtVerify(idToken ?? '', createRemoteJWKSet(new URL(`${fixture.issuer}/.well-known/jwks.json`)), {
      issuer: fixture.issuer,
      audience
    })

  describe('the session that it starts', () => {
    const endOf = async ({ access_token }: CodeTokens) => {
      const [row] = await query<{ ends: Date }>(
        fixture.database.url,
        'SELECT absolute_expires_at AS ends FROM refresh_token_families WHERE id = $1',
        [unverifiedClaims(access_token).sid]
      )
      return row?.ends as Date
    }

    test('does not outlast that of the browser, unless it has offline_access', async () => {
      const browser = await newUserToken()
      const [own] = await query<{ ends: Date }>(
        fixture.database.url,
        `UPDATE refresh_token_families SET absolute_expires_at = now() + interval '1 hour' WHERE id = $1
         RETURNING absolute_expires_at AS ends`,
        [unverifiedClaims(browser).sid]
      )
      const ends = own?.ends as Date
      const firstParty = await newApp(fixture, {
        first_party: true,
        redirect_uris: ['https://own.example.com/callback']
      })
      const redirected = { redirect_uri: 'https://own.example.com/callback' }
      expect(await endOf(await firstParty.tokensOf(browser, 'openid', redirected))).toEqual(ends)
      const outlasting = await endOf(await firstParty.tokensOf(browser, 'openid offline_access', redirected))
      expect(outlasting.getTime()).toBeGreaterThan(ends.getTime())
    })

    test('without a refresh token ends none that has one, however many there are', async () => {
      const browser = await newUserToken()
      const kept = await app.tokensOf(browser, 'openid offline_access')
      const short: CodeTokens[] = []
      for (let i = 0; i < 21; i++) short.push(await app.tokensOf(browser, 'openid'))
      expect(short.map(({ refresh_token }) => refresh_token)).toEqual(short.map(() => undefined))
      expect((await refreshFor(app.clientId, kept)).status).toBe(200)
      const live = await query<{ id: string }>(
        fixture.database.url,
        'SELECT id FROM refresh_token_families WHERE id = ANY($1::uuid[]) AND revoked_at IS NULL',
        [short.map(({ access_token }) => unverifiedClaims(access_token).sid)]
      )
      expect(live).toHaveLength(20)
    })
  })

  describe('what it gives', () => {
    test('a token for userinfo, a refresh token and an ID token', async () => {
      const { sent, exchange: presented } = await app.authorize(token, { scope: everything })
      expect(sent).toEqual({ code: expect.any(String), state: 'the state', iss: fixture.issuer })
      const { status, headers, body } = await exchange(presented)
      expect(status, JSON.stringify(body)).toBe(200)
      expect(headers.get('Cache-Control')).toBe('no-store')
      expect(body).toMatchObject({ token_type: 'Bearer', scope: everything, refresh_token: expect.any(String) })
      const { sid, ...claims } = unverifiedClaims(body.access_token)
      expect(claims).toMatchObject({
        aud: [`${fixture.issuer}/oauth/userinfo`],
        client_id: app.clientId,
        scope: everything
      })
      expect(claims.roles).toBeUndefined()
      const { payload, protectedHeader } = await verifyIdToken(body.id_token, app.clientId)
      expect(protectedHeader.typ).toBe('JWT')
      expect(payload).toMatchObject({ sub: user.id, nonce: 'the nonce', sid, name: user.username })
      expect(payload).toMatchObject({ acr: 'urn:countersign:acr:1', amr: ['pwd'], auth_time: expect.any(Number) })
      const shown = await userinfo(body.access_token)
      expect(shown.body).toEqual({ sub: user.id, name: user.username, preferred_username: user.username })
    })

    test('nothing of the user but the id without the scopes for more, and no refresh token without offline_access', async () => {
      const tokens = await app.tokensOf(token, 'openid')
      expect(tokens.refresh_token).toBeUndefined()
      const { payload } = await verifyIdToken(tokens.id_token, app.clientId)
      expect(Object.keys(payload).sort()).toEqual(
        ['acr', 'amr', 'aud', 'auth_time', 'exp', 'iat', 'iss', 'nonce', 'sid', 'sub'].sort()
      )
      expect((await userinfo(tokens.access_token)).body).toEqual({ sub: user.id })
    })

    test('the display name as the name; after its removal, at the next refresh, the username', async () => {
      const own = await register(fixture.issuer)
      const ownToken = (await signIn(fixture.issuer, own)).access_token
      const nameIt = (name: string | null) =>
        send(`${fixture.issuer}/auth/me`, {
          method: 'PATCH',
          headers: { Authorization: `Bearer ${ownToken}`, 'Content-Type': 'application/json' },
          body: JSON.stringify({ display_name: name })
        })
      expect((await nameIt('Ada Lovelace')).status).toBe(200)
      const tokens = await app.tokensOf(ownToken, 'openid profile offline_access')
      const claims = { name: 'Ada Lovelace', preferred_username: own.username }
      expect(decodeJwt(tokens.id_token ?? '')).toMatchObject(claims)
      expect((await userinfo(tokens.access_token)).body).toEqual({ sub: own.id, ...claims })
      await nameIt(null)
      const refreshed = await refreshFor(app.clientId, tokens, { client_secret: app.client_secret })
      expect(decodeJwt(refreshed.body.id_token ?? '')).toMatchObject({ name: own.username })
      expect((await userinfo(tokens.access_token)).body).toMatchObject({ name: own.username })
    })

    test('the address of the user once it is verified', async () => {
      const own = await register(fixture.issuer)
      const ownToken = (await signIn(fixture.issuer, own)).access_token
      await query(fixture.database.url, "UPDATE users SET email = 'a@example.com' WHERE id = $1", [own.id])
      const tokens = await app.tokensOf(ownToken, 'openid email')
      expect(decodeJwt(tokens.id_token ?? '').email).toBeUndefined()
      const verify = "UPDATE users SET email_key = 'a@example.com', email_verified_at = now() WHERE id = $1"
      await query(fixture.database.url, verify, [own.id])
      expect((await userinfo(tokens.access_token)).body).toMatchObject({ email: 'a@example.com', email_verified: true })
    })

    test('a token for one API alone, with the scopes that the app may have and the user holds', async () => {
      const scope = 'openid profile things:read things:write unheard:of'
      const tokens = await app.tokensOf(token, scope, { resource: thingsApi })
      expect(tokens.scope).toBe('openid profile things:read')
      const claims = unverifiedClaims(tokens.access_token)
      expect(claims).toMatchObject({ aud: [thingsApi], scope: 'things:read' })
      expect((await get(`${fixture.issuer}/auth/me`, tokens.access_token)).status).toBe(401)
    })

    test('an API learns the username with profile alone, and never the address: neither from its token, nor by userinfo', async () => {
      const { id, ...own } = await register(fixture.issuer)
      const verify =
        "UPDATE users SET email = 'b@example.com', email_key = 'b@example.com', email_verified_at = now() WHERE id = $1"
      await query(fixture.database.url, verify, [id])
      const ownToken = (await signIn(fixture.issuer, own)).access_token
      const tokensOf = (scope: string) => app.tokensOf(ownToken, scope)
      const { username } = own
      const plain = await tokensOf('openid email things:read')
      expect(unverifiedClaims(plain.access_token).preferred_username).toBeUndefined()
      expect((await userinfo(plain.access_token)).body).toEqual({ sub: id })
      const named = await tokensOf('openid profile email things:read')
      expect(unverifiedClaims(named.access_token).preferred_username).toBe(username)
      expect((await userinfo(named.access_token)).body).toEqual({
        sub: id,
        name: username,
        preferred_username: username
      })
      expect(decodeJwt(named.id_token ?? '').email).toBe('b@example.com')
      expect((await userinfo((await tokensOf('things:read')).access_token)).status).toBe(403)
    })

    test('introspection shows the username with profile alone', async () => {
      const own = await newApp(fixture, { token_endpoint_auth_method: 'client_secret_post' })
      for (const [scope, username] of [
        ['openid offline_access', undefined],
        ['openid offline_access profile', user.username]
      ] as const) {
        const { exchange: presented } = await own.authorize(token, { scope })
        const { body: tokens } = await exchange({ ...presented, client_secret: own.client_secret })
        for (const one of [tokens.access_token, tokens.refresh_token]) {
          const { body } = await postForm<{ active: boolean; username?: string }>(
            `${fixture.issuer}/oauth/introspect`,
            { client_id: own.clientId, client_secret: own.client_secret, token: one }
          )
          expect(body).toMatchObject({ active: true, sub: user.id })
          expect(body.username).toBe(username)
        }
      }
    })

    test('a token for the only API of the app when its scopes are asked for, and for all of them when none is', async () => {
      expect(unverifiedClaims((await app.tokensOf(token, 'things:read')).access_token).aud).toEqual([thingsApi])
      const { exchange: presented } = await app.authorize(token, { scope: undefined })
      const { body } = await exchange(presented)
      expect(body.id_token).toBeUndefined()
      expect(unverifiedClaims(body.access_token)).toMatchObject({
        aud: [thingsApi],
        scope: expect.stringContaining('things:read')
      })
    })

    test('tokens at the lifetime of the client', async () => {
      const own = await newApp(fixture, { id_token_ttl_seconds: 77 })
      const { exp = 0, iat = 0 } = decodeJwt((await own.tokensOf(token, 'openid')).id_token ?? '')
      expect(exp - iat).toBe(77)
    })
  })

  describe('what has to fit', () => {
    const refused = { error: 'invalid_grant' }

    test.each([
      ['another verifier', { code_verifier: 'x'.repeat(43) }],
      ['no verifier', { code_verifier: undefined }],
      ['another redirect URI', { redirect_uri: 'https://app.example.com/callback2' }],
      ['another code', { code: 'x'.repeat(43) }]
    ])('%s is invalid_grant, and does not use the code up', async (_, change) => {
      const { exchange: presented } = await app.authorize(token)
      expect(await exchange({ ...presented, ...change })).toMatchObject({ status: 400, body: refused })
      expect((await exchange(presented)).status).toBe(200)
    })

    test.each(['code', 'redirect_uri'])('without %s the request is malformed', async (name) => {
      const { exchange: presented } = await app.authorize(token)
      expect(await exchange({ ...presented, [name]: undefined })).toMatchObject({ body: { error: 'invalid_request' } })
    })

    test('a code is for the client that asked for it', async () => {
      const { exchange: presented } = await app.authorize(token)
      const other = await newApp(fixture)
      expect(await exchange({ ...presented, client_id: other.clientId })).toMatchObject({ status: 400, body: refused })
    })

    test('a verifier for a code without a challenge is refused: somebody took the challenge out', async () => {
      const old = await newApp(fixture, {
        token_endpoint_auth_method: 'client_secret_post',
        require_pkce: false,
        audiences: [],
        scopes: []
      })
      const without = { code_challenge: undefined, code_challenge_method: undefined }
      const secret = { client_secret: old.client_secret }
      const { exchange: presented } = await old.authorize(token, without)
      expect(await exchange({ ...presented, ...secret })).toMatchObject({ status: 400, body: refused })
      expect((await exchange({ ...presented, ...secret, code_verifier: undefined })).status).toBe(200)
    })

    test('a code is valid for a minute', async () => {
      const { exchange: presented } = await app.authorize(token)
      await query(fixture.database.url, 'UPDATE authorization_codes SET expires_at = now() WHERE used_at IS NULL')
      expect(await exchange(presented)).toMatchObject({ status: 400, body: refused })
    })

    test('another resource than that of the code is refused', async () => {
      const { exchange: presented } = await app.authorize(token, { scope: 'openid things:read' })
      const { body } = await exchange({ ...presented, resource: fixture.issuer })
      expect(body.error).toBe('invalid_target')
    })
  })

  describe('how the client shows that it is itself', () => {
    const confidential = { audiences: [], scopes: [] }

    test('by client_secret_post, and by nothing less', async () => {
      const own = await newApp(fixture, { ...confidential, token_endpoint_auth_method: 'client_secret_post' })
      const { exchange: presented } = await own.authorize(token)
      expect((await exchange(presented)).body.error).toBe('invalid_client')
      expect((await exchange({ ...presented, client_secret: 'wrong' })).body.error).toBe('invalid_client')
      const twice = await exchange({ ...presented, client_secret: own.client_secret }, basic(own.clientId, 'x'))
      expect(twice.body.error).toBe('invalid_request')
      expect((await exchange({ ...presented, client_secret: own.client_secret })).status).toBe(200)
    })

    test('by client_secret_basic', async () => {
      const own = await newApp(fixture, { ...confidential, token_endpoint_auth_method: 'client_secret_basic' })
      const { exchange: presented } = await own.authorize(token)
      expect((await exchange({ ...presented, client_secret: own.client_secret })).body.error).toBe('invalid_client')
      expect((await exchange(presented, basic(own.clientId, own.client_secret))).status).toBe(200)
    })

    test('a public client that sends Basic with an empty secret is a public client', async () => {
      const { exchange: presented } = await app.authorize(token)
      expect((await exchange(presented, basic(app.clientId, ''))).status).toBe(200)
    })
  })

  describe('once', () => {
    test.skipIf(!inject('docker'))('of 50 parallel exchanges at two replicas one succeeds', async () => {
      const second = await fixture.trio.startAuth()
      const countSessions = async () =>
        (
          await query<{ count: number }>(
            fixture.database.url,
            'SELECT count(*)::int AS count FROM refresh_token_families WHERE client_id = $1',
            [app.clientId]
          )
        )[0]?.count ?? 0
      const before = await countSessions()
      const { exchange: presented } = await app.authorize(token)
      const at = [fixture.trio.auth.url, second.url]
      const responses = await Promise.all(
        Array.from({ length: 50 }, (_, index) => exchangeCode(at[index % 2] as string, presented))
      )
      const statuses = responses.map(({ status }) => status).sort()
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
      expect(statuses.filter((status) => status === 400)).toHaveLength(49)
      expect(await countSessions()).toBe(before + 1)
      await second.stop()
    })

    test('a replay with the same proof ends the session of the code', async () => {
      const { exchange: presented } = await app.authorize(token, { scope: 'openid offline_access' })
      const { body: tokens } = await exchange(presented)
      expect((await userinfo(tokens.access_token)).status).toBe(200)
      expect(await exchange(presented)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      expect((await userinfo(tokens.access_token)).status).toBe(401)
      expect((await refreshFor(app.clientId, tokens)).body.error).toBe('invalid_grant')
      const [event] = await query<{ count: string }>(
        fixture.database.url,
        "SELECT count(*) FROM audit_events WHERE type = 'authorization_code.replayed' AND session_id = $1",
        [unverifiedClaims(tokens.access_token).sid]
      )
      expect(event?.count).toBe('1')
    })

    test('a replay without the verifier ends nothing: who has seen the code cannot end the session', async () => {
      const { exchange: presented } = await app.authorize(token)
      const { body: tokens } = await exchange(presented)
      for (const change of [{ code_verifier: undefined }, { code_verifier: 'x'.repeat(43) }]) {
        expect((await exchange({ ...presented, ...change })).body.error).toBe('invalid_grant')
      }
      expect((await userinfo(tokens.access_token)).status).toBe(200)
    })
  })

  describe('what may have happened meanwhile', () => {
    const afterwards = async (
      change: (own: Awaited<ReturnType<typeof register>>, session: string) => Promise<unknown>
    ) => {
      const own = await register(fixture.issuer)
      const session = (await signIn(fixture.issuer, own)).access_token
      const { exchange: presented } = await app.authorize(session)
      await change(own, session)
      return exchange(presented)
    }
    const patchUser = async (id: string, body: object) => {
      const admin = await fixture.signInAdmin()
      const headers = { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' }
      const url = `${fixture.issuer}/admin/users/${id}`
      return send(url, { method: 'PATCH', headers, body: JSON.stringify(body) })
    }

    test.each([
      ['the user is disabled', ({ id }: { id: string }) => patchUser(id, { disabled: true })],
      [
        'the session of the browser has ended',
        (_: unknown, at: string) => post(`${fixture.issuer}/auth/logout`, {}, at)
      ],
      [
        'the password has changed',
        async (own: { password: string }, at: string) => {
          const body = { current_password: own.password, new_password: randomUUID() }
          expect((await post(`${fixture.issuer}/auth/password`, body, at)).status).toBeLessThan(300)
        }
      ],
      [
        'the app was taken back',
        (_: unknown, at: string) =>
          send(`${fixture.issuer}/auth/me/apps/${app.clientId}`, {
            method: 'DELETE',
            headers: { Authorization: `Bearer ${at}` }
          })
      ]
    ])('%s: invalid_grant, and no session', async (_, change) => {
      expect(await afterwards(change)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    })

    describe('at the same moment', () => {
      const bearer = (at: string) => ({ Authorization: `Bearer ${at}` })

      /** Lets `change` begin, and then the exchange, or the other way round, while somebody else holds the user. */
      const together = async (
        change: (own: { id: string }, at: string) => Promise<{ status: number }>,
        { hasCode = true, isExchangeFirst = false, scope = 'openid offline_access' } = {}
      ) => {
        const own = await register(fixture.issuer)
        const session = (await signIn(fixture.issuer, own)).access_token
        await app.tokensOf(session, 'openid offline_access')
        const browser = createAuthorizingBrowser(fixture.issuer)
        const { parameters, exchangeOf } = app.newRequest({ scope })
        const { body } = await browser.claim(await browser.beginWell(parameters), session)
        const complete = async () => exchangeOf((await browser.open(body.complete_url)).parameters.code)
        const early = hasCode ? await complete() : undefined
        const holder = new pg.Client({ connectionString: fixture.database.url })
        await holder.connect()
        await holder.query('BEGIN')
        await holder.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [own.id])
        const changing = () => change(own, session)
        const exchanging = async () => exchange(early ?? (await complete()))
        const first = isExchangeFirst ? exchanging() : changing()
        await waiters(1)
        const second = isExchangeFirst ? changing() : exchanging()
        await waiters(2)
        await holder.query('COMMIT')
        await holder.end()
        const [changed, exchanged] = (await Promise.all(isExchangeFirst ? [second, first] : [first, second])) as [
          { status: number },
          Awaited<ReturnType<typeof exchange>>
        ]
        expect(changed.status).toBeLessThan(300)
        return exchanged
      }
      const waiters = (count: number) =>
        expect
          .poll(
            () =>
              query(
                fixture.database.url,
                `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
              ),
            { timeout: 10_000 }
          )
          .toHaveLength(count)

      test.each([
        [
          'all sessions are ended',
          (_: unknown, at: string) => post(`${fixture.issuer}/auth/logout-all`, undefined, at)
        ],
        [
          'an admin ends them',
          async ({ id }: { id: string }) => {
            const headers = bearer(await fixture.signInAdmin())
            return send(`${fixture.issuer}/admin/users/${id}/sessions`, { method: 'DELETE', headers })
          }
        ],
        [
          'the session of the browser ends',
          (_: unknown, at: string) => post(`${fixture.issuer}/auth/logout`, undefined, at)
        ]
      ])('%s: no session outlives it', async (_, change) => {
        expect(await together(change)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      })

      test.each(['openid', 'openid offline_access'])(
        'the session of the browser ends just after the exchange (%s): the new one ends with it, unless it has offline_access',
        async (scope) => {
          const logout = (_: unknown, at: string) => post(`${fixture.issuer}/auth/logout`, undefined, at)
          const { status, body } = await together(logout, { isExchangeFirst: true, scope })
          expect(status).toBe(200)
          const { revoked_reason } = await readFamily(fixture.database.url, unverifiedClaims(body.access_token).sid)
          expect(revoked_reason).toBe(scope === 'openid' ? 'logout' : null)
        }
      )

      test('the app is revoked: a code issued meanwhile is invalid', async () => {
        const withdraw = (_: unknown, at: string) =>
          send(`${fixture.issuer}/auth/me/apps/${app.clientId}`, { method: 'DELETE', headers: bearer(at) })
        const refused = await together(withdraw, { hasCode: false })
        expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      })
    })

    test('the redirect URI is no longer one of the client', async () => {
      const own = await newApp(fixture)
      const { exchange: presented } = await own.authorize(token)
      const admin = await fixture.signInAdmin()
      await send(`${fixture.issuer}/admin/clients/${own.clientId}`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ redirect_uris: ['https://app.example.com/other'] })
      })
      expect((await exchange(presented)).body.error).toBe('invalid_grant')
    })

    test('the client was disabled: it is not known', async () => {
      const own = await newApp(fixture)
      const { exchange: presented } = await own.authorize(token)
      const admin = await fixture.signInAdmin()
      const disabled = await send(`${fixture.issuer}/admin/clients/${own.clientId}`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ disabled: true })
      })
      expect(disabled.status, JSON.stringify(disabled.body)).toBe(200)
      expect(await exchange(presented)).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    })
  })

  describe('tokens that are bound to a key (DPoP)', () => {
    const tokenUrl = () => `${fixture.issuer}/oauth/token`

    test('with dpop_jkt the code is for the key alone, and so are the tokens', async () => {
      const [key, other] = [await makeClientKey(), await makeClientKey()]
      const { exchange: presented } = await app.authorize(token, {
        scope: 'openid offline_access',
        dpop_jkt: key.publicJwk.kid as string
      })
      expect((await exchange(presented)).body.error).toBe('invalid_grant')
      const foreign = { DPoP: await dpopProof(other, { url: tokenUrl() }) }
      expect((await exchange(presented, foreign)).body.error).toBe('invalid_grant')
      const { body } = await exchange(presented, { DPoP: await dpopProof(key, { url: tokenUrl() }) })
      expect(body.token_type).toBe('DPoP')
      // A replay without the key ends nothing.
      expect((await exchange(presented)).body.error).toBe('invalid_grant')
      expect((await userinfo(body.access_token)).status).toBe(401)
      const at = `${fixture.issuer}/oauth/userinfo`
      const DPoP = await dpopProof(key, { method: 'GET', url: at, accessToken: body.access_token })
      const shown = await send(at, { headers: { Authorization: `DPoP ${body.access_token}`, DPoP } })
      expect(shown.status).toBe(200)
      expect((await refreshFor(app.clientId, body)).body.error).toBe('invalid_grant')
    })
  })

  describe('the sessions of apps', () => {
    test('end with the session of the browser, unless they may stay', async () => {
      const session = await newUserToken()
      const own = await newApp(fixture, { first_party: true })
      const bound = await own.tokensOf(session, 'openid')
      const staying = await app.tokensOf(session, 'openid offline_access')
      const brief = await app.tokensOf(session, 'openid')
      const ofOther = await own.tokensOf(token, 'openid')
      expect((await post(`${fixture.issuer}/auth/logout`, undefined, session)).status).toBe(204)
      expect((await userinfo(bound.access_token)).status).toBe(401)
      expect((await refreshFor(own.clientId, bound)).body.error).toBe('invalid_grant')
      expect((await userinfo(brief.access_token)).status).toBe(401)
      expect((await refreshFor(app.clientId, staying)).status).toBe(200)
      expect((await refreshFor(own.clientId, ofOther)).status).toBe(200)
    })

    test('end with their access token where they have no refresh token, so that they put no others out', async () => {
      const lifetimeOf = async ({ access_token }: CodeTokens) => {
        const [row] = await query<{ idle: number; absolute: number }>(
          fixture.database.url,
          `SELECT extract(epoch FROM idle_expires_at - created_at)::int AS idle,
             extract(epoch FROM absolute_expires_at - created_at)::int AS absolute
           FROM refresh_token_families WHERE id = $1`,
          [unverifiedClaims(access_token).sid]
        )
        return row
      }
      const brief = await app.tokensOf(token, 'openid')
      expect(await lifetimeOf(brief)).toEqual({ idle: brief.expires_in, absolute: brief.expires_in })
      const unfit = await newApp(fixture, { first_party: true, grant_types: ['authorization_code'] })
      expect(await lifetimeOf(await unfit.tokensOf(token, 'openid'))).toMatchObject({ absolute: brief.expires_in })
      const lasting = await lifetimeOf(await app.tokensOf(token, 'openid offline_access'))
      expect(lasting?.idle).toBeGreaterThan(brief.expires_in)
    })

    test('of a client are found by an index', async () => {
      const holder = new pg.Client({ connectionString: fixture.database.url })
      await holder.connect()
      await holder.query('SET enable_seqscan = off')
      const { rows } = await holder.query(
        "EXPLAIN SELECT FROM refresh_token_families f WHERE f.client_id = 'x' AND f.revoked_at IS NULL ORDER BY f.id LIMIT 500"
      )
      await holder.end()
      expect(JSON.stringify(rows)).toContain('refresh_token_families_client_id_id_idx')
    })

    test('end with it, too, when the user ends it from the list', async () => {
      const person = await register(fixture.issuer)
      const [session, other] = [await signIn(fixture.issuer, person), await signIn(fixture.issuer, person)]
      const own = await newApp(fixture, { first_party: true })
      const bound = await own.tokensOf(session.access_token, 'openid')
      const { sid } = unverifiedClaims(session.access_token)
      const ended = await send(`${fixture.issuer}/auth/sessions/${sid}`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${other.access_token}` }
      })
      expect(ended.status).toBe(204)
      expect((await refreshFor(own.clientId, bound)).body.error).toBe('invalid_grant')
    })

    test('end with it, too, when it is the oldest of too many', async () => {
      const person = await register(fixture.issuer)
      const session = (await signIn(fixture.issuer, person)).access_token
      const own = await newApp(fixture, { first_party: true })
      const bound = await own.tokensOf(session, 'openid')
      await query(
        fixture.database.url,
        `INSERT INTO refresh_token_families
           (id, user_id, client_id, scope, audience, created_at, idle_expires_at, absolute_expires_at, access_expires_at, sign_in_network, address, user_agent)
         SELECT gen_random_uuid(), user_id, client_id, scope, audience, now(), idle_expires_at, absolute_expires_at, access_expires_at, sign_in_network, address, user_agent
         FROM refresh_token_families, generate_series(1, 99) WHERE id = $1`,
        [unverifiedClaims(session).sid]
      )
      await signIn(fixture.issuer, person)
      expect((await get(`${fixture.issuer}/auth/me`, session)).status).toBe(401)
      expect((await refreshFor(own.clientId, bound)).body.error).toBe('invalid_grant')
    })

    test('go on with the session that replaces it, and so do its codes and requests', async () => {
      const person = await register(fixture.issuer)
      const before = (await signIn(fixture.issuer, person)).access_token
      const own = await newApp(fixture, { first_party: true })
      const bound = await own.tokensOf(before, 'openid')
      const { exchange: presented } = await own.authorize(before)
      const browser = createAuthorizingBrowser(fixture.issuer)
      const { parameters, exchangeOf } = own.newRequest()
      const { body: claimed } = await browser.claim(await browser.beginWell(parameters), before)
      const stepped = await post<CodeTokens>(`${fixture.issuer}/auth/step-up`, { password: person.password }, before)
      expect(stepped.status).toBe(200)
      expect((await exchange(presented)).status).toBe(200)
      const { code } = (await browser.open(claimed.complete_url)).parameters
      expect((await exchange(exchangeOf(code))).status).toBe(200)
      const refreshed = await refreshFor(own.clientId, bound)
      expect(refreshed.status).toBe(200)
      expect((await post(`${fixture.issuer}/auth/logout`, undefined, stepped.body.access_token)).status).toBe(204)
      expect((await refreshFor(own.clientId, refreshed.body)).body.error).toBe('invalid_grant')
    })

    test('a refresh gives an ID token without nonce, at the same auth_time, and never more than was allowed', async () => {
      const tokens = await app.tokensOf(token, 'openid offline_access things:read')
      const { status, body } = await refreshFor(app.clientId, tokens)
      expect(status, JSON.stringify(body)).toBe(200)
      const [before, after] = [decodeJwt(tokens.id_token ?? ''), decodeJwt(body.id_token ?? '')]
      expect(after.nonce).toBeUndefined()
      expect(after).toMatchObject({ sub: before.sub, sid: before.sid, auth_time: before.auth_time, aud: app.clientId })
      expect(unverifiedClaims(body.access_token)).toMatchObject({ aud: [thingsApi], scope: 'things:read' })
      const wider = await refreshFor(app.clientId, body, { scope: 'account things:read things:write' })
      expect(unverifiedClaims(wider.body.access_token)).toMatchObject({ scope: 'things:read' })
      for (const resource of [fixture.issuer, fixture.audience]) {
        expect((await refreshFor(app.clientId, wider.body, { resource })).body.error).toBe('invalid_target')
      }
    })

    test('a refresh gets what it asks for: with scopes of identity alone a token for userinfo, and no scope of the API', async () => {
      const tokens = await app.tokensOf(token, 'openid profile offline_access things:read')
      const { body: plain } = await refreshFor(app.clientId, tokens, { scope: 'openid' })
      expect(plain.scope).toBe('openid')
      const claims = unverifiedClaims(plain.access_token)
      expect(claims).toMatchObject({ aud: [`${fixture.issuer}/oauth/userinfo`], scope: 'openid' })
      expect(claims.roles).toBeUndefined()
      expect(decodeJwt(plain.id_token ?? '').name).toBeUndefined()
      expect((await userinfo(plain.access_token)).body).toEqual({ sub: user.id })
      const { body: named } = await refreshFor(app.clientId, plain, { scope: 'openid', resource: thingsApi })
      expect(unverifiedClaims(named.access_token).aud).toEqual([thingsApi])
      expect(unverifiedClaims(named.access_token).scope).toBeUndefined()
      const { body: ofApi } = await refreshFor(app.clientId, named, { scope: 'things:read' })
      expect(unverifiedClaims(ofApi.access_token)).toMatchObject({ aud: [thingsApi], scope: 'things:read' })
      expect(ofApi.id_token).toBeUndefined()
      const { body: all } = await refreshFor(app.clientId, ofApi)
      expect(all.scope).toBe('openid profile offline_access things:read')
    })

    test('a token for userinfo never becomes one for the account, whatever the refresh asks for', async () => {
      const tokens = await app.tokensOf(await fixture.signInAdmin(), everything)
      const asIssuer = await refreshFor(app.clientId, tokens, { scope: 'account', resource: fixture.issuer })
      expect(asIssuer.body.error).toBe('invalid_target')
      const { body } = await refreshFor(app.clientId, tokens, { scope: 'account' })
      if (body.access_token === undefined) return expect(body.error).toBe('invalid_scope')
      expect(unverifiedClaims(body.access_token)).toMatchObject({ aud: [`${fixture.issuer}/oauth/userinfo`] })
      expect(unverifiedClaims(body.access_token).roles).toBeUndefined()
      for (const path of ['/auth/me', '/admin/users']) {
        expect([401, 403]).toContain((await get(`${fixture.issuer}${path}`, body.access_token)).status)
      }
    })

    test('the routes of the account do not know the refresh token of an app', async () => {
      const tokens = await app.tokensOf(token, everything)
      const body = { refresh_token: tokens.refresh_token }
      expect((await post(`${fixture.issuer}/auth/refresh`, body)).body.error).toBe('invalid_grant')
      await post(`${fixture.issuer}/auth/logout`, body)
      expect((await userinfo(tokens.access_token)).status).toBe(200)
    })

    test('a user has at most 20 of one app, and those of others stay', async () => {
      const own = await newUserToken()
      const other = await newApp(fixture)
      const elsewhere = await other.tokensOf(own, 'openid')
      const all: CodeTokens[] = []
      for (let count = 0; count < 21; count++) all.push(await app.tokensOf(own, 'openid'))
      expect((await userinfo(all[0]?.access_token ?? '')).status).toBe(401)
      expect((await userinfo(all[1]?.access_token ?? '')).status).toBe(200)
      expect((await userinfo(elsewhere.access_token)).status).toBe(200)
      expect((await get(`${fixture.issuer}/auth/me`, own)).status).toBe(200)
    })

    test('the user sees what each app may do, and revokes one: its sessions end', async () => {
      const own = await newUserToken()
      const tokens = await app.tokensOf(own, 'openid offline_access things:read')
      const { body } = await get<{ apps: { client_id: string; sessions: number; scopes: object[] }[] }>(
        `${fixture.issuer}/auth/me/apps`,
        own
      )
      expect(body.apps).toMatchObject([{ client_id: app.clientId, name: 'The app', sessions: 1 }])
      expect(body.apps[0]?.scopes).toEqual([
        { scope: 'offline_access', api: null, api_name: null, description: 'Stay signed in while you are away' },
        { scope: 'openid', api: null, api_name: null, description: 'Know who you are' },
        { scope: 'things:read', api: thingsApi, api_name: 'Things', description: 'May things:read' }
      ])
      const remove = () =>
        send(`${fixture.issuer}/auth/me/apps/${app.clientId}`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${own}` }
        })
      expect((await remove()).status).toBe(204)
      expect((await userinfo(tokens.access_token)).status).toBe(401)
      expect((await remove()).status).toBe(404)
      const browser = createAuthorizingBrowser(fixture.issuer)
      const id = await browser.beginWell(app.newRequest().parameters)
      expect((await browser.claim(id, own)).body.next).toBe('consent')
    })
  })

  test('the issuer is no audience by which a token of an app passes a proxy', async () => {
    const introspect = (by: string) =>
      get(`${fixture.issuer}/forward-auth?audience=${encodeURIComponent(fixture.issuer)}`, by)
    const tokens = await app.tokensOf(await fixture.signInAdmin(), everything)
    expect((await introspect(tokens.access_token)).status).toBe(401)
    expect((await introspect(token)).status).toBe(200)
  })

  test('userinfo is for tokens of apps: not for those of the pages, nor of a service', async () => {
    expect((await userinfo(token)).status).toBe(403)
    const post = await send(`${fixture.issuer}/oauth/userinfo`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${(await app.tokensOf(token, 'openid')).access_token}` }
    })
    expect(post.body).toEqual({ sub: user.id })
  })

  test('pages of other origins may call what a single-page app needs, without cookies', async () => {
    const headers = { Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'POST' }
    for (const path of ['/oauth/token', '/oauth/userinfo', '/oauth/par', '/oauth/revoke']) {
      const preflight = await send(fixture.issuer + path, { method: 'OPTIONS', headers })
      expect(preflight.status, path).toBe(204)
      expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe('*')
      expect(preflight.headers.get('Access-Control-Allow-Credentials')).toBeNull()
    }
    const refused = await exchange({ client_id: app.clientId, code: 'x', redirect_uri: redirectUri })
    expect(refused.headers.get('Access-Control-Allow-Origin')).toBe('*')
    for (const path of ['/.well-known/openid-configuration', '/.well-known/jwks.json']) {
      expect((await send(fixture.issuer + path, {})).headers.get('Access-Control-Allow-Origin'), path).toBe('*')
    }
    expect((await send(`${fixture.issuer}/auth/me`, {})).headers.get('Access-Control-Allow-Origin')).toBeNull()
    expect((await send(`${fixture.issuer}/auth/me`, { method: 'OPTIONS', headers })).status).not.toBe(204)
  })
})
