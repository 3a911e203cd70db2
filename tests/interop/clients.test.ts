import {
  accessTokenUrn,
  ageSessions,
  burstSeconds,
  type ClientKey,
  dpopProof,
  makeClientKey,
  register,
  signIn,
  tokenExchange,
  unverifiedClaims
} from '@countersign/testing/trio'
import { calculateJwkThumbprint } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, signInWithProof, startFixture } from './fixture.ts'
import { type Registration, refusalOf, tokenLibraries } from './token-clients.ts'

describe('unmodified client libraries from npm', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await startFixture()
  })
  afterAll(async () => {
    await fixture?.stop()
  })

  describe.each(tokenLibraries.map(({ name, connect }) => [name, connect] as const))('%s', (_, connect) => {
    const asPublicClient = (options: Partial<Registration> = {}) =>
      connect({ issuer: fixture.issuer, clientId: 'countersign', ...options })
    const asNewClient = async (client: Record<string, unknown> = {}, options: Partial<Registration> = {}) => {
      const { client_id: clientId, client_secret: secret } = await fixture.newClient(client)
      return connect({ issuer: fixture.issuer, clientId, secret, ...options })
    }
    const asNewKeyClient = async (key: ClientKey, options: Partial<Registration> = {}) => {
      const method = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.publicJwk] } }
      const { client_id: clientId } = await fixture.newClient(method)
      return connect({ issuer: fixture.issuer, clientId, key, ...options })
    }
    test.each(['oauth2', 'oidc'] as const)('finds what it needs in the %s metadata', async (document) => {
      const { metadata } = await asPublicClient({ document })
      expect(metadata).toMatchObject({
        issuer: fixture.issuer,
        token_endpoint: `${fixture.issuer}/oauth/token`,
        revocation_endpoint: `${fixture.issuer}/oauth/revoke`,
        introspection_endpoint: `${fixture.issuer}/oauth/introspect`,
        jwks_uri: `${fixture.issuer}/.well-known/jwks.json`
      })
    })

    test.each(['ES256', 'RS256', 'PS256', 'Ed25519'])(
      'gets a token by client credentials with a %s key',
      async (algorithm) => {
        const client = await asNewKeyClient(await makeClientKey(algorithm))
        const tokens = await client.clientCredentials({ scope: 'jobs:read', resource: fixture.audience })
        expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 600, scope: 'jobs:read' })
        const response = await client.call(tokens.access_token, `${fixture.audience}/me`)
        expect(await response.json()).toMatchObject({ scope: 'jobs:read' })
      }
    )

    test('gets a token by client credentials with a secret', async () => {
      const client = await asNewClient()
      const tokens = await client.clientCredentials()
      expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'jobs:read jobs:write' })
      expect(tokens.refresh_token).toBeUndefined()
      expect((await client.call(tokens.access_token, `${fixture.audience}/me`)).status).toBe(200)
    })

    test('refreshes a session as a public client, and gets invalid_grant for a used token', async () => {
      const client = await asPublicClient()
      const user = await register(fixture.issuer)
      const first = await signIn(fixture.issuer, user)
      const second = await client.refresh(first.refresh_token)
      expect(second).toMatchObject({ token_type: 'bearer', scope: 'account' })
      expect(second.refresh_token).not.toBe(first.refresh_token)
      await ageSessions(fixture.database.url, user.id, burstSeconds)
      const third = await client.refresh(second.refresh_token as string, { scope: 'account' })
      const refused = { type: 'ResponseBodyError', status: 400, error: 'invalid_grant' }
      expect(await refusalOf(client.refresh(first.refresh_token))).toEqual(refused)
      // The replay has ended the session.
      expect(await refusalOf(client.refresh(third.refresh_token as string))).toEqual(refused)
    })

    test('revokes a refresh token, an access token, and is content with one that is none', async () => {
      const client = await asPublicClient()
      const user = await register(fixture.issuer)
      const [one, two] = [await signIn(fixture.issuer, user), await signIn(fixture.issuer, user)]
      await client.revoke(one.refresh_token, { token_type_hint: 'refresh_token' })
      expect(await refusalOf(client.refresh(one.refresh_token))).toMatchObject({ error: 'invalid_grant' })
      await client.revoke(two.access_token)
      await expect
        .poll(() => refusalOf(client.call(two.access_token, `${fixture.audience}/me`)).catch(() => 'accepted'))
        .toEqual({ type: 'bearer challenge', status: 401, error: 'invalid_token' })
      expect((await client.refresh(two.refresh_token)).access_token).toBeDefined()
      await client.revoke('none-at-all')
    })

    test('introspects an access token that is for it', async () => {
      const api = await asNewClient({ resources: [fixture.audience] })
      const { access_token: token } = await signIn(fixture.issuer, await register(fixture.issuer))
      const { sub, jti, exp } = unverifiedClaims(token)
      expect(await api.introspect(token)).toMatchObject({
        active: true,
        client_id: 'countersign',
        token_type: 'Bearer',
        sub,
        jti,
        exp
      })
      expect(await api.introspect(`${token}x`)).toEqual({ active: false })
      expect(await (await asNewClient()).introspect(token)).toEqual({ active: false })
    })

    test('exchanges the token of a user for one to act with', async () => {
      const actor = await asNewClient({
        grant_types: [tokenExchange],
        scopes: ['account'],
        resources: [fixture.audience],
        may_act_for: ['countersign']
      })
      const user = await register(fixture.issuer)
      const { access_token: subjectToken } = await signIn(fixture.issuer, user)
      const tokens = await actor.grant(tokenExchange, {
        subject_token: subjectToken,
        subject_token_type: accessTokenUrn,
        resource: fixture.issuer
      })
      expect(tokens).toMatchObject({ token_type: 'bearer', issued_token_type: accessTokenUrn, scope: 'account' })
      const response = await actor.call(tokens.access_token, `${fixture.issuer}/auth/me`)
      expect(await response.json()).toMatchObject({ username: user.username })
    })

    test('gets a typed error for each fault', async () => {
      const client = await asNewClient()
      expect(await refusalOf(client.clientCredentials({ scope: 'jobs:read admin' }))).toEqual({
        type: 'ResponseBodyError',
        status: 400,
        error: 'invalid_scope'
      })
      expect(await refusalOf(client.clientCredentials({ resource: 'https://another.test' }))).toMatchObject({
        error: 'invalid_target'
      })
      expect(await refusalOf(client.refresh('csr1.none'))).toMatchObject({ error: 'unauthorized_client' })
      expect(await refusalOf(client.grant('password', { username: 'a', password: 'b' }))).toMatchObject({
        error: 'unsupported_grant_type'
      })
      // RFC 6749 §5.2: 401, with the scheme that the client has used.
      const stranger = await asNewClient({}, { secret: 'wrong' })
      const refused = { type: 'basic challenge', status: 401, error: 'invalid_client' }
      expect(await refusalOf(stranger.clientCredentials())).toEqual(refused)
      expect(await refusalOf(stranger.introspect('any'))).toEqual(refused)
      expect(await refusalOf(stranger.revoke('any'))).toEqual(refused)
      const imposter = await asNewKeyClient(await makeClientKey(), { key: await makeClientKey() })
      expect(await refusalOf(imposter.clientCredentials())).toMatchObject({ error: 'invalid_client' })
      expect(await refusalOf(client.call('no-token', `${fixture.audience}/me`))).toEqual({
        type: 'bearer challenge',
        status: 401,
        error: 'invalid_token'
      })
    })

    describe.each(['optional', 'required'] as const)('with DPoP, the nonce being %s', (nonce) => {
      let nonceFixture: Fixture | undefined
      let bound: Fixture

      beforeAll(async () => {
        if (nonce === 'required') nonceFixture = await startFixture({ env: { DPOP_NONCE: nonce } })
        bound = nonceFixture ?? fixture
      })
      afterAll(async () => {
        await nonceFixture?.stop()
      })

      test.each(['ES256', 'RS256'])('gets a token by client credentials that a %s key holds', async (algorithm) => {
        const proofKey = await makeClientKey(algorithm)
        const { client_id: clientId, client_secret: secret } = await bound.newClient()
        const client = await connect({ issuer: bound.issuer, clientId, secret, proofKey })
        const tokens = await client.clientCredentials({ resource: bound.audience })
        expect(tokens.token_type).toBe('dpop')
        const jkt = await calculateJwkThumbprint(proofKey.publicJwk)
        expect(unverifiedClaims(tokens.access_token)).toMatchObject({ cnf: { jkt } })
        expect(await client.introspect(tokens.access_token)).toMatchObject({
          active: true,
          token_type: 'DPoP',
          cnf: { jkt }
        })
        await client.revoke(tokens.access_token)
        await expect.poll(() => client.introspect(tokens.access_token)).toEqual({ active: false })
      })

      test('refreshes a session with the key that it is bound to; others cannot', async () => {
        const proofKey = await makeClientKey()
        const first = await signInWithProof(bound, await register(bound.issuer), proofKey)
        expect(first.token_type).toBe('DPoP')
        const thief = { issuer: bound.issuer, clientId: 'countersign' }
        for (const key of [undefined, await makeClientKey()]) {
          const client = await connect(key ? { ...thief, proofKey: key } : thief)
          expect(await refusalOf(client.refresh(first.refresh_token))).toMatchObject({ error: 'invalid_grant' })
        }
        const client = await connect({ ...thief, proofKey })
        const second = await client.refresh(first.refresh_token)
        expect(second.token_type).toBe('dpop')
        expect((await client.refresh(second.refresh_token as string)).token_type).toBe('dpop')
      })

      test('calls a protected resource with a token that its key holds', async () => {
        const proofKey = await makeClientKey()
        const user = await register(bound.issuer)
        const { access_token: token } = await signInWithProof(bound, user, proofKey)
        const client = await connect({ issuer: bound.issuer, clientId: 'countersign', proofKey })
        for (const url of [`${bound.audience}/me`, `${bound.audience}/me?again`, `${bound.issuer}/auth/me`]) {
          const response = await client.call(token, url)
          expect(await response.json()).toMatchObject({ username: user.username })
        }
        const thief = await connect({
          issuer: bound.issuer,
          clientId: 'countersign',
          proofKey: await makeClientKey()
        })
        expect(await refusalOf(thief.call(token, `${bound.audience}/me`))).toMatchObject({ status: 401 })
        const bearer = await connect({ issuer: bound.issuer, clientId: 'countersign' })
        expect(await refusalOf(bearer.call(token, `${bound.audience}/me`))).toMatchObject({
          status: 401,
          error: 'invalid_token'
        })
      })
    })
  })

  test('the metadata of the API and of the issuer lead from one to the other', async () => {
    const insecure = { [oauth.allowInsecureRequests]: true }
    const identifier = new URL(fixture.audience)
    const resource = await oauth.processResourceDiscoveryResponse(
      identifier,
      await oauth.resourceDiscoveryRequest(identifier, insecure)
    )
    expect(resource.authorization_servers).toEqual([fixture.issuer])
    const issuer = new URL(resource.authorization_servers?.[0] as string)
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
    )
    expect(server.token_endpoint).toBe(`${fixture.issuer}/oauth/token`)
  })

  test("oauth4webapi's validateJwtAccessToken accepts a token that is bound to a key, with its proof alone", async () => {
    const insecure = { [oauth.allowInsecureRequests]: true }
    const issuer = new URL(fixture.issuer)
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
    const key = await makeClientKey()
    const { access_token: token } = await signInWithProof(fixture, await register(fixture.issuer), key)
    const url = `${fixture.audience}/me`
    const validate = (headers: Record<string, string>) =>
      oauth.validateJwtAccessToken(server, new Request(url, { headers }), fixture.audience, insecure)
    const proof = await dpopProof(key, { method: 'GET', url, accessToken: token })
    const claims = await validate({ Authorization: `DPoP ${token}`, DPoP: proof })
    expect(claims).toEqual(unverifiedClaims(token))
    const foreign = await dpopProof(await makeClientKey(), { method: 'GET', url, accessToken: token })
    await expect(validate({ Authorization: `DPoP ${token}`, DPoP: foreign })).rejects.toThrow()
    await expect(validate({ Authorization: `Bearer ${token}` })).rejects.toThrow()
  })
})
