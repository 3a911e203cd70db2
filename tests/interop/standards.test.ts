import { randomUUID } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import type { TokenResponse } from '@countersign/oauth'
import {
  type ApiResponse,
  accessTokenUrn,
  ageSessions,
  basic,
  burstSeconds,
  type ClientKey,
  clientAssertion,
  dpopProof,
  get,
  makeClientKey,
  post,
  postForm,
  query,
  register,
  send,
  signIn,
  tokenExchange,
  unverifiedClaims
} from '@countersign/testing/trio'
import { decodeProtectedHeader, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, signInWithProof, startFixture } from './fixture.ts'

/** RFC 6749 §5.2, RFC 6750 §3: what an error and its description are made of. */
const allowedText = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
const grant = { grant_type: 'client_credentials' }
const now = () => Math.floor(Date.now() / 1000)

type Form = Record<string, string | string[]> | string
type Body = Record<string, string>
type AssertionOptions = Parameters<typeof clientAssertion>[1]

describe('what the standards demand', () => {
  let fixture: Fixture
  let client: Record<string, unknown> & { client_id: string; client_secret: string }
  /** An API that may introspect and exchange what is for it. */
  let api: typeof client
  let key: ClientKey
  let keyClientId: string

  beforeAll(async () => {
    fixture = await startFixture()
    client = await fixture.newClient()
    api = await fixture.newClient({
      grant_types: ['client_credentials', tokenExchange],
      scopes: ['account'],
      resources: [fixture.audience],
      may_act_for: ['countersign']
    })
    key = await makeClientKey()
    const method = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.publicJwk] } }
    keyClientId = (await fixture.newClient(method)).client_id
  })
  afterAll(async () => {
    await fixture?.stop()
  })

  const as = ({ client_id: id, client_secret: secret } = client) => basic(id, secret)
  const token = (parameters: Form, headers: Record<string, string> = as()) =>
    postForm<Body>(`${fixture.issuer}/oauth/token`, parameters, headers)
  const introspect = async (presented: string, hint?: string) => {
    const parameters = { token: presented, ...(hint === undefined ? {} : { token_type_hint: hint }) }
    return (await postForm(`${fixture.issuer}/oauth/introspect`, parameters, as(api))).body
  }
  const newUser = () => register(fixture.issuer)
  const newSession = async () => signIn(fixture.issuer, await newUser())
  const refreshGrant = (refreshToken: string, parameters: Record<string, string> = {}) => ({
    grant_type: 'refresh_token',
    client_id: 'countersign',
    refresh_token: refreshToken,
    ...parameters
  })
  const expectRefusal = ({ status, body }: ApiResponse<unknown>, expected: number, error: string) =>
    expect({ status, body }).toMatchObject({ status: expected, body: { error } })
  const challengeOf = ({ headers }: { headers: Headers }) => headers.get('WWW-Authenticate') as string

  describe('of requests to the token endpoint (RFC 6749 §2.3, §3.2)', () => {
    test('a parameter without a value counts as omitted', async () => {
      const response = await token({ ...grant, scope: '', resource: '', client_assertion: '', client_secret: '' })
      expect(response).toMatchObject({ status: 200, body: { scope: 'jobs:read jobs:write' } })
      expectRefusal(await token({ grant_type: '' }), 400, 'invalid_request')
    })

    test('a parameter that is not known is ignored', async () => {
      expect((await token({ ...grant, username: 'x', constructor: 'x', toString: 'x' })).status).toBe(200)
    })

    test.each(['grant_type', 'scope', 'client_id', 'unknown'])(
      'a parameter %s that appears twice is refused',
      async (name) => {
        const form = `${new URLSearchParams(grant)}&scope=jobs:read&client_id=${client.client_id}&unknown=1`
        expect((await token(form)).status).toBe(200)
        expectRefusal(await token(`${form}&${name}=x`), 400, 'invalid_request')
      }
    )

    test('parameters in the request URI are ignored', async () => {
      const { client_id: id, client_secret: secret } = client
      const uri = (parameters: object) => `${fixture.issuer}/oauth/token?${new URLSearchParams({ ...parameters })}`
      expectRefusal(await postForm(uri(grant), {}, as()), 400, 'invalid_request')
      const credentials = { client_id: id, client_secret: secret }
      expectRefusal(await postForm(uri({ ...grant, ...credentials }), grant), 401, 'invalid_client')
    })

    test('the token endpoint accepts only POST', async () => {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        const response = await send(`${fixture.issuer}/oauth/token?grant_type=client_credentials`, {
          method,
          headers: as()
        })
        expectRefusal(response, 405, 'method_not_allowed')
        // Pages of other origins ask before they send.
        expect(response.headers.get('Allow')).toBe('POST, OPTIONS')
      }
    })

    test('a client secret holds 256 random bits, so that it cannot be guessed', async () => {
      const secrets = [client.client_secret, api.client_secret, (await fixture.newClient()).client_secret]
      for (const secret of secrets) expect(secret).toMatch(/^css_[\w-]{43}$/)
      expect(new Set(secrets).size).toBe(3)
    })

    test('a confidential client that does not authenticate itself is refused at every endpoint', async () => {
      const { refresh_token: refreshToken } = await newSession()
      for (const [path, parameters] of [
        ['token', grant],
        ['token', { grant_type: 'refresh_token', refresh_token: refreshToken }],
        ['token', { grant_type: tokenExchange, subject_token: 'x', subject_token_type: accessTokenUrn }],
        ['revoke', { token: refreshToken }],
        ['introspect', { token: refreshToken }]
      ] as const) {
        const url = `${fixture.issuer}/oauth/${path}`
        expectRefusal(await postForm(url, { ...parameters, client_id: client.client_id }), 401, 'invalid_client')
      }
    })

    test('a public client gets no token by client credentials', async () => {
      expectRefusal(await token({ ...grant, client_id: 'countersign' }, {}), 400, 'unauthorized_client')
      const asPublic = { token_endpoint_auth_method: 'none', grant_types: ['client_credentials'] }
      await expect(fixture.newClient(asPublic)).rejects.toThrow('does not authenticate itself')
    })

    test.each(['password', 'urn:ietf:params:oauth:grant-type:device_code', 'implicit'])(
      'the grant %s is not supported',
      async (name) => {
        const parameters = { grant_type: name, username: 'admin', password: 'x', code: 'x' }
        expectRefusal(await token(parameters), 400, 'unsupported_grant_type')
      }
    )
  })

  describe('of responses of the token endpoint (RFC 6749 §5)', () => {
    test('a response with a token has the members of RFC 6749 §5.1, and names the scope', async () => {
      const response = await token({ ...grant, scope: 'jobs:write' })
      expect(response.headers.get('Content-Type')).toMatch(/^application\/json(; charset=utf-8)?$/)
      expect(response.status).toBe(200)
      expect(response.body).toEqual({
        access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        token_type: 'Bearer',
        expires_in: 600,
        scope: 'jobs:write'
      })
      const withoutScopes = await fixture.newClient({ scopes: [] })
      expect((await token(grant, as(withoutScopes))).body).not.toHaveProperty('scope')
    })

    test('every response with a token or a secret forbids caches to keep it', async () => {
      const admin = await fixture.signInAdmin()
      const user = await newUser()
      const login = await post<TokenResponse>(`${fixture.issuer}/auth/login`, {
        username: user.username,
        password: user.password
      })
      const { access_token: subjectToken, refresh_token: refreshToken } = login.body
      const registered = await post<typeof client>(
        `${fixture.issuer}/admin/clients`,
        {
          client_id: `client-${randomUUID()}`,
          token_endpoint_auth_method: 'client_secret_basic',
          grant_types: [],
          resources: [fixture.audience]
        },
        admin
      )
      const exchange = { grant_type: tokenExchange, subject_token: subjectToken, subject_token_type: accessTokenUrn }
      const refreshed = await token(refreshGrant(refreshToken), {})
      const responses = {
        login,
        registered,
        refreshed,
        'client credentials': await token(grant),
        exchange: await token(exchange, as(api)),
        'refresh by JSON': await post(`${fixture.issuer}/auth/refresh`, {
          refresh_token: refreshed.body.refresh_token
        }),
        secret: await post(`${fixture.issuer}/admin/clients/${registered.body.client_id}/secrets`, undefined, admin)
      }
      for (const [name, { status, headers }] of Object.entries(responses)) {
        expect({
          name,
          isGood: status < 300,
          cacheControl: headers.get('Cache-Control'),
          pragma: headers.get('Pragma')
        }).toEqual({ name, isGood: true, cacheControl: 'no-store', pragma: 'no-cache' })
      }
    })

    test('an error is a code and a sentence of the allowed characters, with 400 unless it is another status', async () => {
      const { refresh_token: refreshToken } = await newSession()
      const refused = {
        invalid_request: [token({}), token('grant_type=%zz'), token({ ...grant, scope: 'x'.repeat(3000) })],
        invalid_client: [token(grant, {}), token(grant, basic('nobody', 'x'))],
        invalid_grant: [token(refreshGrant('csr1.x'), {}), token(refreshGrant(`${refreshToken.slice(0, -1)}~`), {})],
        unauthorized_client: [token({ grant_type: 'refresh_token' })],
        unsupported_grant_type: [token({ grant_type: 'a"b\\c' })],
        invalid_scope: [token({ ...grant, scope: 'a"b' }), token({ ...grant, scope: 'käse' })],
        invalid_target: [token({ ...grant, resource: 'https://"' })],
        invalid_dpop_proof: [token(grant, { ...as(), DPoP: 'x' })]
      }
      for (const [error, responses] of Object.entries(refused)) {
        for (const response of await Promise.all(responses)) {
          expectRefusal(response, error === 'invalid_client' ? 401 : 400, error)
          expect(response.headers.get('Content-Type')).toMatch(/^application\/json/)
          expect(response.headers.get('Cache-Control')).toBe('no-store')
          expect(response.body.error_description).toMatch(allowedText)
        }
      }
    })

    test('a client that fails to authenticate by the Authorization header gets 401 and the challenge of its scheme', async () => {
      for (const path of ['token', 'revoke', 'introspect']) {
        const url = `${fixture.issuer}/oauth/${path}`
        const response = await postForm(url, { ...grant, token: 'x' }, basic(client.client_id, 'wrong'))
        expectRefusal(response, 401, 'invalid_client')
        expect(challengeOf(response)).toMatch(/^Basic realm="[^"]+"$/)
      }
    })
  })

  describe('of refreshing (RFC 6749 §6)', () => {
    test('a reduced scope applies only to the access token: the refresh token keeps the granted scope', async () => {
      const user = await newUser()
      const { refresh_token: first } = await signIn(fixture.issuer, user)
      await query(
        fixture.database.url,
        `WITH api AS (INSERT INTO apis (identifier, id, name) VALUES ('urn:r', gen_random_uuid(), 'R')),
          role AS (INSERT INTO roles (name) VALUES ('reporter')),
          scopes AS (INSERT INTO api_scopes VALUES ('urn:r', 'reports', 'Reports'), ('urn:r', 'summaries', 'Summaries')),
          held AS (INSERT INTO role_scopes VALUES ('reporter', 'urn:r', 'reports'), ('reporter', 'urn:r', 'summaries'))
         UPDATE users SET roles = '{reporter}' WHERE id = $1`,
        [user.id]
      )
      const less = await token(refreshGrant(first, { resource: 'urn:r', scope: 'reports' }), {})
      expect(less.body.scope).toBe('reports')
      expect(unverifiedClaims(less.body.access_token as string).scope).toBe('reports')
      const all = await token(refreshGrant(less.body.refresh_token as string, { resource: 'urn:r' }), {})
      expect(all.body.scope).toBe('reports summaries')
      const more = await token(refreshGrant(all.body.refresh_token as string, { scope: 'admin' }), {})
      expectRefusal(more, 400, 'invalid_scope')
    })
  })

  describe('of protected resources (RFC 6750 §3, RFC 9449 §7, RFC 9728 §5)', () => {
    const resources = () => ({ api: `${fixture.audience}/me`, issuer: `${fixture.issuer}/auth/me` })

    test('the API challenges a request without a token with schemes that have parameters, and without an error code', async () => {
      const response = await get(resources().api)
      expect(response.status).toBe(401)
      expect(challengeOf(response)).toMatch(/^Bearer \w+="[^"]*".*, DPoP algs="[^"]+"/)
      expect(challengeOf(response)).not.toContain('error=')
    })

    test('the issuer challenges a request without a token with schemes that have parameters, and without an error code', async () => {
      const response = await get(resources().issuer)
      expect(response.status).toBe(401)
      expect(challengeOf(response)).toMatch(/^Bearer \w+="[^"]*".*, DPoP algs="[^"]+"/)
      expect(challengeOf(response)).not.toContain('error=')
    })

    test('an invalid token gets 401 invalid_token, described in characters that RFC 6750 allows', async () => {
      for (const url of Object.values(resources())) {
        const response = await get(url, 'bad')
        expectRefusal(response, 401, 'invalid_token')
        const [, code, sentence] =
          /^Bearer error="([^"]*)", error_description="([^"]*)"/.exec(challengeOf(response)) ?? []
        expect(code).toBe('invalid_token')
        expect(sentence).toMatch(allowedText)
      }
    })

    test('a token that is bound to a key is refused as a bearer token', async () => {
      const { access_token: bound } = await signInWithProof(fixture, await newUser(), key)
      for (const url of Object.values(resources())) {
        const response = await get(url, bound)
        expectRefusal(response, 401, 'invalid_token')
        expect(challengeOf(response)).toMatch(/^DPoP .*algs="/)
        const proof = await dpopProof(key, { method: 'GET', url, accessToken: bound })
        const headers = { Authorization: `DPoP ${bound}`, DPoP: proof }
        expect((await send(url, { headers })).status).toBe(200)
        // RFC 9449 §4.3: each proof is for one request.
        expectRefusal(await send(url, { headers }), 401, 'invalid_dpop_proof')
      }
    })

    test('a request with a proof of another key, or for another token, is rejected', async () => {
      const user = await newUser()
      const [one, two] = [await signInWithProof(fixture, user, key), await signInWithProof(fixture, user, key)]
      for (const url of Object.values(resources())) {
        const proofs = [
          await dpopProof(await makeClientKey(), { method: 'GET', url, accessToken: one.access_token }),
          await dpopProof(key, { method: 'GET', url, accessToken: two.access_token }),
          await dpopProof(key, { method: 'GET', url }),
          await dpopProof(key, { method: 'POST', url, accessToken: one.access_token })
        ]
        for (const proof of proofs) {
          const headers = { Authorization: `DPoP ${one.access_token}`, DPoP: proof }
          const response = await send(url, { headers })
          expect(response.status).toBe(401)
          expect(challengeOf(response)).toMatch(/^DPoP error="/)
        }
      }
    })

    test('several DPoP headers are refused, wherever proofs are taken', async () => {
      const { access_token: bound } = await signInWithProof(fixture, await newUser(), key)
      const url = resources().api
      const proofs = await Promise.all([1, 2].map(() => dpopProof(key, { method: 'GET', url, accessToken: bound })))
      expect(await raw(url, ['Authorization', `DPoP ${bound}`, ...proofs.flatMap((proof) => ['DPoP', proof])])).toBe(
        401
      )
      const endpoint = `${fixture.issuer}/oauth/token`
      const { Authorization } = as()
      const headers = ['Authorization', Authorization, 'Content-Type', 'application/x-www-form-urlencoded']
      for (const [count, status] of [
        [1, 200],
        [2, 400]
      ] as const) {
        const some = await Promise.all(Array.from({ length: count }, () => dpopProof(key, { url: endpoint })))
        const all = [...headers, ...some.flatMap((proof) => ['DPoP', proof])]
        expect(await raw(endpoint, all, 'grant_type=client_credentials')).toBe(status)
      }
    })

    test('a proof is for the address that clients know, whatever proxy is in front of the service', async () => {
      const { access_token: bound } = await signInWithProof(fixture, await newUser(), key)
      const known = `${fixture.issuer}/auth/me`
      const proof = await dpopProof(key, { method: 'GET', url: known, accessToken: bound })
      // As a reverse proxy does that puts its own host in.
      const response = await send(`${fixture.trio.auth.url}/auth/me`, {
        headers: { Authorization: `DPoP ${bound}`, DPoP: proof }
      })
      expect(response.status).toBe(200)
    })

    test('a token of a client itself is refused with a challenge where it takes a user', async () => {
      const { body } = await token(grant)
      const response = await get(resources().issuer, body.access_token)
      expect(response.status).toBe(403)
      expect(challengeOf(response)).toBe('Bearer error="insufficient_scope"')
    })

    test('the challenge of the API leads to its metadata, which name it and its issuer', async () => {
      const [, url] = /resource_metadata="([^"]+)"/.exec(challengeOf(await get(resources().api))) ?? []
      expect(url).toBe(`${fixture.audience}/.well-known/oauth-protected-resource`)
      const response = await get(url as string)
      expect(response.status).toBe(200)
      expect(response.headers.get('Content-Type')).toMatch(/^application\/json/)
      expect(response.body).toMatchObject({ resource: fixture.audience, authorization_servers: [fixture.issuer] })
      for (const value of Object.values(response.body)) expect(value).not.toEqual([])
    })

    test('an access token without a required claim is rejected', async () => {
      expect((await get(resources().api, await fixture.signAsIssuer())).status).toBe(200)
      for (const claim of ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']) {
        const response = await get(resources().api, await fixture.signAsIssuer({ [claim]: undefined }))
        expect({ claim, ...response }).toMatchObject({ claim, status: 401, body: { error: 'invalid_token' } })
      }
    })

    test.each<[string, () => { claims?: object; header?: object }]>([
      ['no typ', () => ({ header: { typ: undefined } })],
      ['the typ JWT', () => ({ header: { typ: 'JWT' } })],
      ['the typ of a logout token', () => ({ header: { typ: 'logout+jwt' } })],
      ['an exp that has passed', () => ({ claims: { iat: now() - 700, exp: now() - 60 } })],
      ['an nbf that has not come', () => ({ claims: { nbf: now() + 60 } })],
      ['another issuer', () => ({ claims: { iss: `${fixture.issuer}/` } })],
      ['another audience', () => ({ claims: { aud: 'https://another.test' } })],
      ['an audience that only begins like the API', () => ({ claims: { aud: [`${fixture.audience}/`] } })]
    ])('an access token with %s is refused as invalid_token', async (_, changes) => {
      const { claims, header } = changes()
      const response = await get(resources().api, await fixture.signAsIssuer(claims, header))
      expectRefusal(response, 401, 'invalid_token')
      expect(challengeOf(response)).toContain('error="invalid_token"')
    })

    test('an access token without a signature is refused as invalid_token', async () => {
      const claims = unverifiedClaims(await fixture.signAsIssuer())
      expectRefusal(await get(resources().api, new UnsecuredJWT(claims).encode()), 401, 'invalid_token')
    })
  })

  describe('of access tokens (RFC 9068)', () => {
    test('an access token has the header and the required claims, and is signed by a published key', async () => {
      const { access_token: accessToken } = await newSession()
      const header = decodeProtectedHeader(accessToken)
      expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) })
      const { body } = await get<{ keys: { kid: string }[] }>(`${fixture.issuer}/.well-known/jwks.json`)
      expect(body.keys.map(({ kid }) => kid)).toContain(header.kid)
      expect(unverifiedClaims(accessToken)).toMatchObject({
        iss: fixture.issuer,
        aud: [fixture.audience, fixture.issuer],
        sub: expect.any(String),
        client_id: 'countersign',
        iat: expect.any(Number),
        exp: expect.any(Number),
        jti: expect.stringMatching(/^[\da-f-]{36}$/)
      })
    })
  })

  describe('of introspection (RFC 7662 §4)', () => {
    test.each<[string, () => { claims?: object; header?: object }]>([
      ['has expired', () => ({ claims: { iat: now() - 700, exp: now() - 60 } })],
      ['is not valid yet', () => ({ claims: { nbf: now() + 60 } })],
      ['is of another issuer', () => ({ claims: { iss: 'https://another.test' } })],
      ['is of another kind', () => ({ header: { typ: 'JWT' } })],
      ['is signed by no key that is published', () => ({ header: { kid: 'another' } })]
    ])('a token that %s is inactive, and nothing else is returned', async (_, changes) => {
      const { claims, header } = changes()
      expect(await introspect(await fixture.signAsIssuer())).toMatchObject({ active: true })
      expect(await introspect(await fixture.signAsIssuer(claims, header))).toEqual({ active: false })
    })

    test('a hint that is wrong or unknown changes nothing', async () => {
      const { access_token: accessToken } = await newSession()
      for (const hint of ['access_token', 'refresh_token', 'nonsense']) {
        expect(await introspect(accessToken, hint)).toMatchObject({ active: true })
      }
    })

    test('a refresh token that was rotated, or revoked, is inactive', async () => {
      const user = await newUser()
      const { refresh_token: first } = await signIn(fixture.issuer, user)
      const confidential = await fixture.newClient({ grant_types: ['client_credentials', 'refresh_token'] })
      await query(fixture.database.url, 'UPDATE refresh_token_families SET client_id = $1 WHERE user_id = $2', [
        confidential.client_id,
        user.id
      ])
      const look = async (presented: string) =>
        (await postForm(`${fixture.issuer}/oauth/introspect`, { token: presented }, as(confidential))).body
      expect(await look(first)).toMatchObject({ active: true, client_id: confidential.client_id, sub: user.id })
      const parameters = { grant_type: 'refresh_token', refresh_token: first }
      const { refresh_token: second = '' } = (await token(parameters, as(confidential))).body
      expect(await look(first)).toEqual({ active: false })
      expect(await look(second)).toMatchObject({ active: true })
      expect((await postForm(`${fixture.issuer}/oauth/revoke`, { token: second }, as(confidential))).status).toBe(200)
      expect(await look(second)).toEqual({ active: false })
    })
  })

  describe('of client assertions (RFC 7523 §3)', () => {
    const assertion = (options: Partial<AssertionOptions> = {}, signer = key) =>
      clientAssertion(signer, { clientId: keyClientId, audience: fixture.issuer, ...options })

    test.each<[string, () => Partial<AssertionOptions>]>([
      ['no iss', () => ({ claims: { iss: undefined } as never })],
      ['no sub', () => ({ claims: { sub: undefined } as never })],
      ['no aud', () => ({ claims: { aud: undefined } as never })],
      ['an nbf that has not come', () => ({ claims: { nbf: now() + 60 } })],
      ['a sub that is another client', () => ({ claims: { sub: client.client_id } })]
    ])('a client assertion with %s is refused as invalid_client', async (_, options) => {
      expect((await token({ ...grant, ...(await assertion()) }, {})).status).toBe(200)
      expectRefusal(await token({ ...grant, ...(await assertion(options())) }, {}), 401, 'invalid_client')
    })

    test('a client assertion that is not signed, or was changed, is refused as invalid_client', async () => {
      const good = await assertion()
      const claims = unverifiedClaims(good.client_assertion)
      const [header, , signature] = good.client_assertion.split('.')
      const payload = Buffer.from(JSON.stringify({ ...claims, jti: randomUUID() })).toString('base64url')
      for (const bad of [new UnsecuredJWT(claims).encode(), `${header}.${payload}.${signature}`]) {
        expectRefusal(await token({ ...grant, ...good, client_assertion: bad }, {}), 401, 'invalid_client')
      }
      expect((await token({ ...grant, ...good }, {})).status).toBe(200)
    })
  })

  describe('of metadata (RFC 8414)', () => {
    const read = (name: string) => get(`${fixture.issuer}/.well-known/${name}`)

    test('the metadata has the required members, and names the issuer of its own address', async () => {
      const response = await read('oauth-authorization-server')
      expect(response.status).toBe(200)
      expect(response.headers.get('Content-Type')).toMatch(/^application\/json/)
      expect(response.body).toMatchObject({
        issuer: fixture.issuer,
        token_endpoint: expect.any(String),
        response_types_supported: expect.any(Array)
      })
    })

    test('both documents of metadata say the same', async () => {
      expect((await read('openid-configuration')).body).toEqual((await read('oauth-authorization-server')).body)
    })

    test('the metadata lists the algorithms of client assertions wherever it lists private_key_jwt, without none', async () => {
      const { body } = await read('oauth-authorization-server')
      for (const endpoint of ['token', 'revocation', 'introspection']) {
        expect(body[`${endpoint}_endpoint_auth_methods_supported`]).toContain('private_key_jwt')
        const algorithms = body[`${endpoint}_endpoint_auth_signing_alg_values_supported`]
        expect(algorithms).toContain('RS256')
        expect(algorithms).not.toContain('none')
      }
    })

    test('no member is an empty list, but for response_types_supported, which is required', async () => {
      const { body } = await read('oauth-authorization-server')
      const empty = Object.entries(body).filter(([, value]) => Array.isArray(value) && value.length === 0)
      expect(empty.map(([name]) => name)).toEqual(['response_types_supported'])
    })
  })

  describe('of token exchange (RFC 8693)', () => {
    const exchange = (parameters: Record<string, string>) =>
      token({ grant_type: tokenExchange, subject_token_type: accessTokenUrn, ...parameters }, as(api))

    test('a request without a required parameter is rejected', async () => {
      const { access_token: subjectToken } = await newSession()
      expect((await exchange({ subject_token: subjectToken })).status).toBe(200)
      expectRefusal(await exchange({}), 400, 'invalid_request')
      const untyped = { grant_type: tokenExchange, subject_token: subjectToken }
      expectRefusal(await token(untyped, as(api)), 400, 'invalid_request')
      const otherType = 'urn:ietf:params:oauth:token-type:refresh_token'
      expectRefusal(
        await exchange({ subject_token: subjectToken, subject_token_type: otherType }),
        400,
        'invalid_request'
      )
    })

    test('a subject token that was not issued for the client is invalid_request', async () => {
      const { refresh_token: refreshToken } = await newSession()
      const forApi = await token(refreshGrant(refreshToken, { resource: fixture.audience }), {})
      const stranger = await fixture.newClient({
        grant_types: [tokenExchange],
        scopes: ['account'],
        resources: ['https://another.test'],
        may_act_for: ['countersign']
      })
      const parameters = {
        grant_type: tokenExchange,
        subject_token: forApi.body.access_token as string,
        subject_token_type: accessTokenUrn
      }
      expect((await token(parameters, as(api))).status).toBe(200)
      expectRefusal(await token(parameters, as(stranger)), 400, 'invalid_request')
    })
  })

  describe('of tokens that are bound to a key (RFC 9449 §5)', () => {
    const refreshWith = async (refreshToken: string, signer?: ClientKey) => {
      const url = `${fixture.issuer}/oauth/token`
      return token(refreshGrant(refreshToken), signer ? { DPoP: await dpopProof(signer, { url }) } : {})
    }

    test('an unbound refresh token is not refreshed with a proof: nobody gets a bound access token beside an unbound one', async () => {
      const { refresh_token: unbound } = await newSession()
      expectRefusal(await refreshWith(unbound, key), 400, 'invalid_grant')
      const { body } = await refreshWith(unbound)
      expect(body.token_type).toBe('Bearer')
      // Nor when it is tried again within the window of a lost response.
      expectRefusal(await refreshWith(unbound, key), 400, 'invalid_grant')
      expect((await refreshWith(body.refresh_token as string)).status).toBe(200)
    })

    test('a thief who binds nothing cannot keep the owner from showing the replay', async () => {
      const { refresh_token: stolen, access_token: accessToken } = await newSession()
      const first = await refreshWith(stolen)
      await ageSessions(fixture.database.url, unverifiedClaims(accessToken).sub as string, burstSeconds)
      const second = await refreshWith(first.body.refresh_token as string)
      expectRefusal(await refreshWith(second.body.refresh_token as string, await makeClientKey()), 400, 'invalid_grant')
      expectRefusal(await refreshWith(stolen), 400, 'invalid_grant')
      await expect.poll(async () => (await introspect(accessToken)).active).toBe(false)
    })

    test('introspection shows the key of a bound token, and the type DPoP', async () => {
      const { access_token: bound } = await signInWithProof(fixture, await newUser(), key)
      expect(await introspect(bound)).toMatchObject({
        active: true,
        token_type: 'DPoP',
        cnf: { jkt: key.publicJwk.kid }
      })
    })
  })
})

describe('an issuer and an API with a path', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await startFixture({ issuerPath: '/tenant', audiencePath: '/v1' })
  })
  afterAll(async () => {
    await fixture?.stop()
  })

  test('the metadata of the issuer are between host and path (RFC 8414 §3.1)', async () => {
    const response = await get(`${fixture.trio.auth.url}/.well-known/oauth-authorization-server/tenant`)
    expect(response).toMatchObject({ status: 200, body: { issuer: fixture.issuer } })
  })

  test('the metadata of the API are between host and path, where its challenge says (RFC 9728 §3.1)', async () => {
    const { origin } = new URL(fixture.audience)
    const { headers } = await get(`${origin}/me`)
    const [, url] = /resource_metadata="([^"]+)"/.exec(headers.get('WWW-Authenticate') as string) ?? []
    expect(url).toBe(`${origin}/.well-known/oauth-protected-resource/v1`)
    expect(await get(url as string)).toMatchObject({ status: 200, body: { resource: fixture.audience } })
  })
})

/** The status of a request whose headers are sent as they stand here; `fetch` joins those of one name. */
function raw(url: string, headers: string[], body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { host } = new URL(url)
    const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))]
    const options = { method: body === undefined ? 'GET' : 'POST', headers: ['Host', host, ...headers, ...length] }
    const sent = request(url, options as never, (response: IncomingMessage) => {
      response.resume()
      resolve(response.statusCode as number)
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
