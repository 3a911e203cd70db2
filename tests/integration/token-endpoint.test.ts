import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  accessTokenUrn,
  audience,
  basic,
  type ClientKey,
  clientAssertion,
  createClient,
  get,
  issuer,
  makeClientKey,
  post,
  postForm,
  query,
  refresh,
  register,
  send,
  signIn,
  startTrio,
  type Trio,
  tokenExchange,
  unverifiedClaims
} from '@countersign/testing/trio'
import { decodeProtectedHeader, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'

const other = 'https://other.test'

describe('the token endpoint', () => {
  let database: TestDatabase
  let trio: Trio
  let admin: string
  let key: ClientKey

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl,
      authReplicas: redisUrl ? 2 : 1,
      env: { REGISTRATIONS_PER_ADDRESS: '1000' }
    })
    key = await makeClientKey()
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })
  beforeEach(async () => {
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
  })

  const at = (path: string, auth = trio.auth) => `${auth.url}${path}`
  const token = (parameters: Parameters<typeof postForm>[1], headers?: Record<string, string>, auth = trio.auth) =>
    postForm<Record<string, string>>(at('/oauth/token', auth), parameters, headers)
  const newClient = (client: Record<string, unknown> = {}) =>
    createClient(trio.auth.url, admin, {
      token_endpoint_auth_method: 'client_secret_basic',
      scopes: ['reports:read', 'reports:write'],
      audiences: [audience, issuer],
      ...client
    })
  const newKeyClient = (client: Record<string, unknown> = {}) =>
    newClient({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.publicJwk] }, ...client })
  const assert = (clientId: string, options: Partial<Parameters<typeof clientAssertion>[1]> = {}, signer = key) =>
    clientAssertion(signer, { clientId, audience: issuer, ...options })
  const expectRefusal = (
    response: { status: number; body: unknown; headers: Headers },
    status: number,
    error: string
  ) => {
    expect({ status: response.status, body: response.body }).toMatchObject({ status, body: { error } })
    expect(response.headers.get('Cache-Control')).toContain('no-store')
  }

  describe('client credentials', () => {
    test.each(['ES256', 'RS256', 'PS256', 'Ed25519'])(
      'a client with a %s key gets a token of its own',
      async (algorithm) => {
        const signer = await makeClientKey(algorithm)
        const { client_id: id } = await newKeyClient({ jwks: { keys: [signer.publicJwk] } })
        const response = await token({ grant_type: 'client_credentials', ...(await assert(id, {}, signer)) })
        expect(response).toMatchObject({
          status: 200,
          body: { token_type: 'Bearer', expires_in: 600, scope: 'reports:read reports:write' }
        })
        expect(response.body).not.toHaveProperty('refresh_token')
        expect(response.headers.get('Cache-Control')).toBe('no-store')
        const accessToken = response.body.access_token as string
        expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' })
        const claims = unverifiedClaims(accessToken)
        expect(claims).toMatchObject({ iss: issuer, sub: id, client_id: id, aud: [audience, issuer] })
        expect(Object.keys(claims).sort()).toEqual(
          ['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sid', 'sub'].sort()
        )
        expect((await get(`${trio.resource.url}/me`, accessToken)).status).toBe(200)
      }
    )

    test('a client with a secret gets one too, with less scope and audience if it asks for that', async () => {
      const { client_id: id, client_secret: secret } = await newClient({ access_token_ttl_seconds: 60 })
      const parameters = { grant_type: 'client_credentials', scope: 'reports:read', resource: [audience] }
      const response = await token(parameters, basic(id, secret))
      expect(response).toMatchObject({ status: 200, body: { scope: 'reports:read', expires_in: 60 } })
      const claims = unverifiedClaims(response.body.access_token as string)
      expect(claims).toMatchObject({ aud: [audience], scope: 'reports:read' })
      expect(claims.exp - claims.iat).toBe(60)
    })

    test('more scope or audience than the client has is refused', async () => {
      const { client_id: id, client_secret: secret } = await newClient()
      const ask = (parameters: object) => token({ grant_type: 'client_credentials', ...parameters }, basic(id, secret))
      expectRefusal(await ask({ scope: 'reports:read admin' }), 400, 'invalid_scope')
      expectRefusal(await ask({ scope: 'reports:read  ' }), 400, 'invalid_scope')
      expectRefusal(await ask({ resource: other }), 400, 'invalid_target')
      expectRefusal(await ask({ resource: [audience, other] }), 400, 'invalid_target')
      expectRefusal(await ask({ resource: 'not-a-uri' }), 400, 'invalid_target')
      expectRefusal(await ask({ resource: `${audience}#fragment` }), 400, 'invalid_target')
    })

    test('a token of a client opens no account and no admin route', async () => {
      const { client_id: id, client_secret: secret } = await newClient({ scopes: ['account'] })
      const { body } = await token({ grant_type: 'client_credentials' }, basic(id, secret))
      for (const [method, path] of [
        ['GET', '/auth/me'],
        ['GET', '/auth/sessions'],
        ['POST', '/auth/logout-all'],
        ['GET', '/admin/users'],
        ['GET', '/admin/statistics']
      ]) {
        const headers = { Authorization: `Bearer ${body.access_token}` }
        const response = await send(at(path as string), { method: method as string, headers })
        expect({ path, status: response.status }).toEqual({ path, status: 403 })
      }
    })

    test('disabling a client refuses its tokens at once, and its next request', async () => {
      const { client_id: id, client_secret: secret } = await newClient()
      const { body } = await token({ grant_type: 'client_credentials' }, basic(id, secret))
      const accessToken = body.access_token as string
      expect((await get(`${trio.resource.url}/me`, accessToken)).status).toBe(200)
      const patch = (change: object) =>
        send(at(`/admin/clients/${id}`), {
          method: 'PATCH',
          headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
          body: JSON.stringify(change)
        })
      expect((await patch({ disabled: true })).status).toBe(200)
      await expect.poll(async () => (await get(`${trio.resource.url}/me`, accessToken)).status).toBe(401)
      expectRefusal(await token({ grant_type: 'client_credentials' }, basic(id, secret)), 401, 'invalid_client')
      expect((await patch({ disabled: false })).status).toBe(200)
      const again = await token({ grant_type: 'client_credentials' }, basic(id, secret))
      expect((await get(`${trio.resource.url}/me`, again.body.access_token)).status).toBe(200)
      expect((await get(`${trio.resource.url}/me`, accessToken)).status).toBe(401)
    })

    test('two secrets are valid at a time, so that one can be replaced', async () => {
      const { client_id: id, client_secret: first } = await newClient()
      const ask = async (secret: string) =>
        (await token({ grant_type: 'client_credentials' }, basic(id, secret))).status
      const add = async () => {
        const { status, body } = await post<{ client_secret: string }>(
          at(`/admin/clients/${id}/secrets`),
          undefined,
          admin
        )
        expect(status).toBe(201)
        return body.client_secret
      }
      const second = await add()
      expect([await ask(first), await ask(second)]).toEqual([200, 200])
      const third = await add()
      expect([await ask(first), await ask(second), await ask(third)]).toEqual([401, 200, 200])
      const headers = { Authorization: `Bearer ${admin}` }
      expect((await send(at(`/admin/clients/${id}/secrets/older`), { method: 'DELETE', headers })).status).toBe(204)
      expect([await ask(second), await ask(third)]).toEqual([401, 200])
      const [row] = await query<{ secret_hashes: string[] }>(database.url, 'SELECT * FROM clients WHERE id = $1', [id])
      expect(JSON.stringify(row)).not.toContain(third)
    })
  })

  describe('client authentication', () => {
    test('an assertion is valid once, whichever replica gets it', async () => {
      const { client_id: id } = await newKeyClient()
      const parameters = { grant_type: 'client_credentials', ...(await assert(id)) }
      const statuses = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const auth = trio.auths[n % trio.auths.length] ?? trio.auth
          return (await token(parameters, {}, auth)).status
        })
      )
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
      expect(statuses.filter((status) => status === 401)).toHaveLength(19)
    })

    test.each<[string, (id: string) => Parameters<typeof assert>[1]]>([
      ['another audience', () => ({ audience: 'https://another.test' })],
      ['this issuer beside another audience', () => ({ audience: [issuer, 'https://another.test'] })],
      ['an audience that only begins like this issuer', () => ({ audience: `${issuer}/` })],
      ['no jti', () => ({ claims: { jti: undefined } as never })],
      ['an exp that has passed', () => ({ claims: { exp: Math.floor(Date.now() / 1000) - 60 } })],
      ['an exp in more than an hour', () => ({ claims: { exp: Math.floor(Date.now() / 1000) + 3700 } })],
      ['no exp', () => ({ claims: { exp: undefined } as never })],
      ['another issuer', () => ({ claims: { iss: 'somebody-else' } })],
      ['the type of an access token', () => ({ header: { typ: 'at+jwt' } })],
      ['the type of a DPoP proof', () => ({ header: { typ: 'dpop+jwt' } })],
      ['the type of a logout token', () => ({ header: { typ: 'logout+jwt' } })]
    ])('an assertion with %s is refused', async (_, options) => {
      const { client_id: id } = await newKeyClient()
      const refused = await token({ grant_type: 'client_credentials', ...(await assert(id, options(id))) })
      expectRefusal(refused, 401, 'invalid_client')
      expect(refused.headers.get('WWW-Authenticate')).toMatch(/^Basic /)
      expect((await token({ grant_type: 'client_credentials', ...(await assert(id)) })).status).toBe(200)
    })

    test('the audience may be the issuer or its token endpoint, as a text or in a list, or both', async () => {
      const { client_id: id } = await newKeyClient()
      for (const name of [issuer, [issuer], `${issuer}/oauth/token`, [issuer, `${issuer}/oauth/token`]]) {
        const parameters = { grant_type: 'client_credentials', ...(await assert(id, { audience: name })) }
        expect((await token(parameters)).status).toBe(200)
      }
    })

    test('an unauthenticated client gets 401, and the log says why', async () => {
      const { client_id: id } = await newKeyClient()
      const withSecret = await newClient()
      const grant = { grant_type: 'client_credentials' }
      const stranger = await makeClientKey()
      const refusals = [
        token(grant),
        token({ ...grant, client_id: id }),
        token({ ...grant, client_id: 'nobody' }),
        token({ ...grant, client_id: withSecret.client_id, client_secret: withSecret.client_secret }),
        token(grant, basic(withSecret.client_id, `${withSecret.client_secret}x`)),
        token(grant, basic(id, 'secret')),
        token(grant, { Authorization: 'Basic %%%' }),
        token(grant, { Authorization: `Basic ${Buffer.from('no-colon').toString('base64')}` }),
        token(grant, { Authorization: `Bearer ${admin}` }),
        token({ ...grant, ...(await assert(id, {}, stranger)) }),
        token({ ...grant, ...(await assert(id)), client_id: withSecret.client_id }),
        token({ ...grant, ...(await assert(id)), client_assertion_type: 'urn:another' }),
        token({ ...grant, ...(await assert(withSecret.client_id)) }),
        token({
          ...grant,
          client_assertion: 'x.y.z',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
        }),
        token({
          ...grant,
          client_assertion: admin,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
        })
      ]
      for (const refused of await Promise.all(refusals)) expectRefusal(refused, 401, 'invalid_client')
      const both = await token(
        { ...grant, ...(await assert(id)) },
        basic(withSecret.client_id, withSecret.client_secret)
      )
      expectRefusal(both, 400, 'invalid_request')
      // The keys are the issuer's own: a token of the issuer signed by a client's key is none.
      const symmetric = await new SignJWT({
        iss: id,
        sub: id,
        aud: issuer,
        jti: 'x',
        exp: Math.floor(Date.now() / 1000) + 60
      })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(JSON.stringify(key.publicJwk)))
      const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
      expectRefusal(
        await token({ ...grant, client_assertion: symmetric, client_assertion_type: type }),
        401,
        'invalid_client'
      )
    })

    test('keys that a client publishes are fetched, and followed when they change', async () => {
      let keys = [key.publicJwk]
      let fetches = 0
      const server = createServer((_, response) => {
        fetches++
        response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys }))
      }).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      try {
        const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
        const { client_id: id } = await newClient({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: jwksUri })
        const ask = async (signer: ClientKey) =>
          (await token({ grant_type: 'client_credentials', ...(await assert(id, {}, signer)) })).status
        expect([await ask(key), await ask(key)]).toEqual([200, 200])
        expect(fetches).toBe(1)
        const next = await makeClientKey('RS256')
        keys = [next.publicJwk]
        await expect.poll(() => ask(next), { timeout: 10_000, interval: 500 }).toBe(200)
        expect(await ask(key)).toBe(401)
      } finally {
        server.closeAllConnections()
        server.close()
      }
      const { client_id: away } = await newClient({
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'http://127.0.0.1:9/jwks.json'
      })
      expectRefusal(
        await token({ grant_type: 'client_credentials', ...(await assert(away)) }),
        503,
        'temporarily_unavailable'
      )
    })
  })

  describe('the refresh_token grant', () => {
    test('rotates the token of the first-party client, also for one API alone', async () => {
      const first = await signIn(trio.auth.url, await register(trio.auth.url))
      const grant = { grant_type: 'refresh_token', client_id: 'countersign' }
      const response = await token({ ...grant, refresh_token: first.refresh_token, resource: audience })
      expect(response).toMatchObject({ status: 200, body: { token_type: 'Bearer' } })
      const claims = unverifiedClaims(response.body.access_token as string)
      expect(claims).toMatchObject({ aud: [audience], roles: [] })
      expect(claims).not.toHaveProperty('scope')
      const full = await token({ ...grant, refresh_token: response.body.refresh_token, scope: 'account' })
      expect(unverifiedClaims(full.body.access_token as string)).toMatchObject({ aud: [audience, issuer] })
    })

    test('scopes that the user does not hold are dropped; with none left it is refused, and rotates nothing', async () => {
      const { refresh_token: refreshToken } = await signIn(trio.auth.url, await register(trio.auth.url))
      const grant = { grant_type: 'refresh_token', client_id: 'countersign', refresh_token: refreshToken }
      expectRefusal(await token({ ...grant, scope: 'admin' }), 400, 'invalid_scope')
      expectRefusal(await token({ ...grant, resource: other }), 400, 'invalid_target')
      expect((await token({ ...grant, scope: 'account admin' })).body.scope).toBe('account')
    })

    test('a refresh token works only for its own client', async () => {
      const { refresh_token: refreshToken } = await signIn(trio.auth.url, await register(trio.auth.url))
      const { client_id: id, client_secret: secret } = await newClient({
        grant_types: ['client_credentials', 'refresh_token']
      })
      const stolen = await token({ grant_type: 'refresh_token', refresh_token: refreshToken }, basic(id, secret))
      expectRefusal(stolen, 400, 'invalid_grant')
      expect((await refresh(trio.auth.url, refreshToken)).status).toBe(200)
    })
  })

  describe('token exchange', () => {
    const exchange = (subjectToken: string, parameters: Record<string, string | string[]> = {}) => ({
      grant_type: tokenExchange,
      subject_token: subjectToken,
      subject_token_type: accessTokenUrn,
      ...parameters
    })
    const newActor = (client: Record<string, unknown> = {}) =>
      newClient({
        grant_types: [tokenExchange],
        scopes: ['account'],
        audiences: [issuer],
        resources: [audience],
        may_act_for: ['countersign'],
        ...client
      })

    test('a service gets a token to act for a user: never wider or longer than the one it was given', async () => {
      const user = await register(trio.auth.url)
      const { access_token: subjectToken } = await signIn(trio.auth.url, user)
      const { client_id: id, client_secret: secret } = await newActor({ access_token_ttl_seconds: 3600 })
      const response = await token(exchange(subjectToken), basic(id, secret))
      expect(response).toMatchObject({
        status: 200,
        body: { token_type: 'Bearer', issued_token_type: accessTokenUrn, scope: 'account' }
      })
      const subject = unverifiedClaims(subjectToken)
      const claims = unverifiedClaims(response.body.access_token as string)
      expect(claims).toMatchObject({
        sub: user.id,
        client_id: id,
        act: { sub: id },
        aud: [issuer],
        scope: 'account',
        sid: subject.sid,
        preferred_username: user.username
      })
      expect(claims.exp).toBe(subject.exp)
      expect((await get(at('/auth/me'), response.body.access_token)).body).toMatchObject({ username: user.username })
      expect((await get(`${trio.resource.url}/me`, response.body.access_token)).status).toBe(401)
    })

    test('it reads the account, and neither administers nor changes anything of it, not even for an admin', async () => {
      const { client_id: id, client_secret: secret } = await newActor()
      const acting = (await token(exchange(admin), basic(id, secret))).body.access_token as string
      expect(unverifiedClaims(acting)).toMatchObject({ act: { sub: id } })
      for (const [method, path, status] of [
        ['GET', '/auth/me', 200],
        ['GET', '/auth/sessions', 200],
        ['GET', '/admin/users', 403],
        ['GET', '/admin/statistics', 403],
        ['POST', '/admin/keys/rotate', 403],
        ['POST', '/auth/password', 403],
        ['POST', '/auth/logout', 403],
        ['POST', '/auth/logout-all', 403],
        ['DELETE', `/auth/sessions/${unverifiedClaims(admin).sid}`, 403]
      ] as const) {
        const response = await send(at(path), { method, headers: { Authorization: `Bearer ${acting}` } })
        expect({ path, status: response.status }).toEqual({ path, status })
      }
      expect((await get(at('/auth/me'), admin)).status).toBe(200)
    })

    test('it ends with the session of the user, and with the credentials of the one who acts', async () => {
      const { client_id: id, client_secret: secret } = await newActor()
      const user = await register(trio.auth.url)
      const one = await signIn(trio.auth.url, user)
      const acting = (await token(exchange(one.access_token), basic(id, secret))).body.access_token as string
      expect((await get(at('/auth/me'), acting)).status).toBe(200)
      await post(at('/auth/logout'), undefined, one.access_token)
      await expect.poll(async () => (await get(at('/auth/me'), acting)).status).toBe(401)

      const two = await signIn(trio.auth.url, user)
      const again = (await token(exchange(two.access_token), basic(id, secret))).body.access_token as string
      expect((await get(at('/auth/me'), again)).status).toBe(200)
      await send(at(`/admin/clients/${id}`), {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
        body: '{"disabled":true}'
      })
      await expect.poll(async () => (await get(at('/auth/me'), again)).status).toBe(401)
      expect((await get(at('/auth/me'), two.access_token)).status).toBe(200)
    })

    test('a client that is not the token audience, or may not act for that client, is refused', async () => {
      const { access_token: subjectToken, refresh_token: refreshToken } = await signIn(
        trio.auth.url,
        await register(trio.auth.url)
      )
      const ask = async (client: Record<string, unknown>, parameters: Record<string, string | string[]> = {}) => {
        const { client_id: id, client_secret: secret } = await newActor(client)
        return token(exchange(subjectToken, parameters), basic(id, secret))
      }
      expectRefusal(await ask({ may_act_for: ['another'] }), 400, 'invalid_request')
      expectRefusal(await ask({ grant_types: ['client_credentials'] }), 400, 'unauthorized_client')
      expectRefusal(await ask({}, { scope: 'account reports:read' }), 400, 'invalid_scope')
      expectRefusal(await ask({}, { resource: audience }), 400, 'invalid_target')
      expectRefusal(await ask({ audiences: [other] }), 400, 'invalid_target')
      expectRefusal(
        await ask({}, { requested_token_type: 'urn:ietf:params:oauth:token-type:jwt' }),
        400,
        'invalid_request'
      )
      expectRefusal(await ask({}, { actor_token: subjectToken }), 400, 'invalid_request')
      const { client_id: id, client_secret: secret } = await newActor()
      for (const bad of [refreshToken, `${subjectToken}x`, 'garbage']) {
        expectRefusal(await token(exchange(bad), basic(id, secret)), 400, 'invalid_request')
      }
      await post(at('/auth/logout'), undefined, subjectToken)
      await expect
        .poll(async () => (await token(exchange(subjectToken), basic(id, secret))).body.error)
        .toBe('invalid_request')
    })
  })

  describe('requests that are not well-formed', () => {
    test('are rejected as RFC 6749 requires', async () => {
      const { client_id: id, client_secret: secret } = await newClient()
      const headers = basic(id, secret)
      const url = at('/oauth/token')
      expectRefusal(await token({}, headers), 400, 'invalid_request')
      expectRefusal(
        await token({ grant_type: 'password', username: 'a', password: 'b' }, headers),
        400,
        'unsupported_grant_type'
      )
      expectRefusal(await token({ grant_type: 'authorization_code' }, headers), 400, 'unauthorized_client')
      expectRefusal(await token({ grant_type: 'toString' }, headers), 400, 'unsupported_grant_type')
      expectRefusal(await token({ grant_type: 'refresh_token' }, headers), 400, 'unauthorized_client')
      expectRefusal(
        await token('grant_type=client_credentials&grant_type=client_credentials', headers),
        400,
        'invalid_request'
      )
      expectRefusal(await token('grant_type=client_credentials&scope=a&scope=b', headers), 400, 'invalid_request')
      expectRefusal(await token('scope=&grant_type=client_credentials&scope=b', headers), 400, 'invalid_request')
      expectRefusal(await token('grant_type=client_credentials&scope=%ff', headers), 400, 'invalid_request')
      expectRefusal(await token('grant_type=client_credentials&scope=%0', headers), 400, 'invalid_request')
      expectRefusal(await token('grant_type=client_credentials&scope=%00', headers), 400, 'invalid_request')
      expectRefusal(await token(`x=1&`.repeat(60), headers), 400, 'invalid_request')
      expectRefusal(await token(`scope=${'a'.repeat(20_000)}`, headers), 413, 'payload_too_large')
      expect((await token('grant_type=client_credentials&scope=&unknown=1&__proto__=x', headers)).status).toBe(200)
      const json = await send(url, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: '{"grant_type":"client_credentials"}'
      })
      expectRefusal(json as never, 415, 'unsupported_media_type')
      expect((await send(url, { method: 'GET' })).status).toBe(405)
    })
  })
})
