import { randomUUID } from 'node:crypto'
import {
  type CodeTokens,
  createAuthorizingBrowser,
  get,
  type Parameters,
  post,
  query,
  register,
  send,
  signIn,
  unverifiedClaims
} from '@countersign/testing/trio'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../interop/fixture.ts'
import { newApp } from './fixtures/app.ts'
import { type LogoutReceiver, startLogoutReceiver } from './fixtures/logout-receiver.ts'

const pages = 'https://pages.example.com'
const signedOut = 'https://app.example.com/signed-out'
const withQuery = 'https://app.example.com/signed-out?from=issuer'

interface LogoutRequest {
  client: { client_id: string; name: string } | null
  session_id: string | null
  user_id: string | null
  return_host: string | null
  is_return_refused: boolean
  ui_locales: string[]
  complete_url: string
}

describe('logout for an app', () => {
  let fixture: Fixture
  let receiver: LogoutReceiver
  let app: Awaited<ReturnType<typeof newApp>>
  let other: Awaited<ReturnType<typeof newApp>>

  beforeAll(async () => {
    fixture = await startFixture({ env: { PAGES_URL: pages } })
    receiver = await startLogoutReceiver()
    app = await newApp(fixture, {
      post_logout_redirect_uris: [signedOut, withQuery],
      backchannel_logout_uri: receiver.uri
    })
    other = await newApp(fixture, { post_logout_redirect_uris: ['https://other.example.com/'] })
  })
  afterAll(async () => {
    await receiver?.stop()
    await fixture?.stop()
  })

  async function newSession(scope = 'openid') {
    const user = await register(fixture.issuer)
    const token = (await signIn(fixture.issuer, user)).access_token
    const tokens = await app.tokensOf(token, scope)
    return { user, token, tokens, hint: tokens.id_token as string }
  }
  const newBrowser = () => createAuthorizingBrowser(fixture.issuer)
  const show = async (id: string | undefined) =>
    (await get<LogoutRequest>(`${fixture.issuer}/auth/logout-requests/${id}`)).body
  /** What the page learns of a request. */
  async function begin(parameters: Parameters, browser = newBrowser()) {
    const sent = await browser.beginLogout(parameters)
    expect(sent, JSON.stringify(sent.parameters)).toMatchObject({ status: 303, to: `${pages}/sign-out` })
    expect(Object.keys(sent.parameters)).toEqual(['request'])
    return { id: sent.parameters.request as string, browser, request: await show(sent.parameters.request) }
  }
  /** Expects the page with an error, and nothing that was kept. */
  async function expectError(parameters: Parameters | string, error: string) {
    const before = await countRequests()
    const asked = typeof parameters === 'string' ? parameters : undefined
    const browser = newBrowser()
    const sent = await (asked === undefined
      ? browser.beginLogout(parameters as Parameters)
      : browser.open(`${fixture.issuer}/oauth/logout?${asked}`))
    expect(sent).toMatchObject({ status: 303, to: `${pages}/sign-out`, parameters: { error } })
    expect(sent.parameters.request).toBeUndefined()
    expect(await countRequests()).toBe(before)
  }
  const countRequests = async () => (await query(fixture.database.url, 'SELECT 1 FROM logout_requests')).length
  const sidOf = (token: string) => unverifiedClaims(token).sid
  const isSignedIn = async (token: string) => (await get(`${fixture.issuer}/auth/me`, token)).status === 200
  const userinfo = async (tokens: CodeTokens) =>
    (await send(`${fixture.issuer}/oauth/userinfo`, { headers: { Authorization: `Bearer ${tokens.access_token}` } }))
      .status
  /** A token of the issuer's own key that is no more than nearly an ID token. */
  const forge = (claims: object, header: object = {}) =>
    fixture.signAsIssuer(
      { aud: app.clientId, client_id: undefined, scope: undefined, roles: undefined, ...claims },
      { typ: 'JWT', ...header }
    )

  describe('as the modules of the OpenID Foundation ask for it', () => {
    test('oidcc-rp-initiated-logout-discovery-endpoint-verification: the metadata names the endpoint', async () => {
      const { body } = await get(`${fixture.issuer}/.well-known/openid-configuration`)
      expect(body).toMatchObject({
        end_session_endpoint: `${fixture.issuer}/oauth/logout`,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true
      })
    })

    test('oidcc-rp-initiated-logout: the session ends, with those of apps, and the browser goes to the app with its state', async () => {
      const { user, token, tokens, hint } = await newSession()
      const { request, browser } = await begin({
        id_token_hint: hint,
        post_logout_redirect_uri: signedOut,
        state: 'a b&c'
      })
      expect(request).toEqual({
        client: expect.objectContaining({ client_id: app.clientId, name: 'The app' }),
        session_id: sidOf(token),
        user_id: user.id,
        return_host: 'app.example.com',
        is_return_refused: false,
        ui_locales: [],
        complete_url: expect.stringContaining(`${fixture.issuer}/oauth/logout/complete?request=`)
      })
      expect(await isSignedIn(token)).toBe(true)
      await post(`${fixture.issuer}/auth/logout`, undefined, token)
      const sent = await browser.open(request.complete_url)
      expect(sent).toMatchObject({ status: 303, to: signedOut, parameters: { state: 'a b&c' } })
      expect(sent.headers.get('Location')).toBe(`${signedOut}?state=a+b%26c`)
      expect(await isSignedIn(token)).toBe(false)
      expect(await userinfo(tokens)).toBe(401)
    })

    test('oidcc-rp-initiated-logout-bad-post-logout-redirect-uri: the browser stays on the page', async () => {
      const { token, hint } = await newSession()
      const { request, browser } = await begin({
        id_token_hint: hint,
        post_logout_redirect_uri: 'https://evil.example.com/'
      })
      expect(request).toMatchObject({ return_host: null, is_return_refused: true })
      await post(`${fixture.issuer}/auth/logout`, undefined, token)
      expect(await browser.open(request.complete_url)).toMatchObject({ to: `${pages}/sign-out`, parameters: {} })
    })

    test('oidcc-rp-initiated-logout-modified-id-token-hint: an error, and nobody is signed out', async () => {
      const { token, hint } = await newSession()
      const [header, payload, signature = ''] = hint.split('.')
      const other = signature.startsWith('A') ? 'B' : 'A'
      await expectError(
        { id_token_hint: `${header}.${payload}.${other}${signature.slice(1)}`, post_logout_redirect_uri: signedOut },
        'invalid_request'
      )
      expect(await isSignedIn(token)).toBe(true)
    })

    test('oidcc-rp-initiated-logout-no-id-token-hint: the user is asked, and goes back by the client_id', async () => {
      const { request } = await begin({ client_id: app.clientId, post_logout_redirect_uri: signedOut, state: '1' })
      expect(request).toMatchObject({ session_id: null, return_host: 'app.example.com' })
      const { request: unnamed } = await begin({ post_logout_redirect_uri: signedOut })
      expect(unnamed).toMatchObject({ client: null, session_id: null, return_host: null, is_return_refused: true })
    })

    test('oidcc-rp-initiated-logout-no-params: the user is asked', async () => {
      const { request } = await begin({})
      expect(request).toMatchObject({ client: null, session_id: null, return_host: null, is_return_refused: false })
    })

    test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri: the browser stays on the page', async () => {
      const { token, hint } = await newSession()
      const { request, browser } = await begin({ id_token_hint: hint, state: '1' })
      expect(request).toMatchObject({ session_id: sidOf(token), return_host: null, is_return_refused: false })
      await post(`${fixture.issuer}/auth/logout`, undefined, token)
      expect(await browser.open(request.complete_url)).toMatchObject({ to: `${pages}/sign-out`, parameters: {} })
    })

    test('oidcc-rp-initiated-logout-no-state: the address is that of the app, letter by letter', async () => {
      const { token, hint } = await newSession()
      const sent = await newBrowser().logout({ id_token_hint: hint, post_logout_redirect_uri: withQuery }, token)
      expect(sent.headers.get('Location')).toBe(withQuery)
    })

    test('oidcc-rp-initiated-logout-only-state: the user is asked, and goes nowhere with it', async () => {
      const { request, browser } = await begin({ state: 'lonely' })
      expect(request).toMatchObject({ client: null, return_host: null })
      expect(await browser.open(request.complete_url)).toMatchObject({ to: `${pages}/sign-out`, parameters: {} })
    })

    test('oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri: the browser stays on the page', async () => {
      const { hint } = await newSession()
      const { request } = await begin({ id_token_hint: hint, post_logout_redirect_uri: `${signedOut}?foo=bar` })
      expect(request).toMatchObject({ return_host: null, is_return_refused: true })
    })

    test('oidcc-rp-initiated-logout-bad-id-token-hint: an error', async () => {
      await expectError({ id_token_hint: 'bad', post_logout_redirect_uri: signedOut }, 'invalid_request')
    })

    test('oidcc-backchannel-rp-initiated-logout: the app that began it is notified, too', async () => {
      const { token, hint } = await newSession()
      const { sid } = unverifiedClaims(hint)
      await newBrowser().logout({ id_token_hint: hint, post_logout_redirect_uri: signedOut }, token)
      await expect.poll(() => receiver.received.map((one) => unverifiedClaims(one.token).sid)).toContain(sid)
    })
  })

  describe('a hint', () => {
    test('that has expired is accepted', async () => {
      const { user, token, tokens } = await newSession()
      const now = Math.floor(Date.now() / 1000)
      const hint = await forge({ sub: user.id, sid: sidOf(tokens.access_token), iat: now - 7200, exp: now - 3600 })
      const { request } = await begin({ id_token_hint: hint, post_logout_redirect_uri: signedOut })
      expect(request).toMatchObject({ session_id: sidOf(token), return_host: 'app.example.com' })
    })

    test('of another client than client_id is an error', async () => {
      const { hint } = await newSession()
      await expectError({ id_token_hint: hint, client_id: other.clientId }, 'invalid_request')
    })

    test('goes nowhere but to the addresses of its own client', async () => {
      const { hint } = await newSession()
      const { request } = await begin({ id_token_hint: hint, post_logout_redirect_uri: 'https://other.example.com/' })
      expect(request).toMatchObject({ client: { client_id: app.clientId }, return_host: null })
    })

    test('names the session of the browser that it comes from, so that in another one the user is asked', async () => {
      const one = await newSession()
      const { session_id: named } = (await begin({ id_token_hint: one.hint })).request
      expect(named).toBe(sidOf(one.token))
      const again = (await signIn(fixture.issuer, one.user)).access_token
      expect(named).not.toBe(sidOf(again))
    })

    test('of a session of the app that is not known any more names its user alone', async () => {
      const { user, hint, tokens } = await newSession()
      await query(fixture.database.url, 'DELETE FROM refresh_token_families WHERE id = $1', [
        sidOf(tokens.access_token)
      ])
      expect((await begin({ id_token_hint: hint })).request).toMatchObject({ session_id: null, user_id: user.id })
    })

    test.each<[string, () => Promise<string> | string]>([
      ['of another issuer', () => forge({ iss: 'https://other.example.com' })],
      ['that is an access token', async () => (await newSession()).token],
      ['that is an access token of the app', async () => (await newSession()).tokens.access_token],
      ['that is a logout token', () => forge({ events: {} }, { typ: 'logout+jwt' })],
      ['without a type', () => forge({}, { typ: undefined })],
      ['without a user', () => forge({ sub: undefined })],
      ['for several clients', () => forge({ aud: [app.clientId, other.clientId] })],
      ['without a signature', () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode({ iss: fixture.issuer })}.`],
      [
        'that is signed by the secret of a client',
        async () =>
          new SignJWT({ sub: randomUUID() })
            .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
            .setIssuer(fixture.issuer)
            .setAudience(app.clientId)
            .sign(Buffer.alloc(32))
      ]
    ])('%s is an error', async (_, make) => {
      await expectError({ id_token_hint: await make(), post_logout_redirect_uri: signedOut }, 'invalid_request')
    })

    test('of a key that is not known any more counts as absent: the user is asked', async () => {
      const { user } = await newSession()
      const hint = await forge({ sub: user.id }, { kid: 'gone' })
      const { request } = await begin({ id_token_hint: hint, post_logout_redirect_uri: signedOut })
      expect(request).toMatchObject({ client: null, session_id: null, return_host: null })
      const named = await begin({ id_token_hint: hint, client_id: app.clientId, post_logout_redirect_uri: signedOut })
      expect(named.request).toMatchObject({ session_id: null, return_host: 'app.example.com' })
    })

    test('of a key that has retired is accepted', async () => {
      const { token, hint } = await newSession()
      await query(fixture.database.url, "UPDATE signing_keys SET created_at = created_at - interval '1 day'")
      const rotated = await send(`${fixture.issuer}/admin/keys/rotate`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${await fixture.signInAdmin()}` }
      })
      expect(rotated.status, JSON.stringify(rotated.body)).toBe(200)
      expect((await begin({ id_token_hint: hint })).request.session_id).toBe(sidOf(token))
    })
  })

  describe('post_logout_redirect_uri', () => {
    test.each([
      'https://app.example.com/signed-out/',
      'https://app.example.com/signed-out#x',
      'https://APP.example.com/signed-out',
      'https://app.example.com:443/signed-out',
      'https://app.example.com/x/../signed-out',
      'https://app.example.com/signed-out%2f',
      'https://app.example.com@evil.example.com/signed-out',
      'https://app.example.com.evil.example.com/signed-out',
      'https://evil.example.com\\@app.example.com/signed-out',
      'http://app.example.com/signed-out',
      '//app.example.com/signed-out',
      'https://app.example.com/callback',
      'javascript:alert(1)',
      'https://app.example.com/signed-out?from=issuer&more=1'
    ])('%s is not that of the app', async (uri) => {
      const { request } = await begin({ client_id: app.clientId, post_logout_redirect_uri: uri })
      expect(request).toMatchObject({ return_host: null, is_return_refused: true })
    })

    test('that the app has lost meanwhile leads nowhere', async () => {
      const own = await newApp(fixture, { post_logout_redirect_uris: [signedOut] })
      const { request, browser } = await begin({ client_id: own.clientId, post_logout_redirect_uri: signedOut })
      await send(`${fixture.issuer}/admin/clients/${own.clientId}`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${await fixture.signInAdmin()}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ post_logout_redirect_uris: [] })
      })
      expect(await browser.open(request.complete_url)).toMatchObject({ to: `${pages}/sign-out` })
    })
  })

  describe('a request', () => {
    test('ends once, in the browser that began it', async () => {
      const { request, browser } = await begin({ client_id: app.clientId, post_logout_redirect_uri: signedOut })
      const elsewhere = newBrowser()
      await elsewhere.beginLogout({})
      for (const stranger of [elsewhere, newBrowser()]) {
        expect(await stranger.open(request.complete_url)).toMatchObject({
          to: `${pages}/sign-out`,
          parameters: { error: 'request_over' }
        })
      }
      expect((await browser.open(request.complete_url)).to).toBe(signedOut)
      expect((await browser.open(request.complete_url)).parameters.error).toBe('request_over')
    })

    test('is over after ten minutes', async () => {
      const { id, request, browser } = await begin({ client_id: app.clientId, post_logout_redirect_uri: signedOut })
      await query(fixture.database.url, "UPDATE logout_requests SET expires_at = expires_at - interval '10 minutes'")
      expect((await get(`${fixture.issuer}/auth/logout-requests/${id}`)).status).toBe(404)
      expect((await browser.open(request.complete_url)).parameters.error).toBe('request_over')
    })

    test('changes nothing by itself: who is signed in stays so', async () => {
      const { token, hint } = await newSession()
      const { request, browser } = await begin({ id_token_hint: hint, post_logout_redirect_uri: signedOut })
      await browser.open(request.complete_url)
      expect(await isSignedIn(token)).toBe(true)
    })

    test('by a form is the same: its browser is named by the redirect after it', async () => {
      const { token, hint } = await newSession()
      const browser = newBrowser()
      const form = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: signedOut, state: '1' })
      const posted = await browser.open(`${fixture.issuer}/oauth/logout`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: form.toString()
      })
      expect(posted).toMatchObject({ status: 303, to: `${fixture.issuer}/oauth/logout` })
      expect(browser.cookies.size).toBe(0)
      // It is not shown before its browser is named, and its first name is valid once.
      expect((await get(`${fixture.issuer}/auth/logout-requests/${posted.parameters.request}`)).status).toBe(404)
      const sent = await browser.open(posted.headers.get('Location') as string)
      expect(sent).toMatchObject({ status: 303, to: `${pages}/sign-out` })
      expect((await browser.open(posted.headers.get('Location') as string)).parameters.error).toBe('request_over')
      const request = await show(sent.parameters.request)
      expect(request).toMatchObject({ session_id: sidOf(token), return_host: 'app.example.com' })
      expect((await browser.open(request.complete_url)).headers.get('Location')).toBe(`${signedOut}?state=1`)
    })

    test.each(['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales'])(
      'with %s twice is an error, by query and by form',
      async (name) => {
        const twice = `client_id=${app.clientId}&${name}=a&${name}=b`
        await expectError(twice, 'invalid_request')
        const posted = await newBrowser().open(`${fixture.issuer}/oauth/logout`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
          body: twice
        })
        expect(posted).toMatchObject({ status: 303, to: `${pages}/sign-out`, parameters: { error: 'invalid_request' } })
      }
    )

    test.each<[string, Parameters, string]>([
      ['an unknown client', { client_id: 'nobody' }, 'invalid_client'],
      ['a client_id that is none', { client_id: '../admin' }, 'invalid_client'],
      ['a state that is too long', { state: 'x'.repeat(4097) }, 'invalid_request'],
      ['a state with a line break', { state: 'a\r\nSet-Cookie: x' }, 'invalid_request'],
      ['a hint that is too long', { id_token_hint: 'x'.repeat(8193) }, 'invalid_request'],
      ['an address that is too long', { post_logout_redirect_uri: `https://${'x'.repeat(1024)}` }, 'invalid_request']
    ])('with %s is an error', (_, parameters, error) => expectError(parameters, error))

    test('keeps the languages that the app suggests, and ignores what is unknown', async () => {
      const { request } = await begin({ ui_locales: 'de-AT en <b>', logout_hint: 'alice', unknown: '1' })
      expect(request.ui_locales).toEqual(['de-AT', 'en'])
    })

    test('by HEAD is refused, and uses nothing up', async () => {
      const { request, browser } = await begin({ client_id: app.clientId, post_logout_redirect_uri: signedOut })
      const before = await countRequests()
      for (const url of [`${fixture.issuer}/oauth/logout`, request.complete_url])
        expect((await browser.open(url, { method: 'HEAD' })).status).toBe(405)
      expect(await countRequests()).toBe(before)
      expect((await browser.open(request.complete_url)).to).toBe(signedOut)
    })

    test('is nothing for scripts of other sites: no CORS, no frame, no referrer, no cache', async () => {
      const { headers } = await newBrowser().open(`${fixture.issuer}/oauth/logout`, {
        headers: { Origin: 'https://evil.example.com' }
      })
      expect(headers.get('Access-Control-Allow-Origin')).toBeNull()
      expect(headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('Referrer-Policy')).toBe('no-referrer')
      expect(headers.get('Cache-Control')).toBe('no-store')
    })
  })
})

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
