import { randomUUID } from 'node:crypto'
import { createTestRedis } from '@countersign/testing'
import {
  basic,
  clientAssertion,
  createAuthorizingBrowser,
  dpopProof,
  exchangeCode,
  get,
  makeClientKey,
  type Parameters,
  post,
  postForm,
  query,
  queryOf,
  register,
  send,
  signIn,
  unverifiedClaims
} from '@countersign/testing/trio'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Fixture, startFixture } from '../interop/fixture.ts'
import { newApp, redirectUri, thingsApi } from './fixtures/app.ts'
import { createAuthenticator } from './fixtures/authenticator.ts'

const pagesUrl = 'https://pages.example.com/base'

describe('the authorization endpoint', () => {
  let fixture: Fixture
  let redisUrl: string | undefined
  let token: string
  let app: Awaited<ReturnType<typeof newApp>>

  beforeAll(async () => {
    redisUrl = inject('docker') ? await createTestRedis() : undefined
    fixture = await startFixture({
      env: { PAGES_URL: pagesUrl },
      ...(redisUrl !== undefined && { ownRedisUrl: redisUrl })
    })
    token = await newUserToken()
    app = await newApp(fixture)
  })
  afterAll(() => fixture?.stop())

  const newUserToken = async () => (await signIn(fixture.issuer, await register(fixture.issuer))).access_token
  const newBrowser = () => createAuthorizingBrowser(fixture.issuer)
  const begin = (changes: Parameters = {}, of = app) => newBrowser().begin(of.newRequest(changes).parameters)
  const show = (id: string) => send(`${fixture.issuer}/auth/authorization-requests/${id}`, {})
  const errorPage = `${pagesUrl}/authorize/error`

  describe('before client and redirect URI are proven', () => {
    test.each([
      ['no client_id', { client_id: undefined }],
      ['an unknown client', { client_id: 'nobody' }],
      ['two clients', { client_id: ['a', 'b'] }],
      ['no redirect URI', { redirect_uri: undefined }],
      ['two redirect URIs', { redirect_uri: [redirectUri, 'https://evil.test/'] }],
      ['another host', { redirect_uri: 'https://evil.test/callback' }],
      ['a host that begins alike', { redirect_uri: 'https://app.example.com.evil.test/callback' }],
      ['a user before the host', { redirect_uri: 'https://app.example.com@evil.test/callback' }],
      ['a path below', { redirect_uri: `${redirectUri}/more` }],
      ['dot segments', { redirect_uri: `${redirectUri}/../callback` }],
      ['a dot segment with a parameter', { redirect_uri: 'https://app.example.com/..;/callback' }],
      ['encoded dot segments', { redirect_uri: 'https://app.example.com/%2e%2e/callback' }],
      ['another case', { redirect_uri: 'https://app.example.com/Callback' }],
      ['another case of the host', { redirect_uri: 'https://APP.example.com/callback' }],
      ['another port', { redirect_uri: 'https://app.example.com:8443/callback' }],
      ['its usual port', { redirect_uri: 'https://app.example.com:443/callback' }],
      ['another scheme', { redirect_uri: 'http://app.example.com/callback' }],
      ['a fragment', { redirect_uri: `${redirectUri}#` }],
      ['a query', { redirect_uri: `${redirectUri}?a=b` }],
      ['a backslash', { redirect_uri: 'https://app.example.com\\@evil.test/callback' }],
      ['a line break', { redirect_uri: `${redirectUri}\n` }],
      ['a script', { redirect_uri: 'javascript:alert(1)' }]
    ])('%s leads to the error page, and never to the client', async (_, change) => {
      for (const prompt of [undefined, 'none']) {
        const { status, to, parameters } = await begin({ ...change, prompt })
        expect({ status, to }).toEqual({ status: 303, to: errorPage })
        expect(parameters.error).toMatch(/^invalid_(client|redirect_uri|request)$/)
      }
    })

    test('a disabled client is not known', async () => {
      const own = await newApp(fixture)
      await query(fixture.database.url, 'UPDATE clients SET disabled_at = now() WHERE id = $1', [own.clientId])
      expect((await begin({}, own)).to).toBe(errorPage)
    })

    test('the client of the pages themselves signs nobody in elsewhere', async () => {
      expect((await begin({ client_id: 'countersign' })).to).toBe(errorPage)
    })
  })

  describe('redirect URIs of native apps', () => {
    let native: Awaited<ReturnType<typeof newApp>>
    const newNative = (members: Record<string, unknown> = {}) =>
      newApp(fixture, {
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/', 'com.example.app:/callback'],
        scopes: [],
        audiences: [],
        ...members
      })
    beforeAll(async () => {
      native = await newNative()
    })

    test.each([
      'http://127.0.0.1:49152/callback',
      'http://127.0.0.1/callback',
      'http://localhost:1/',
      'com.example.app:/callback'
    ])('%s is let through', async (uri) => {
      expect((await begin({ redirect_uri: uri }, native)).to).toBe(`${pagesUrl}/authorize`)
    })

    test.each([
      'http://localhost.evil.test:49152/',
      'http://127.0.0.1.evil.test/callback',
      'http://127.0.0.1@evil.test/callback',
      'http://127.0.0.1:49152/callback2',
      'http://127.0.0.1:99999/callback',
      'http://127.0.0.1:/callback',
      'http://127.0.0.2:49152/callback',
      'http://[::1]:49152/callback',
      'https://127.0.0.1:49152/callback',
      'http://localhost:1/callback',
      'com.example.app:/callback/more',
      'com.example.app://callback'
    ])('%s is not', async (uri) => {
      expect((await begin({ redirect_uri: uri }, native)).to).toBe(errorPage)
    })

    test('a web app has the port that it registered', async () => {
      const web = await newApp(fixture, { redirect_uris: ['http://localhost:3000/callback'] })
      expect((await begin({ redirect_uri: 'http://localhost:3000/callback' }, web)).to).toBe(`${pagesUrl}/authorize`)
      expect((await begin({ redirect_uri: 'http://localhost:3001/callback' }, web)).to).toBe(errorPage)
    })

    test.each([
      ['http://127.0.0.1:49152/callback', false, 'consent'],
      ['com.example.app:/callback', false, 'consent'],
      ['http://127.0.0.1:49152/callback', true, 'choose_account'],
      ['com.example.app:/callback', true, 'choose_account']
    ])('users are asked every time, as any program may be behind %s (first-party: %s)', async (uri, isOurs, next) => {
      const of = isOurs ? await newNative({ first_party: true }) : native
      await of.authorize(token, { redirect_uri: uri })
      const browser = newBrowser()
      const id = await browser.beginWell(of.newRequest({ redirect_uri: uri }).parameters)
      expect((await browser.claim(id, token)).body.next).toBe(next)
      const { complete_url: url } = (await browser.decide(id, token, 'allow')).body
      expect((await browser.open(url)).parameters.code).toEqual(expect.any(String))
      const silent = await browser.beginWell(of.newRequest({ redirect_uri: uri, prompt: 'none' }).parameters)
      const claimed = await browser.claim(silent, token)
      expect((await browser.open(claimed.body.complete_url)).parameters.error).toBe('consent_required')
    })
  })

  describe('what a client may register', () => {
    const registration = async (members: Record<string, unknown>) => {
      const body = {
        client_id: `c-${randomUUID()}`,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        ...members
      }
      const headers = { Authorization: `Bearer ${await fixture.signInAdmin()}`, 'Content-Type': 'application/json' }
      return send(`${fixture.issuer}/admin/clients`, { method: 'POST', headers, body: JSON.stringify(body) })
    }

    test.each([
      ['http elsewhere', ['http://app.example.com/callback']],
      ['a fragment', ['https://app.example.com/#a']],
      ['a user', ['https://me@app.example.com/']],
      ['dot segments', ['https://app.example.com/a/../b']],
      ['upper case in the host', ['https://App.example.com/']],
      ['a script', ['javascript:alert(1)']],
      ['data', ['data:text/html,x']],
      ['a scheme of a native app', ['com.example.app:/callback']],
      ['none at all', []]
    ])('a web app with %s is refused', async (_, uris) => {
      const { status, body } = await registration({ redirect_uris: uris })
      expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_request' })
    })

    test.each(['myapp:/callback', 'javascript:/alert(1)', 'com.example.app:callback', 'file:///etc/passwd'])(
      'a native app with %s is refused',
      async (uri) => {
        const { status } = await registration({ application_type: 'native', redirect_uris: [uri] })
        expect(status).toBe(400)
      }
    )

    test('ID tokens live no longer than their key is published after its retirement', async () => {
      const redirect_uris = [redirectUri]
      expect((await registration({ redirect_uris, id_token_ttl_seconds: 3601 })).status).toBe(400)
      expect((await registration({ redirect_uris, id_token_ttl_seconds: 3600 })).status).toBe(201)
    })

    test('a public client has PKCE, and gets no token of its own', async () => {
      const redirect_uris = [redirectUri]
      expect((await registration({ redirect_uris, require_pkce: false })).status).toBe(400)
      const grants = ['authorization_code', 'client_credentials']
      expect((await registration({ redirect_uris, grant_types: grants, audiences: ['a'] })).status).toBe(400)
    })
  })

  describe('errors for the client', () => {
    test.each([
      ['no response_type', { response_type: undefined }, 'invalid_request'],
      ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
      ['the hybrid flow', { response_type: 'code id_token' }, 'unsupported_response_type'],
      ['no code_challenge', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['a challenge without its method, which is plain', { code_challenge_method: undefined }, 'invalid_request'],
      ['a method without a challenge', { code_challenge: undefined }, 'invalid_request'],
      ['a challenge that is none', { code_challenge: 'short' }, 'invalid_request'],
      ['a request object', { request: 'e30.e30.' }, 'request_not_supported'],
      ['a foreign request_uri', { request_uri: 'https://app.example.com/request.jwt' }, 'request_uri_not_supported'],
      ['a registration', { registration: '{}' }, 'registration_not_supported'],
      ['the fragment mode', { response_mode: 'fragment' }, 'invalid_request'],
      ['no scope that it may have', { scope: 'unheard:of' }, 'invalid_scope'],
      ['a malformed scope', { scope: 'openid "' }, 'invalid_scope'],
      ['a foreign resource', { resource: 'https://other.example.com' }, 'invalid_target'],
      ['two resources', { resource: [thingsApi, 'https://other.example.com'] }, 'invalid_target'],
      ['a prompt that nobody knows', { prompt: 'create' }, 'invalid_request'],
      ['none beside another prompt', { prompt: 'none login' }, 'invalid_request'],
      ['a max_age that is no number', { max_age: '-1' }, 'invalid_request'],
      ['a parameter that appears twice', { nonce: ['a', 'b'] }, 'invalid_request'],
      ['a nonce that is too long', { nonce: 'x'.repeat(513) }, 'invalid_request'],
      ['a control character', { login_hint: 'a\u0000b' }, 'invalid_request'],
      [
        'a silent sign-in by a hint that is no ID token',
        { id_token_hint: 'e30.e30.e30', prompt: 'none' },
        'login_required'
      ],
      ['a thumbprint that is none', { dpop_jkt: 'x' }, 'invalid_request']
    ])('%s is %s, with state and iss', async (_, change, error) => {
      const { status, to, parameters } = await begin(change as Parameters)
      expect({ status, to }).toEqual({ status: 303, to: redirectUri })
      const { error_description: description, ...others } = parameters
      expect(others).toEqual({ error, state: 'the state', iss: fixture.issuer })
      expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    })

    test('the issuer itself is no resource of an app, even where it is registered as an audience', async () => {
      const own = await newApp(fixture, { audiences: [fixture.issuer, thingsApi] })
      expect((await begin({ resource: fixture.issuer }, own)).parameters.error).toBe('invalid_target')
    })

    test('a client without the grant gets an error that says so', async () => {
      const own = await newApp(fixture)
      const sql = "UPDATE clients SET grant_types = '{refresh_token}' WHERE id = $1"
      await query(fixture.database.url, sql, [own.clientId])
      expect((await begin({}, own)).parameters.error).toBe('unauthorized_client')
    })

    test('unknown parameters and claims are ignored, and one without a value counts as absent', async () => {
      const sent = await begin({ claims: '{"id_token":{}}', unknown: 'x', prompt: '', display: 'popup' })
      expect(sent.to).toBe(`${pagesUrl}/authorize`)
    })

    test('a state of 4096 characters comes back, and a longer one is refused without it', async () => {
      const state = 'ü&=+ %"<'.repeat(512)
      expect((await begin({ response_type: 'token', state })).parameters.state).toBe(state)
      const { parameters } = await begin({ state: 'x'.repeat(4097) })
      expect(parameters).toEqual({
        error: 'invalid_request',
        error_description: expect.any(String),
        iss: fixture.issuer
      })
    })

    test('by form_post they are in a page that sends itself, escaped', async () => {
      const state = `"><script>alert(1)</script>`
      const url = `${fixture.issuer}/oauth/authorize?${queryOf(app.newRequest({ response_mode: 'form_post', response_type: 'token', state }).parameters)}`
      const response = await fetch(url, { redirect: 'manual' })
      const page = await response.text()
      expect(response.status).toBe(200)
      expect(page).toContain(`action="${redirectUri}"`)
      expect(page).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"')
      expect(response.headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'")
      expect(response.headers.get('Content-Security-Policy')).toMatch(/script-src 'sha256-/)
    })
  })

  test('has headers that keep it out of frames, caches and referrers', async () => {
    const { headers } = await begin()
    expect(headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(headers.get('Access-Control-Allow-Origin')).toBeNull()
    const [cookie = ''] = headers.getSetCookie()
    expect(cookie).toMatch(/^countersign-browser-\d+=[\w-]{43}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/)
  })

  describe('what the page learns', () => {
    test('who asks, before anybody is signed in', async () => {
      const own = await newApp(fixture, { logo_uri: 'https://app.example.com/logo.png' })
      const changes = { login_hint: 'alice', ui_locales: 'de en', prompt: 'login' }
      const id = await newBrowser().beginWell(own.newRequest(changes).parameters)
      const { status, body } = await show(id)
      expect(status).toBe(200)
      expect(body).toEqual({
        client: {
          client_id: own.clientId,
          name: 'The app',
          logo_uri: 'https://app.example.com/logo.png',
          policy_uri: null,
          tos_uri: null
        },
        redirect_host: 'app.example.com',
        login_hint: 'alice',
        ui_locales: ['de', 'en'],
        prompt: ['login'],
        complete_url: `${fixture.issuer}/oauth/authorize/complete?request=${id}`,
        expires_in: expect.any(Number)
      })
    })

    test('nothing of a request that is unknown, expired or used', async () => {
      expect((await show('x'.repeat(43))).status).toBe(404)
      expect((await show('x')).status).toBe(404)
      const id = await newBrowser().beginWell(app.newRequest().parameters)
      await query(fixture.database.url, 'UPDATE authorization_requests SET expires_at = now() WHERE login_hint IS NULL')
      expect((await show(id)).status).toBe(404)
      expect((await newBrowser().claim(id, token)).status).toBe(404)
    })

    test('what the user allows, in the words of the API', async () => {
      const scope = 'openid profile offline_access things:read things:write'
      const id = await newBrowser().beginWell(app.newRequest({ scope }).parameters)
      const { body } = await newBrowser().claim(id, token)
      expect(body.next).toBe('consent')
      expect(body.scopes.map((one) => [one.scope, one.api, one.api_name])).toEqual([
        ['openid', null, null],
        ['profile', null, null],
        ['offline_access', null, null],
        ['things:read', thingsApi, 'Things']
      ])
    })
  })

  describe('consent', () => {
    test('is remembered, for these scopes and this API: more asks again', async () => {
      const own = await newUserToken()
      await app.authorize(own, { scope: 'openid profile' })
      const nextOf = async (changes: Parameters, of = app) => {
        const browser = newBrowser()
        return (await browser.claim(await browser.beginWell(of.newRequest(changes).parameters), own)).body.next
      }
      expect(await nextOf({ scope: 'openid' })).toBe('complete')
      expect(await nextOf({ scope: 'openid profile' })).toBe('complete')
      expect(await nextOf({ scope: 'openid profile email' })).toBe('consent')
      expect(await nextOf({ scope: 'openid things:read' })).toBe('consent')
      expect(await nextOf({ scope: 'openid profile', prompt: 'consent' })).toBe('consent')
      expect(await nextOf({ scope: 'openid profile', prompt: 'select_account' })).toBe('choose_account')
      expect(await nextOf({ scope: 'openid email', prompt: 'select_account' })).toBe('consent')
      expect(await nextOf({ scope: 'openid profile' }, await newApp(fixture))).toBe('consent')
    })

    test('a first-party client needs none', async () => {
      const own = await newApp(fixture, { first_party: true })
      const id = await newBrowser().beginWell(own.newRequest({ scope: 'openid profile things:read' }).parameters)
      expect((await newBrowser().claim(id, token)).body.next).toBe('complete')
      const tokens = await own.tokensOf(token, 'openid')
      expect(tokens.refresh_token).toEqual(expect.any(String))
    })

    test('covers what was shown: a scope that the user is given meanwhile is not in the token', async () => {
      const user = await register(fixture.issuer)
      const own = (await signIn(fixture.issuer, user)).access_token
      const browser = newBrowser()
      const { parameters, exchangeOf } = app.newRequest({ scope: 'openid things:read things:write' })
      const id = await browser.beginWell(parameters)
      expect((await browser.claim(id, own)).body.scopes).toHaveLength(2)
      await query(fixture.database.url, "INSERT INTO roles (name) VALUES ('writer') ON CONFLICT DO NOTHING")
      await query(
        fixture.database.url,
        "INSERT INTO role_scopes VALUES ('writer', $1, 'things:write') ON CONFLICT DO NOTHING",
        [thingsApi]
      )
      await query(fixture.database.url, "UPDATE users SET roles = '{writer}' WHERE id = $1", [user.id])
      const { complete_url: url } = (await browser.decide(id, own, 'allow')).body
      const { body } = await exchangeCode(fixture.issuer, exchangeOf((await browser.open(url)).parameters.code))
      expect(body.scope).toBe('openid things:read')
    })

    test('the client gets access_denied when the user refuses or cancels', async () => {
      const browser = newBrowser()
      const id = await browser.beginWell(app.newRequest().parameters)
      await browser.claim(id, token)
      const { complete_url: url } = (await browser.decide(id, token, 'deny')).body
      const { to, parameters } = await browser.open(url)
      expect(to).toBe(redirectUri)
      expect(parameters).toMatchObject({ error: 'access_denied', state: 'the state', iss: fixture.issuer })
      const other = await browser.beginWell(app.newRequest().parameters)
      const cancelled = await browser.open(`${fixture.issuer}/oauth/authorize/complete?request=${other}&cancel=1`)
      expect(cancelled.parameters.error).toBe('access_denied')
      expect((await show(other)).status).toBe(404)
    })

    test('none of the scopes is the user’s: the client gets an error that says so', async () => {
      const browser = newBrowser()
      const id = await browser.beginWell(app.newRequest({ scope: 'openid things:write' }).parameters)
      await browser.claim(id, await newUserToken())
      const claimed = await browser.claim(id, await newUserToken())
      expect(claimed.status).toBe(409)
      const own = await newUserToken()
      const { sent } = await app.authorize(own, { scope: 'openid things:write' })
      expect(sent.error).toBe('invalid_scope')
    })
  })

  test('what cannot end well asks the user nothing, and nothing is remembered', async () => {
    const [own, other] = [await newUserToken(), await newUserToken()]
    const { id_token: hint } = await app.tokensOf(other, 'openid')
    for (const [changes, error] of [
      [{ scope: 'openid things:write' }, 'invalid_scope'],
      [{ id_token_hint: hint }, 'login_required'],
      [{ acr_values: 'urn:countersign:acr:2' }, 'unmet_authentication_requirements']
    ] as const) {
      const browser = newBrowser()
      const id = await browser.beginWell(app.newRequest(changes).parameters)
      expect((await browser.claim(id, own)).body.next).toBe('complete')
      const { complete_url: url } = (await browser.decide(id, own, 'allow')).body
      expect((await browser.open(url)).parameters.error).toBe(error)
      const { body } = await get<{ apps: object[] }>(`${fixture.issuer}/auth/me/apps`, own)
      expect(body.apps).toEqual([])
    }
  })

  describe('whose request it is', () => {
    test('the first user keeps it, and may let it go', async () => {
      const browser = newBrowser()
      const id = await browser.beginWell(app.newRequest().parameters)
      expect((await browser.claim(id, token)).status).toBe(200)
      const other = await newUserToken()
      expect(await browser.claim(id, other)).toMatchObject({ status: 409, body: { error: 'request_taken' } })
      expect((await browser.decide(id, other, 'allow')).status).toBe(409)
      const url = `${fixture.issuer}/auth/authorization-requests/${id}/claim`
      const release = (by: string) => send(url, { method: 'DELETE', headers: { Authorization: `Bearer ${by}` } })
      expect((await release(other)).status).toBe(409)
      expect((await release(token)).status).toBe(204)
      expect((await browser.claim(id, other)).status).toBe(200)
    })

    test('it is of one session: another one of the user, which may lack what the claim asked for, decides nothing', async () => {
      const [attacker, victim] = [newBrowser(), newBrowser()]
      const user = await register(fixture.issuer)
      const stolen = (await signIn(fixture.issuer, user)).access_token
      const id = await attacker.beginWell(app.newRequest({ prompt: 'login' }).parameters)
      expect((await attacker.claim(id, stolen)).status).toBe(401)
      const fresh = (await signIn(fixture.issuer, user)).access_token
      expect((await victim.claim(id, fresh)).status).toBe(200)
      const url = `${fixture.issuer}/auth/authorization-requests/${id}/claim`
      const released = await send(url, { method: 'DELETE', headers: { Authorization: `Bearer ${stolen}` } })
      expect(released).toMatchObject({ status: 409, body: { error: 'request_taken' } })
      for (const decision of ['allow', 'deny'] as const) {
        expect(await attacker.decide(id, stolen, decision)).toMatchObject({
          status: 409,
          body: { error: 'request_taken' }
        })
      }
      expect((await victim.decide(id, fresh, 'allow')).status).toBe(200)
    })

    test('a session that has expired decides nothing, even while its access token is valid', async () => {
      const own = await newUserToken()
      const browser = newBrowser()
      const id = await browser.beginWell(app.newRequest().parameters)
      expect((await browser.claim(id, own)).status).toBe(200)
      const { sid } = unverifiedClaims(own)
      await query(fixture.database.url, 'UPDATE refresh_token_families SET idle_expires_at = now() WHERE id = $1', [
        sid
      ])
      expect((await browser.decide(id, own, 'allow')).status).toBe(403)
    })

    test('a ticket that comes from another browser is void, and so is the claim', async () => {
      const [attacker, victim] = [newBrowser(), newBrowser()]
      const id = await attacker.beginWell(app.newRequest().parameters)
      await victim.claim(id, token)
      const { complete_url: url } = (await victim.decide(id, token, 'allow')).body
      expect((await victim.open(url)).parameters.error).toBe('other_browser')
      expect(await attacker.open(url)).toMatchObject({ to: `${pagesUrl}/authorize`, parameters: { request: id } })
      expect((await attacker.claim(id, await newUserToken())).status).toBe(200)
    })

    test('HEAD uses nothing up', async () => {
      const browser = newBrowser()
      const { parameters } = app.newRequest()
      const id = await browser.beginWell(parameters)
      await browser.claim(id, token)
      const { complete_url: url } = (await browser.decide(id, token, 'allow')).body
      for (const at of [url, `${fixture.issuer}/oauth/authorize?${queryOf(parameters)}`]) {
        const { status, headers } = await browser.open(at, { method: 'HEAD' })
        expect(status).toBe(405)
        expect(headers.get('Allow')).toContain('GET')
        expect(headers.get('Set-Cookie')).toBeNull()
      }
      expect((await browser.open(url)).parameters.code).toEqual(expect.any(String))
    })

    test('it ends only in the browser that began it: a victim who opens the link gets the error page', async () => {
      const [attacker, victim] = [newBrowser(), newBrowser()]
      const id = await attacker.beginWell(app.newRequest().parameters)
      const { body } = await victim.claim(id, token)
      const { complete_url: url } = (await victim.decide(id, token, 'allow')).body
      for (const at of [url, body.complete_url]) {
        expect(await victim.open(at)).toMatchObject({ to: errorPage, parameters: { error: 'other_browser' } })
      }
      await victim.beginWell(app.newRequest().parameters)
      expect((await victim.open(url)).to).toBe(errorPage)
    })

    test('it ends only in the browser in which the user is signed in: the attacker who began it gets no code', async () => {
      const [attacker, victim] = [newBrowser(), newBrowser()]
      const id = await attacker.beginWell(app.newRequest().parameters)
      const claimed = await victim.claim(id, token)
      await victim.decide(id, token, 'allow')
      const at = `${fixture.issuer}/oauth/authorize/complete?request=${id}`
      for (const ticket of ['', `&ticket=${'x'.repeat(43)}`, `&${claimed.body.complete_url.split('&')[1]}`]) {
        const { to, parameters } = await attacker.open(at + ticket)
        expect(to).toBe(`${pagesUrl}/authorize`)
        expect(parameters.code).toBeUndefined()
      }
    })

    test('an undecided one goes back to the page, and a used one nowhere', async () => {
      const browser = newBrowser()
      const own = await newUserToken()
      const { parameters } = app.newRequest()
      const id = await browser.beginWell(parameters)
      const { body } = await browser.claim(id, own)
      expect(await browser.open(body.complete_url)).toMatchObject({
        to: `${pagesUrl}/authorize`,
        parameters: { request: id }
      })
      const { complete_url: url } = (await browser.decide(id, own, 'allow')).body
      expect((await browser.open(url)).parameters.code).toEqual(expect.any(String))
      expect(await browser.open(url)).toMatchObject({ to: errorPage, parameters: { error: 'request_over' } })
    })

    test('two tabs do not disturb each other', async () => {
      const browser = newBrowser()
      const ids = [
        await browser.beginWell(app.newRequest().parameters),
        await browser.beginWell(app.newRequest().parameters)
      ]
      for (const id of ids) {
        await browser.claim(id, token)
        const { complete_url: url } = (await browser.decide(id, token, 'allow')).body
        expect((await browser.open(url)).parameters.code).toEqual(expect.any(String))
      }
    })

    test('a client that has lost the redirect URI meanwhile gets no response', async () => {
      const own = await newApp(fixture)
      const browser = newBrowser()
      const id = await browser.beginWell(own.newRequest().parameters)
      await browser.claim(id, token)
      const { complete_url: url } = (await browser.decide(id, token, 'allow')).body
      await query(fixture.database.url, "UPDATE clients SET redirect_uris = '{https://b.example.com/}' WHERE id = $1", [
        own.clientId
      ])
      expect((await browser.open(url)).to).toBe(errorPage)
    })
  })

  describe('prompt=none', () => {
    const silently = async (by: string | undefined, changes: Parameters = {}) => {
      const browser = newBrowser()
      const id = await browser.beginWell(app.newRequest({ prompt: 'none', ...changes }).parameters)
      const claimed = by === undefined ? undefined : await browser.claim(id, by)
      const url = claimed?.body.complete_url ?? `${fixture.issuer}/oauth/authorize/complete?request=${id}`
      return (await browser.open(url)).parameters
    }

    test('nobody is signed in: login_required', async () => {
      expect(await silently(undefined)).toMatchObject({
        error: 'login_required',
        state: 'the state',
        iss: fixture.issuer
      })
    })

    test('without consent: consent_required; with it a code', async () => {
      const own = await newUserToken()
      expect((await silently(own)).error).toBe('consent_required')
      await app.authorize(own)
      expect((await silently(own)).code).toEqual(expect.any(String))
    })

    test('a newer sign-in is needed: login_required', async () => {
      const own = await newUserToken()
      await app.authorize(own)
      expect((await silently(own, { max_age: '0' })).error).toBe('login_required')
    })

    test('another user than that of the hint: login_required', async () => {
      const [one, other] = [await newUserToken(), await newUserToken()]
      const { id_token: hint } = await app.tokensOf(one, 'openid')
      await app.authorize(other)
      expect((await silently(one, { id_token_hint: hint })).code).toEqual(expect.any(String))
      expect((await silently(other, { id_token_hint: hint })).error).toBe('login_required')
      const foreign = (await (await newApp(fixture)).tokensOf(one, 'openid')).id_token
      for (const unknown of [foreign, one]) {
        expect((await begin({ id_token_hint: unknown, prompt: 'none' })).parameters.error).toBe('login_required')
      }
    })

    test('with the page, a hint whose key is gone counts as absent', async () => {
      const { sent } = await app.authorize(token, { id_token_hint: 'e30.e30.e30' })
      expect(sent.code).toEqual(expect.any(String))
    })
  })

  describe('how recently and how strongly the user has signed in', () => {
    test.each([
      ['prompt=login', { prompt: 'login' }, 'max_age="0"'],
      ['max_age=0', { max_age: '0' }, 'max_age="0"'],
      ['max_age', { max_age: '1' }, 'max_age="1"']
    ])('%s wants a newer sign-in, and is content with it', async (_, changes, challenge) => {
      const user = await register(fixture.issuer)
      const old = (await signIn(fixture.issuer, user)).access_token
      const sql = "UPDATE refresh_token_families SET authenticated_at = now() - interval '1 minute' WHERE user_id = $1"
      await query(fixture.database.url, sql, [user.id])
      const browser = newBrowser()
      const id = await browser.beginWell(app.newRequest(changes).parameters)
      const { status, headers, body } = await browser.claim(id, old)
      expect({ status, error: body.error }).toEqual({ status: 401, error: 'insufficient_user_authentication' })
      expect(headers.get('WWW-Authenticate')).toContain(challenge)
      expect((await browser.claim(id, (await signIn(fixture.issuer, user)).access_token)).status).toBe(200)
    })

    test('acr_values that the user cannot meet: unmet_authentication_requirements', async () => {
      const { sent } = await app.authorize(token, { acr_values: 'urn:countersign:acr:2' })
      expect(sent.error).toBe('unmet_authentication_requirements')
      const both = 'urn:countersign:acr:2 urn:countersign:acr:1'
      expect((await app.authorize(token, { acr_values: both })).sent.code).toEqual(expect.any(String))
    })

    test('a passkey is enough for acr_values, max_age and a second factor, and the ID token says so', async () => {
      const user = await register(fixture.issuer)
      const own = (await signIn(fixture.issuer, user)).access_token
      const authenticator = createAuthenticator(new URL(pagesUrl).origin)
      const ask = async <Options>(path: string, asking?: string) =>
        (await post<{ options: Options }>(`${fixture.issuer}${path}/options`, undefined, asking)).body.options
      const made = authenticator.register(await ask('/auth/me/passkeys', own))
      const body = { name: 'laptop', credential: made.response }
      expect((await post(`${fixture.issuer}/auth/me/passkeys`, body, own)).status).toBe(201)
      const credential = made.credential.assert(await ask('/auth/login/passkey'))
      const session = await post<{ access_token: string }>(`${fixture.issuer}/auth/login/passkey`, { credential })
      const changes = { acr_values: 'urn:countersign:acr:2', max_age: '60' }
      // The session of before has shown a password alone.
      const browser = newBrowser()
      const id = await browser.beginWell(app.newRequest(changes).parameters)
      const refused = await browser.claim(id, own)
      expect(refused.status).toBe(401)
      expect(refused.headers.get('WWW-Authenticate')).toContain('acr_values="urn:countersign:acr:2"')
      const { id_token } = await app.tokensOf(session.body.access_token, 'openid', changes)
      expect(unverifiedClaims(id_token as string)).toMatchObject({
        sub: user.id,
        acr: 'urn:countersign:acr:2',
        amr: ['pop', 'user', 'mfa'],
        auth_time: expect.any(Number)
      })
    })

    test('a user with a second factor has to have shown it', async () => {
      const user = await register(fixture.issuer)
      const own = (await signIn(fixture.issuer, user)).access_token
      const sql = "INSERT INTO totp_factors (user_id, sealed_seed, last_step) VALUES ($1, '\\x00', 0)"
      await query(fixture.database.url, sql, [user.id])
      const browser = newBrowser()
      const id = await browser.beginWell(app.newRequest().parameters)
      const { status, headers } = await browser.claim(id, own)
      expect(status).toBe(401)
      expect(headers.get('WWW-Authenticate')).toContain('acr_values="urn:countersign:acr:2"')
    })
  })

  describe('other ways to begin', () => {
    test('by POST: pushed, so that the cookie of the browser is not replaced', async () => {
      const browser = newBrowser()
      await browser.beginWell(app.newRequest().parameters)
      const cookies = new Map(browser.cookies)
      const { parameters } = app.newRequest()
      const form = {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: '' },
        body: queryOf(parameters)
      }
      const { status, to, parameters: sent } = await browser.open(`${fixture.issuer}/oauth/authorize`, form)
      expect({ status, to }).toEqual({ status: 303, to: `${fixture.issuer}/oauth/authorize` })
      expect(Object.keys(sent)).toEqual(['client_id', 'request_uri'])
      const begun = await browser.open(`${to}?${new URLSearchParams(sent)}`)
      expect(begun.to).toBe(`${pagesUrl}/authorize`)
      expect(browser.cookies).toEqual(cookies)
    })

    test('by POST errors go the same ways', async () => {
      const form = (parameters: Parameters) => ({
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: queryOf(parameters)
      })
      const at = `${fixture.issuer}/oauth/authorize`
      expect((await newBrowser().open(at, form({ client_id: 'nobody' }))).to).toBe(errorPage)
      const wrong = await newBrowser().open(at, form(app.newRequest({ response_type: 'token' }).parameters))
      expect(wrong).toMatchObject({ to: redirectUri, parameters: { error: 'unsupported_response_type' } })
      const { parameters } = app.newRequest()
      const twice = await newBrowser().open(at, form({ ...parameters, scope: ['openid', 'openid'] }))
      expect(twice).toMatchObject({ to: redirectUri, parameters: { error: 'invalid_request' } })
      const two = await newBrowser().open(at, form({ ...parameters, client_id: [app.clientId, 'nobody'] }))
      expect(two).toMatchObject({ to: errorPage, parameters: { error: 'invalid_request' } })
    })

    const push = (parameters: Parameters, headers?: Record<string, string>) =>
      postForm(`${fixture.issuer}/oauth/par`, parameters, headers)

    test('by a pushed request, once, and only for its own client', async () => {
      const own = await newApp(fixture, { token_endpoint_auth_method: 'client_secret_basic' })
      const { parameters, exchangeOf } = own.newRequest()
      const secret = basic(own.clientId, own.client_secret)
      expect((await push(parameters)).body.error).toBe('invalid_client')
      const { status, body } = await push(parameters, secret)
      expect({ status, body }).toEqual({
        status: 201,
        body: { request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:[\w-]{43}$/), expires_in: 90 }
      })
      const named = { request_uri: body.request_uri as string }
      const browser = newBrowser()
      expect((await browser.begin({ client_id: app.clientId, ...named })).to).toBe(errorPage)
      const sent = await browser.authorize({ client_id: own.clientId, ...named }, token)
      expect((await exchangeCode(fixture.issuer, exchangeOf(sent.code), secret)).status).toBe(200)
      expect((await browser.begin({ client_id: own.clientId, ...named })).to).toBe(errorPage)
    })

    test('the page does not know a pushed request before its browser', async () => {
      const { body } = await push(app.newRequest().parameters)
      const id = String(body.request_uri).split(':').at(-1) as string
      expect((await show(id)).status).toBe(404)
    })

    test.each([
      ['a redirect URI that is not registered', { redirect_uri: 'https://evil.test/' }, 'invalid_request'],
      ['a request_uri', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }, 'request_uri_not_supported'],
      ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      ['a foreign resource', { resource: 'https://other.example.com' }, 'invalid_target']
    ])('a pushed request with %s is %s', async (_, change, error) => {
      const { status, body } = await push(app.newRequest(change).parameters)
      expect({ status, error: body.error }).toEqual({ status: 400, error })
    })

    test('the assertion of a client may name the endpoint of pushed requests there, and nowhere else', async () => {
      const key = await makeClientKey()
      const jwks = { keys: [key.publicJwk] }
      const own = await newApp(fixture, { token_endpoint_auth_method: 'private_key_jwt', jwks })
      const audience = `${fixture.issuer}/oauth/par`
      const { parameters } = own.newRequest()
      const assertion = () => clientAssertion(key, { clientId: own.clientId, audience })
      expect((await push({ ...parameters, ...(await assertion()) })).status).toBe(201)
      const exchanged = await exchangeCode(fixture.issuer, { client_id: own.clientId, ...(await assertion()) })
      expect(exchanged.body.error).toBe('invalid_client')
    })

    test('a proof with a pushed request binds the code to its key', async () => {
      const key = await makeClientKey()
      const { parameters, exchangeOf } = app.newRequest()
      const DPoP = await dpopProof(key, { url: `${fixture.issuer}/oauth/par` })
      const { body } = await push(parameters, { DPoP })
      const named = { client_id: app.clientId, request_uri: body.request_uri as string }
      const { code } = await newBrowser().authorize(named, token)
      expect((await exchangeCode(fixture.issuer, exchangeOf(code))).body.error).toBe('invalid_grant')
      const proof = { DPoP: await dpopProof(key, { url: `${fixture.issuer}/oauth/token` }) }
      expect((await exchangeCode(fixture.issuer, exchangeOf(code), proof)).body.token_type).toBe('DPoP')
      const other = { dpop_jkt: (await makeClientKey()).publicJwk.kid as string }
      const again = { DPoP: await dpopProof(key, { url: `${fixture.issuer}/oauth/par` }) }
      expect((await push(app.newRequest(other).parameters, again)).body.error).toBe('invalid_request')
    })
  })

  test.skipIf(!inject('docker'))(
    'past the limit of the address the client gets an error; one that authenticates itself goes on',
    async () => {
      const redis = createClient({ url: redisUrl as string })
      await redis.connect()
      try {
        const key = (await redis.keys('*:attempts:authorization_requests:*'))[0] as string
        const used = (await redis.get(key)) as string
        await redis.set(key, 5000, { expiration: 'KEEPTTL' })
        expect(await begin({ prompt: 'none' })).toMatchObject({
          to: redirectUri,
          parameters: { error: 'temporarily_unavailable', state: 'the state', iss: fixture.issuer }
        })
        const own = await newApp(fixture, { token_endpoint_auth_method: 'client_secret_basic' })
        const push = (of: typeof app, headers?: Record<string, string>) =>
          postForm(`${fixture.issuer}/oauth/par`, of.newRequest().parameters, headers)
        expect((await push(app)).status).toBe(429)
        expect((await push(own, basic(own.clientId, own.client_secret))).status).toBe(201)
        await redis.set(key, used, { expiration: 'KEEPTTL' })
      } finally {
        await redis.close()
      }
    }
  )

  test('both metadata documents list what is supported', async () => {
    const documents = await Promise.all(
      ['openid-configuration', 'oauth-authorization-server'].map((name) =>
        send(`${fixture.issuer}/.well-known/${name}`, {})
      )
    )
    expect(documents[0]?.body).toEqual(documents[1]?.body)
    expect(documents[0]?.body).toMatchObject({
      authorization_endpoint: `${fixture.issuer}/oauth/authorize`,
      pushed_authorization_request_endpoint: `${fixture.issuer}/oauth/par`,
      userinfo_endpoint: `${fixture.issuer}/oauth/userinfo`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true
    })
  })
})
