import {
  basic,
  type CodeTokens,
  clientAssertion,
  createAuthorizingBrowser,
  exchangeCode,
  makeClientKey,
  type Parameters,
  post,
  postForm,
  query,
  register,
  send,
  signIn
} from '@countersign/testing/trio'
import { createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newApp, redirectUri } from '../integration/fixtures/app.ts'
import { type Fixture, startFixture } from './fixture.ts'

/**
 * What the test modules of the OpenID Foundation's suite check, under their names, with requests of our own: the suite itself does
 * not run here. docs/standards.md has the list, with those that do not apply.
 */
describe('the modules of the OpenID Foundation', () => {
  let fixture: Fixture
  let user: Awaited<ReturnType<typeof register>>
  let token: string
  let app: Awaited<ReturnType<typeof newApp>>
  let metadata: Record<string, unknown>
  let keys: ReturnType<typeof createRemoteJWKSet>
  const confidential = { token_endpoint_auth_method: 'client_secret_basic', require_pkce: false }
  const pages = 'https://pages.example.com'

  beforeAll(async () => {
    fixture = await startFixture({ env: { PAGES_URL: pages } })
    user = await register(fixture.issuer)
    token = (await signIn(fixture.issuer, user)).access_token
    app = await newApp(fixture, confidential)
    metadata = (await send(`${fixture.issuer}/.well-known/openid-configuration`, {})).body as typeof metadata
    keys = createRemoteJWKSet(new URL(metadata.jwks_uri as string))
  })
  afterAll(() => fixture?.stop())

  /** A request without PKCE, as the suite sends it. */
  const requestOf = (changes: Parameters = {}, of = app) => ({
    client_id: of.clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: 'the state',
    nonce: 'the nonce',
    ...changes
  })
  const newBrowser = () => createAuthorizingBrowser(fixture.issuer)
  const authorize = (changes: Parameters = {}, of = app) => newBrowser().authorize(requestOf(changes, of), token)
  const exchange = (code: string | undefined, changes: Parameters = {}, of = app) =>
    exchangeCode(fixture.issuer, { code, redirect_uri: redirectUri, ...changes }, basic(of.clientId, of.client_secret))
  const verify = async (tokens: CodeTokens, audience = app.clientId): Promise<JWTPayload> =>
    (await jwtVerify(tokens.id_token ?? '', keys, { issuer: fixture.issuer, audience, algorithms: ['RS256'] })).payload
  /** The whole way. */
  const flow = async (changes: Parameters = {}, of = app) => {
    const sent = await authorize(changes, of)
    expect(sent).toEqual({ code: expect.any(String), state: 'the state', iss: fixture.issuer })
    const redirect_uri = changes.redirect_uri ?? redirectUri
    const { status, body } = await exchange(sent.code, { redirect_uri }, of)
    expect(status, JSON.stringify(body)).toBe(200)
    return { tokens: body, claims: await verify(body, of.clientId) }
  }
  const userinfo = (accessToken: string, init: RequestInit = {}) =>
    send(`${fixture.issuer}/oauth/userinfo`, { ...init, headers: { Authorization: `Bearer ${accessToken}` } })
  const age = () =>
    query(
      fixture.database.url,
      "UPDATE refresh_token_families SET authenticated_at = now() - interval '1 minute' WHERE user_id = $1",
      [user.id]
    )
  const claimOf = async (changes: Parameters) => {
    const browser = newBrowser()
    const id = await browser.beginWell(requestOf(changes))
    return { browser, id, claimed: await browser.claim(id, token) }
  }

  describe.each(['query', 'form_post'])('basic, by response_mode=%s', (response_mode) => {
    test('oidcc-server', async () => {
      const { claims } = await flow({ response_mode })
      expect(claims).toMatchObject({ sub: user.id, nonce: 'the nonce', aud: app.clientId })
    })
    test('oidcc-response-type-missing', async () => {
      const { to, parameters } = await newBrowser().begin(requestOf({ response_mode, response_type: undefined }))
      expect({ to, ...parameters }).toMatchObject({ to: redirectUri, error: 'invalid_request', state: 'the state' })
    })
    test('oidcc-idtoken-signature', async () => {
      const { tokens } = await flow({ response_mode })
      expect(decodeProtectedHeader(tokens.id_token ?? '')).toMatchObject({ alg: 'RS256', kid: expect.any(String) })
      const [header, payload, signature = ''] = (tokens.id_token ?? '').split('.')
      const other = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
      await expect(verify({ ...tokens, id_token: other })).rejects.toThrow('signature')
    })
    test('oidcc-userinfo-get', async () => {
      const { tokens, claims } = await flow({ response_mode })
      expect(await userinfo(tokens.access_token)).toMatchObject({ status: 200, body: { sub: claims.sub } })
    })
    test('oidcc-userinfo-post-header', async () => {
      const { tokens, claims } = await flow({ response_mode })
      const shown = await userinfo(tokens.access_token, { method: 'POST' })
      expect(shown).toMatchObject({ status: 200, body: { sub: claims.sub } })
    })
    test('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async () => {
      expect((await flow({ response_mode, nonce: undefined })).claims.nonce).toBeUndefined()
    })
    test('oidcc-scope-profile', async () => {
      const { tokens } = await flow({ response_mode, scope: 'openid profile' })
      const { body } = await userinfo(tokens.access_token)
      expect(body).toEqual({ sub: user.id, name: user.username, preferred_username: user.username })
    })
    test('oidcc-scope-email', async () => {
      const sql =
        'UPDATE users SET email = $2::text, email_key = $2::text, email_verified_at = now() WHERE id = $1 AND email IS NULL'
      await query(fixture.database.url, sql, [user.id, `${user.username}@example.com`])
      const { tokens } = await flow({ response_mode, scope: 'openid email' })
      const { body } = await userinfo(tokens.access_token)
      expect(body).toEqual({ sub: user.id, email: `${user.username}@example.com`, email_verified: true })
    })
    test('oidcc-scope-all', async () => {
      const { tokens } = await flow({ response_mode, scope: 'openid profile email address phone' })
      expect(tokens.scope).toBe('openid profile email')
    })
    test('oidcc-alternate-happy-flow', async () => {
      const other = 'https://app.example.com/other'
      const own = await newApp(fixture, { ...confidential, redirect_uris: [redirectUri, other] })
      const { claims } = await flow({ response_mode, redirect_uri: other }, own)
      expect(claims.sub).toBe(user.id)
    })
    test.each([
      ['oidcc-display-page', { display: 'page' }],
      ['oidcc-display-popup', { display: 'popup' }],
      ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
      ['oidcc-login-hint', { login_hint: 'buffy@example.com' }],
      ['oidcc-ui-locales', { ui_locales: 'sv' }],
      ['oidcc-claims-locales', { claims_locales: 'sv' }],
      ['oidcc-max-age-10000', { max_age: '10000' }]
    ])('%s', async (_, changes) => {
      expect((await flow({ response_mode, ...changes })).claims).toMatchObject({ auth_time: expect.any(Number) })
    })
    test('oidcc-prompt-login', async () => {
      const before = (await flow({ response_mode })).claims.auth_time as number
      await age()
      const { browser, id, claimed } = await claimOf({ response_mode, prompt: 'login' })
      expect(claimed.status).toBe(401)
      token = (await signIn(fixture.issuer, user)).access_token
      const { complete_url } = (await browser.claim(id, token)).body
      const { code } = (await browser.open(complete_url)).parameters
      const again = await verify((await exchange(code)).body)
      expect(again.auth_time).toBeGreaterThanOrEqual(before)
    })
    test('oidcc-prompt-none-not-logged-in', async () => {
      const browser = newBrowser()
      const id = await browser.beginWell(requestOf({ response_mode, prompt: 'none' }))
      const { parameters } = await browser.open(`${fixture.issuer}/oauth/authorize/complete?request=${id}`)
      expect(parameters).toMatchObject({ error: 'login_required', state: 'the state' })
    })
    test('oidcc-prompt-none-logged-in', async () => {
      const first = (await flow({ response_mode })).claims
      const { browser, claimed } = await claimOf({ response_mode, prompt: 'none' })
      const { code } = (await browser.open(claimed.body.complete_url)).parameters
      const second = await verify((await exchange(code)).body)
      expect(second).toMatchObject({ sub: first.sub, auth_time: first.auth_time })
    })
    test('oidcc-max-age-1', async () => {
      await age()
      const { browser, id, claimed } = await claimOf({ response_mode, max_age: '1' })
      expect(claimed.status).toBe(401)
      token = (await signIn(fixture.issuer, user)).access_token
      const { code } = (await browser.open((await browser.claim(id, token)).body.complete_url)).parameters
      const { auth_time } = await verify((await exchange(code)).body)
      expect(Date.now() / 1000 - (auth_time as number)).toBeLessThan(30)
    })
    test('oidcc-id-token-hint', async () => {
      const { tokens, claims } = await flow({ response_mode })
      const { browser, claimed } = await claimOf({ response_mode, prompt: 'none', id_token_hint: tokens.id_token })
      const { code } = (await browser.open(claimed.body.complete_url)).parameters
      expect((await verify((await exchange(code)).body)).sub).toBe(claims.sub)
    })
    test('oidcc-ensure-request-with-acr-values-succeeds', async () => {
      const { claims } = await flow({ response_mode, acr_values: 'urn:countersign:acr:1' })
      expect(claims.acr).toBe('urn:countersign:acr:1')
    })
    test('oidcc-codereuse', async () => {
      const { code } = await authorize({ response_mode })
      const { body } = await exchange(code)
      expect(await exchange(code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      expect((await userinfo(body.access_token)).status).toBe(401)
    })
    test('oidcc-codereuse-30seconds', async () => {
      const { code } = await authorize({ response_mode })
      const { body } = await exchange(code)
      const sql = "UPDATE authorization_codes SET used_at = used_at - interval '31 seconds' WHERE user_id = $1"
      await query(fixture.database.url, sql, [user.id])
      expect(await exchange(code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      expect((await userinfo(body.access_token)).status).toBe(401)
    })
    test('oidcc-ensure-registered-redirect-uri', async () => {
      const { to } = await newBrowser().begin(requestOf({ response_mode, redirect_uri: `${redirectUri}/other` }))
      expect(to).toBe(`${pages}/authorize/error`)
    })
    test('oidcc-ensure-post-request-succeeds', async () => {
      const browser = newBrowser()
      const form = new URLSearchParams(Object.entries(requestOf({ response_mode })) as [string, string][])
      const sent = await browser.open(`${fixture.issuer}/oauth/authorize`, { method: 'POST', body: form })
      const { to, parameters } = await browser.open(`${sent.to}?${new URLSearchParams(sent.parameters)}`)
      expect(to).toBe(`${pages}/authorize`)
      const claimed = await browser.claim(parameters.request as string, token)
      const { code } = (await browser.open(claimed.body.complete_url)).parameters
      expect((await exchange(code)).status).toBe(200)
    })
    test('oidcc-server-client-secret-post', async () => {
      const own = await newApp(fixture, { ...confidential, token_endpoint_auth_method: 'client_secret_post' })
      const { code } = await authorize({ response_mode }, own)
      const credentials = { client_id: own.clientId, client_secret: own.client_secret }
      const { status } = await exchangeCode(fixture.issuer, { code, redirect_uri: redirectUri, ...credentials })
      expect(status).toBe(200)
    })
    const unsigned = new UnsecuredJWT({ response_type: 'code', scope: 'openid' }).encode()
    test.each([
      [
        'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported',
        { request_uri: 'https://app.example.com/request.jwt' },
        'request_uri_not_supported'
      ],
      [
        'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported',
        { request: unsigned },
        'request_not_supported'
      ],
      ['oidcc-ensure-request-object-with-redirect-uri', { request: unsigned }, 'request_not_supported']
    ])('%s', async (_, changes, error) => {
      const { to, parameters } = await newBrowser().begin(requestOf({ response_mode, ...changes }))
      expect({ to, error: parameters.error }).toEqual({ to: redirectUri, error })
    })
    test('oidcc-refresh-token', async () => {
      const { tokens, claims } = await flow({ response_mode, scope: 'openid offline_access' })
      const { status, body } = await postForm<CodeTokens>(
        `${fixture.issuer}/oauth/token`,
        { grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
        basic(app.clientId, app.client_secret)
      )
      expect(status).toBe(200)
      const { iss, sub, aud, auth_time } = claims
      expect(await verify(body)).toMatchObject({ iss, sub, aud, auth_time })
      const stranger = await newApp(fixture, confidential)
      const stolen = await postForm(
        `${fixture.issuer}/oauth/token`,
        { grant_type: 'refresh_token', refresh_token: body.refresh_token },
        basic(stranger.clientId, stranger.client_secret)
      )
      expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    })
    test('oidcc-ensure-request-with-valid-pkce-succeeds', async () => {
      const { parameters, exchangeOf } = app.newRequest({ response_mode })
      const { code } = await newBrowser().authorize(parameters, token)
      const { code_verifier } = exchangeOf(code)
      expect((await exchange(code, { code_verifier })).status).toBe(200)
    })
  })

  test('oidcc-discovery-endpoint-verification', () => {
    const at = (path: string) => `${fixture.issuer}${path}`
    expect(metadata).toMatchObject({
      issuer: fixture.issuer,
      authorization_endpoint: at('/oauth/authorize'),
      token_endpoint: at('/oauth/token'),
      userinfo_endpoint: at('/oauth/userinfo'),
      jwks_uri: at('/.well-known/jwks.json'),
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'form_post'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      claims_parameter_supported: false,
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
      scopes_supported: expect.arrayContaining(['openid'])
    })
  })

  describe('dynamic, with clients that an admin has registered', () => {
    test('oidcc-idtoken-rs256', async () => {
      const { tokens } = await flow()
      expect(decodeProtectedHeader(tokens.id_token ?? '').alg).toBe('RS256')
    })
    test('oidcc-ensure-redirect-uri-in-authorization-request', async () => {
      expect((await newBrowser().begin(requestOf({ redirect_uri: undefined }))).to).toBe(`${pages}/authorize/error`)
    })
    test('oidcc-redirect-uri-query-OK', async () => {
      const withQuery = `${redirectUri}?foo=bar`
      const own = await newApp(fixture, { ...confidential, redirect_uris: [withQuery] })
      const sent = await authorize({ redirect_uri: withQuery }, own)
      expect(sent).toMatchObject({ foo: 'bar', code: expect.any(String) })
    })
    test.each([
      ['oidcc-redirect-uri-query-mismatch', `${redirectUri}?foo=bar`, `${redirectUri}?foo=other`],
      ['oidcc-redirect-uri-query-added', redirectUri, `${redirectUri}?foo=bar`]
    ])('%s', async (_, registered, asked) => {
      const own = await newApp(fixture, { ...confidential, redirect_uris: [registered] })
      const { to } = await newBrowser().begin(requestOf({ redirect_uri: asked }, own))
      expect(to).toBe(`${pages}/authorize/error`)
    })
    test('oidcc-redirect-uri-regfrag', async () => {
      const client = { ...confidential, client_id: 'with-fragment', name: 'App', redirect_uris: [`${redirectUri}#foo`] }
      const members = { ...client, grant_types: ['authorization_code'] }
      const { status, body } = await post(`${fixture.issuer}/admin/clients`, members, await fixture.signInAdmin())
      expect({ status, text: JSON.stringify(body) }).toMatchObject({
        status: 400,
        text: expect.stringContaining('fragment')
      })
    })
    test.each([
      ['oidcc-registration-logo-uri', 'logo_uri'],
      ['oidcc-registration-policy-uri', 'policy_uri'],
      ['oidcc-registration-tos-uri', 'tos_uri']
    ])('%s', async (_, member) => {
      const own = await newApp(fixture, { ...confidential, [member]: 'https://app.example.com/shown' })
      const id = await newBrowser().beginWell(requestOf({}, own))
      const { body } = await send<{ client: Record<string, string> }>(
        `${fixture.issuer}/auth/authorization-requests/${id}`,
        {}
      )
      expect(body.client[member]).toBe('https://app.example.com/shown')
    })
    test('oidcc-ensure-client-assertion-with-iss-aud-succeeds', async () => {
      const key = await makeClientKey()
      const own = await newApp(fixture, {
        token_endpoint_auth_method: 'private_key_jwt',
        require_pkce: false,
        jwks: { keys: [key.publicJwk] }
      })
      const { code } = await authorize({}, own)
      const assertion = await clientAssertion(key, { clientId: own.clientId, audience: fixture.issuer })
      const { status } = await exchangeCode(fixture.issuer, { code, redirect_uri: redirectUri, ...assertion })
      expect(status).toBe(200)
    })
    test('oidcc-refresh-token-rp-key-rotation', async () => {
      const [old, next] = [await makeClientKey(), await makeClientKey()]
      const own = await newApp(fixture, {
        token_endpoint_auth_method: 'private_key_jwt',
        require_pkce: false,
        jwks: { keys: [old.publicJwk] }
      })
      const { code } = await authorize({ scope: 'openid offline_access' }, own)
      const sign = (key: typeof old) => clientAssertion(key, { clientId: own.clientId, audience: fixture.issuer })
      const { body } = await exchangeCode(fixture.issuer, { code, redirect_uri: redirectUri, ...(await sign(old)) })
      const changed = await fetch(`${fixture.issuer}/admin/clients/${own.clientId}`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${await fixture.signInAdmin()}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ jwks: { keys: [old.publicJwk, next.publicJwk] } })
      })
      expect(changed.status).toBe(200)
      const refresh = { grant_type: 'refresh_token', refresh_token: body.refresh_token }
      const refreshed = await postForm(`${fixture.issuer}/oauth/token`, { ...refresh, ...(await sign(next)) })
      expect(refreshed.status, JSON.stringify(refreshed.body)).toBe(200)
    })
  })
})
