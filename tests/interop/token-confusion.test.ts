import { randomUUID } from 'node:crypto'
import {
  type ApiResponse,
  accessTokenUrn,
  assertionType,
  basic,
  type ClientKey,
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
  register,
  send,
  signIn,
  tokenExchange,
  unverifiedClaims
} from '@countersign/testing/trio'
import { CompactEncrypt, CompactSign, importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { newApp } from '../integration/fixtures/app.ts'
import { type LogoutReceiver, startLogoutReceiver } from '../integration/fixtures/logout-receiver.ts'
import { type Fixture, signInWithProof, startFixture } from './fixture.ts'

const logoutEvent = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }
const now = () => Math.floor(Date.now() / 1000)

let fixture: Fixture
let client: { client_id: string; client_secret: string }
/** An API that may introspect and exchange what is for it. */
let api: typeof client
let bound: string
/** An app that users sign in to, and what it sends with its codes. */
let app: Awaited<ReturnType<typeof newApp>>
let receiver: LogoutReceiver
const exchanges = new Map<string, Parameters>()
/** What the bound tokens are bound to, and what the key client shows itself by. */
let key: ClientKey
let keyClientId: string

/** Makes a token that could be good at a place. */
type Make = (place: Place) => Promise<string>

interface Place {
  present(token: string): Promise<ApiResponse<unknown>>
  /** What is valid there. */
  readonly accepts: readonly string[]
  /** How it responds to anything else. */
  readonly refusal: object
  /** Where a proof belongs: the request that it has to be for. */
  readonly request?: () => { method: string; url: string; accessToken?: string }
}

const requestAt = ({ request }: Place) => request?.() ?? { method: 'POST', url: `${fixture.issuer}/oauth/token` }
const newSession = async () => signIn(fixture.issuer, await register(fixture.issuer))
const newBoundSession = async () => signInWithProof(fixture, await register(fixture.issuer), key)
const signByClient = (claims: object, header: object) =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg: key.algorithm, kid: key.publicJwk.kid as string, ...header })
    .sign(key.privateKey)
const assertionClaims = () => ({
  iss: keyClientId,
  sub: keyClientId,
  aud: fixture.issuer,
  iat: now(),
  exp: now() + 60,
  jti: randomUUID()
})
/** Tokens of one kind each, as they are issued or made; and what the holder of a key could sign to look like another kind. */
const tokens: Record<string, Make> = {
  'an access token of a user': async () => (await newSession()).access_token,
  'an access token that is bound to a key': async () => (await newBoundSession()).access_token,
  'an access token of a client': async () => {
    const form = { grant_type: 'client_credentials' }
    const headers = basic(client.client_id, client.client_secret)
    return (await postForm<{ access_token: string }>(`${fixture.issuer}/oauth/token`, form, headers)).body.access_token
  },
  'a refresh token': async () => (await newSession()).refresh_token,
  'a refresh token that is bound to a key': async () => (await newBoundSession()).refresh_token,
  'a client assertion': async () =>
    (await clientAssertion(key, { clientId: keyClientId, audience: fixture.issuer })).client_assertion,
  'a DPoP proof': (place) => dpopProof(key, requestAt(place)),
  'an access token of an app for userinfo': async () =>
    (await app.tokensOf((await newSession()).access_token, 'openid profile')).access_token,
  'an access token of an app for an API': async () =>
    (await app.tokensOf((await newSession()).access_token, 'openid things:read')).access_token,
  'an ID token of an app': async () =>
    (await app.tokensOf((await newSession()).access_token, 'openid')).id_token as string,
  'an authorization code': async () => {
    const { sent, exchange } = await app.authorize((await newSession()).access_token)
    exchanges.set(sent.code as string, exchange)
    return sent.code as string
  },
  'an ID token of the issuer': () =>
    fixture.signAsIssuer(
      { aud: 'countersign', nonce: 'x', auth_time: now(), client_id: undefined, jti: undefined, scope: undefined },
      { typ: 'JWT' }
    ),
  'an ID token of the issuer that has all claims of an access token': () => fixture.signAsIssuer({}, { typ: 'JWT' }),
  'a token of the issuer without typ': () => fixture.signAsIssuer({}, { typ: undefined }),
  'a logout token that an app has got': async () => {
    const session = await newSession()
    const { sid } = unverifiedClaims((await app.tokensOf(session.access_token, 'openid')).access_token)
    await post(`${fixture.issuer}/auth/logout`, undefined, session.access_token)
    const find = () => receiver.received.find(({ token }) => unverifiedClaims(token).sid === sid)
    return (await vi.waitUntil(find, { timeout: 5000, interval: 10 })).token
  },
  'a logout token of the issuer': () => fixture.signAsIssuer(logoutEvent, { typ: 'logout+jwt' }),
  'a logout token of a client': () => signByClient({ ...assertionClaims(), ...logoutEvent }, { typ: 'logout+jwt' }),
  'a DPoP proof that the issuer has signed': (place) => {
    const { method, url } = requestAt(place)
    return fixture.signAsIssuer({ htm: method, htu: url }, { typ: 'dpop+jwt' })
  },
  'an old DPoP proof that has all claims of a client assertion': (place) => {
    const { method, url } = requestAt(place)
    const { kid, use, alg, ...jwk } = key.publicJwk
    const claims = { ...assertionClaims(), iat: now() - 3600, htm: method, htu: url }
    return signByClient(claims, { typ: 'dpop+jwt', jwk })
  },
  'a client assertion that has all that a DPoP proof has': (place) => {
    const { method, url } = requestAt(place)
    const { kid, use, alg, ...jwk } = key.publicJwk
    return signByClient({ ...assertionClaims(), htm: method, htu: url }, { typ: 'JWT', jwk })
  },
  'a client assertion that the issuer has signed': () => fixture.signAsIssuer(assertionClaims(), { typ: undefined }),
  'an access token that a client has signed': async () => {
    const { kid } = await fixture.openSigningKey()
    return signByClient(unverifiedClaims(await fixture.signAsIssuer()), { typ: 'at+jwt', kid })
  },
  'a client assertion that has all claims of an access token': async () =>
    signByClient({ ...unverifiedClaims(await fixture.signAsIssuer()), iss: keyClientId }, { typ: 'at+jwt' }),
  'an access token within a token of the issuer': async () => {
    const { kid, privateKey } = await fixture.openSigningKey()
    const inner = new TextEncoder().encode(await fixture.signAsIssuer())
    return new CompactSign(inner).setProtectedHeader({ alg: 'RS256', kid, typ: 'at+jwt', cty: 'JWT' }).sign(privateKey)
  },
  'an access token that is encrypted to the issuer': async () => {
    const { body } = await get<{ keys: object[] }>(`${fixture.issuer}/.well-known/jwks.json`)
    const { n, e } = body.keys[0] as { n: string; e: string }
    const recipient = await importJWK({ kty: 'RSA', n, e }, 'RSA-OAEP-256')
    const inner = new TextEncoder().encode(await fixture.signAsIssuer())
    const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'at+jwt', cty: 'JWT' }
    return new CompactEncrypt(inner).setProtectedHeader(header).encrypt(recipient)
  }
}

const userTokens = ['an access token of a user', 'an access token that is bound to a key']
const accessTokens = [...userTokens, 'an access token of a client']
const refreshToken = 'a refresh token'

const as = ({ client_id: id, client_secret: secret }: typeof client) => basic(id, secret)
const oauth = (path: string, form: Record<string, string>, headers?: Record<string, string>) =>
  postForm(`${fixture.issuer}/oauth/${path}`, form, headers)
const invalidToken = { status: 401, body: { error: 'invalid_token' } }
const invalidGrant = { status: 400, body: { error: 'invalid_grant' } }
/** Routes that take JSON refuse what is longer than any refresh token by its length. */
const noRefreshToken = { status: 400, body: { error: expect.stringMatching(/^invalid_(grant|request)$/) } }

const places: Record<string, Place> = {
  'as a bearer token of the API': {
    present: (token) => get(`${fixture.audience}/me`, token),
    accepts: ['an access token of a user', 'an access token of a client'],
    refusal: invalidToken
  },
  'as a bearer token of the issuer': {
    present: async (token) => {
      const response = await get(`${fixture.issuer}/auth/me`, token)
      // A client's own token is one, but of no user.
      const isOfClient = response.status === 403 && response.body.error === 'access_denied'
      return isOfClient ? { ...response, status: 401, body: { error: 'invalid_token' } } : response
    },
    accepts: ['an access token of a user'],
    refusal: invalidToken
  },
  'as a token that is bound to the key of its proof': {
    async present(token) {
      const url = `${fixture.audience}/me`
      const proof = await dpopProof(key, { method: 'GET', url, accessToken: token })
      return send(url, { headers: { Authorization: `DPoP ${token}`, DPoP: proof } })
    },
    accepts: ['an access token that is bound to a key'],
    refusal: invalidToken
  },
  'as a DPoP proof of the API': {
    present: (token) => send(`${fixture.audience}/me`, { headers: { Authorization: `DPoP ${bound}`, DPoP: token } }),
    accepts: ['a DPoP proof'],
    refusal: { status: 401, body: { error: 'invalid_dpop_proof' } },
    request: () => ({ method: 'GET', url: `${fixture.audience}/me`, accessToken: bound })
  },
  'as a DPoP proof of the token endpoint': {
    present: (token) => oauth('token', { grant_type: 'client_credentials' }, { ...as(client), DPoP: token }),
    accepts: ['a DPoP proof'],
    refusal: { status: 400, body: { error: 'invalid_dpop_proof' } }
  },
  'as a refresh token in JSON': {
    present: (token) => post(`${fixture.issuer}/auth/refresh`, { refresh_token: token }),
    accepts: [refreshToken],
    refusal: noRefreshToken
  },
  'as a refresh token of the token endpoint': {
    present: (token) => oauth('token', { grant_type: 'refresh_token', client_id: 'countersign', refresh_token: token }),
    accepts: [refreshToken],
    refusal: invalidGrant
  },
  'as a refresh token to sign out with': {
    present: (token) => post(`${fixture.issuer}/auth/logout`, { refresh_token: token }),
    // A thief without the key must not end the session of a bound one.
    accepts: [refreshToken],
    refusal: { status: 400, body: { error: expect.stringMatching(/^invalid_(grant|request|dpop_proof)$/) } }
  },
  'as a bearer token of the userinfo endpoint': {
    async present(token) {
      const response = await get(`${fixture.issuer}/oauth/userinfo`, token)
      // One of the pages, or of a client itself, says nothing of a user to an app.
      const isOther = response.status === 403 && response.body.error === 'access_denied'
      return isOther ? { ...response, status: 401, body: { error: 'invalid_token' } } : response
    },
    accepts: ['an access token of an app for userinfo', 'an access token of an app for an API'],
    refusal: invalidToken
  },
  'as an authorization code': {
    present(code) {
      const rest = exchanges.get(code) ?? app.newRequest().exchangeOf(code)
      return exchangeCode(fixture.issuer, { ...rest, code })
    },
    accepts: ['an authorization code'],
    refusal: { status: 400, body: { error: expect.stringMatching(/^invalid_(grant|request)$/) } }
  },
  'as a hint of who signs in': {
    async present(hint) {
      const browser = createAuthorizingBrowser(fixture.issuer)
      const { parameters } = await browser.begin(app.newRequest({ id_token_hint: hint, prompt: 'none' }).parameters)
      return { status: parameters.error ? 400 : 200, headers: new Headers(), body: { error: parameters.error } }
    },
    accepts: ['an ID token of an app'],
    refusal: { status: 400, body: { error: 'login_required' } }
  },
  'as a hint of who signs out': {
    async present(hint) {
      const { parameters } = await createAuthorizingBrowser(fixture.issuer).beginLogout({ id_token_hint: hint })
      const at = `${fixture.issuer}/auth/logout-requests/${parameters.request}`
      // A key that is not known may be one that was removed: then the hint counts as absent.
      const isTaken = parameters.request !== undefined && (await get(at)).body.user_id !== null
      return { status: isTaken ? 200 : 400, headers: new Headers(), body: {} }
    },
    accepts: ['an ID token of an app', 'an ID token of the issuer'],
    refusal: { status: 400 }
  },
  'as a client assertion': {
    present: (token) =>
      oauth('token', {
        grant_type: 'client_credentials',
        client_assertion_type: assertionType,
        client_assertion: token
      }),
    accepts: ['a client assertion', 'a client assertion that has all that a DPoP proof has'],
    refusal: { status: 401, body: { error: 'invalid_client' } }
  },
  'as a subject token': {
    present: (token) => {
      const form = { grant_type: tokenExchange, subject_token: token, subject_token_type: accessTokenUrn }
      return oauth('token', form, as(api))
    },
    accepts: userTokens,
    refusal: { status: 400, body: { error: 'invalid_request' } }
  },
  'to introspection': {
    async present(token) {
      const response = await oauth('introspect', { token }, as(api))
      return { ...response, status: response.body.active ? 200 : 400 }
    },
    accepts: accessTokens,
    refusal: { status: 400, body: { active: false } }
  },
  'to revocation': {
    async present(token) {
      const before = await countRevocations()
      const response = await oauth('revoke', { token, client_id: 'countersign' })
      if (response.body.error !== 'invalid_dpop_proof') expect(response).toMatchObject({ status: 200, body: '' })
      const ended = (await countRevocations()) - before
      return { ...response, status: ended === 0 ? 400 : 200, body: { ended } }
    },
    // What is bound is refused without a proof of its key.
    accepts: ['an access token of a user', refreshToken],
    refusal: { status: 400, body: { ended: 0 } }
  }
}

async function countRevocations(): Promise<number> {
  const [row] = await query<{ count: number }>(fixture.database.url, 'SELECT count(*)::int AS count FROM revocations')
  return row?.count as number
}

describe('no token of one kind passes as another', () => {
  beforeAll(async () => {
    fixture = await startFixture({ env: { PAGES_URL: 'https://pages.example.com' } })
    receiver = await startLogoutReceiver()
    app = await newApp(fixture, { backchannel_logout_uri: receiver.uri })
    client = await fixture.newClient()
    api = await fixture.newClient({
      grant_types: [tokenExchange],
      scopes: ['account'],
      resources: [fixture.audience],
      may_act_for: ['countersign'],
      may_unbind_tokens: true
    })
    // RS256, as the issuer's own: so that no algorithm tells the one from the other.
    key = await makeClientKey('RS256')
    const method = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.publicJwk] } }
    keyClientId = (await fixture.newClient(method)).client_id
    bound = (await newBoundSession()).access_token
  })
  afterAll(async () => {
    await receiver?.stop()
    await fixture?.stop()
  })

  describe.each(Object.entries(tokens))('%s', (kind, make) => {
    test.each(Object.entries(places))('%s', async (_, place) => {
      const response = await place.present(await make(place))
      if (place.accepts.includes(kind)) expect(response.status).toBeLessThan(300)
      else expect({ status: response.status, body: response.body }).toMatchObject(place.refusal)
    })
  })

  test('the services responded to none of it with a 500', () => {
    expect(fixture.trio.logs()).toContain('"level":"info"')
    expect(fixture.trio.logs()).not.toMatch(/"level":"(?:error|fatal)"|server_error/)
  })
})
