import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { createTestDatabase, createTestRedis, findLastingPort, type TestDatabase } from '@countersign/testing'
import {
  basic,
  type ClientKey,
  clientAssertion,
  createClient,
  get,
  makeClientKey,
  post,
  postForm,
  query,
  register,
  type ServiceProcess,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims,
  usedSecrets
} from '@countersign/testing/trio'
import { createAccessTokenVerifier } from '@countersign/verifier'
import { exportJWK, exportPKCS8 } from 'jose'
import { Issuer } from 'openid-client-5'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { python } from './follower-process.ts'
import { hasPython } from './page-examples.ts'

const authlib = `
import os, json
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
endpoint = os.environ['TOKEN_ENDPOINT']
session = OAuth2Session(os.environ['CLIENT_ID'], os.environ['PRIVATE_KEY'], token_endpoint_auth_method=PrivateKeyJWT(endpoint))
print(json.dumps(session.fetch_token(endpoint, grant_type='client_credentials')))
`

/** An issuer and an API whose names end with a slash, and software of other people. */
describe.skipIf(!inject('docker'))('neighbours', () => {
  let database: TestDatabase
  let redisUrl: string
  let trio: Trio
  let auth: ServiceProcess
  let admin: string
  let key: ClientKey
  const audience = 'https://api.example.com/'
  let issuer: string

  beforeAll(async () => {
    database = await createTestDatabase()
    redisUrl = await createTestRedis()
    const port = await findLastingPort()
    issuer = `http://127.0.0.1:${port}/`
    const env = { ISSUER: issuer, API_AUDIENCE: audience }
    trio = await startTrio({ databaseUrl: database.url, redisUrl, env })
    auth = await trio.startAuth({ PORT: String(port) })
    admin = (await signIn(auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    key = await makeClientKey()
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const newKeyClient = (client: Record<string, unknown> = {}) =>
    createClient(auth.url, admin, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.publicJwk] },
      audiences: [audience],
      ...client
    })

  describe('identifiers with a slash at the end', () => {
    test('are the same in tokens, metadata, library and services', async () => {
      const { access_token: token } = await signIn(auth.url, await register(auth.url))
      expect(unverifiedClaims(token)).toMatchObject({ iss: issuer, aud: [audience, issuer] })
      const metadata = await get<Record<string, string>>(`${auth.url}/.well-known/oauth-authorization-server`)
      expect(metadata.body).toMatchObject({
        issuer,
        token_endpoint: `${issuer}oauth/token`,
        jwks_uri: `${issuer}.well-known/jwks.json`
      })
      expect((await get(`${trio.resource.url}/me`, token)).status).toBe(200)
      expect((await get(`${auth.url}/auth/me`, token)).status).toBe(200)
      const verifier = createAccessTokenVerifier({ issuer, audience, revocations: null })
      onTestFinished(() => verifier.close())
      expect((await verifier.verify(token)).iss).toBe(issuer)
    })

    test('are refused at the start over sessions of before, whose tokens have no slash', async () => {
      const other = await createTestDatabase()
      onTestFinished(() => other.drop())
      const before = await startTrio({ databaseUrl: other.url, redisUrl: await createTestRedis() })
      onTestFinished(() => before.stop())
      await signIn(before.auth.url, await register(before.auth.url))
      await expect(before.startAuth({ ISSUER: `${before.issuer}/` })).rejects.toThrow(
        `ISSUER ends with a slash, which earlier versions dropped: there are sessions whose tokens name ${before.issuer}.`
      )
    })
  })

  describe('keys of clients', () => {
    test('unneeded parts of a key set are ignored: certificates, an unused curve, one kid for two types', async () => {
      const other = await exportJWK(createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey))
      const rsa = await makeClientKey('RS256')
      const certificate = 'A'.repeat(2316)
      const keys = [
        { ...key.publicJwk, kid: 'one', x5c: [certificate], 'x5t#S256': 'x', oth_er: { deep: [{ er: 1 }] } },
        { ...other, kid: 'two' },
        { ...rsa.publicJwk, kid: 'one' }
      ]
      const { client_id: id, jwks } = await newKeyClient({ jwks: { keys } })
      expect(JSON.stringify(jwks)).not.toContain('AAAA')
      for (const signer of [key, rsa]) {
        const named = { ...signer, publicJwk: { ...signer.publicJwk, kid: 'one' } }
        expect(await askWith(id, named)).toBe(200)
      }
    })

    test('a private key among them is refused, and so is a set without a key of use', async () => {
      const secret = { ...key.publicJwk, kid: 'other', d: 'AA' }
      const p384 = await exportJWK(createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey))
      for (const keys of [[key.publicJwk, secret], [p384]]) {
        await expect(newKeyClient({ jwks: { keys } })).rejects.toThrow(/responded with 400/)
      }
    })
  })

  describe('audiences', () => {
    test.each(['my-api', 'urn:rabbitmq', 'https://api.example.com/a?b=c'])('%s may be one', async (name) => {
      const client = await newKeyClient({
        audiences: [name],
        token_endpoint_auth_method: 'client_secret_basic',
        jwks: undefined
      })
      const response = await postForm(
        `${auth.url}/oauth/token`,
        { grant_type: 'client_credentials', resource: name },
        basic(client.client_id, client.client_secret)
      )
      expect(unverifiedClaims(response.body.access_token as string).aud).toEqual([name])
    })

    test.each(['', 'my api', 'a"b', 'https://api.example.com/#x', 'ä', 'x'.repeat(513)])('%j may not', async (name) => {
      const body = {
        client_id: 'x',
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['client_credentials']
      }
      const response = await post(`${auth.url}/admin/clients`, { ...body, audiences: [name] }, admin)
      expect(response).toMatchObject({
        status: 400,
        body: {
          issues: [{ path: 'audiences.0', message: expect.stringContaining('1 to 512 printable ASCII characters') }]
        }
      })
    })
  })

  describe('e-mail addresses', () => {
    test.each([
      'user@example.xn--fiqs8s',
      'почта@пример.рф',
      'a+b.c@sub.example.museum',
      'dots..before.@docomo.ne.jp',
      "o'brien@example.ie",
      'root@intranet'
    ])('%s is taken', async (email) => {
      const credentials = {
        username: `mail-${Math.random().toString(36).slice(2)}`,
        password: 'a long enough password'
      }
      const response = await post(`${auth.url}/auth/register`, { ...credentials, email })
      expect(response.status).toBe(201)
      const [row] = await query(database.url, 'SELECT email FROM users WHERE username = $1', [credentials.username])
      expect(row).toEqual({ email })
    })

    test.each([
      'nobody',
      '@example.com',
      'a@',
      'a@b@c',
      'a b@example.com',
      'a@exa mple.com',
      'a@-x.example',
      'a@x..example',
      'a@127.0.0.1',
      'a@[::1]',
      `${'x'.repeat(65)}@example.com`,
      `a@${'x'.repeat(64)}.example`,
      `a@${`${'x'.repeat(60)}.`.repeat(5)}example`,
      'a\n@example.com',
      '"quoted name"@example.com'
    ])('%j is not', async (email) => {
      const credentials = { username: 'mail-none', password: 'a long enough password' }
      const response = await post(`${auth.url}/auth/register`, { ...credentials, email })
      expect(response).toMatchObject({ status: 400, body: { issues: [{ path: 'email' }] } })
    })
  })

  test('openid-client 5 gets a token: it names the issuer and the token endpoint in one assertion', async () => {
    const { client_id: id } = await newKeyClient()
    const { metadata } = new Issuer({ issuer, token_endpoint: `${issuer}oauth/token` })
    const { Client } = new Issuer(metadata)
    const privateJwk = { ...(await exportJWK(key.privateKey)), kid: key.publicJwk.kid, alg: 'ES256' }
    const settings = {
      client_id: id,
      token_endpoint_auth_method: 'private_key_jwt' as const,
      token_endpoint_auth_signing_alg: 'ES256'
    }
    const client = new Client(settings, { keys: [privateJwk as never] })
    const { access_token: token = '' } = await client.grant({ grant_type: 'client_credentials' })
    usedSecrets.add(token)
    expect(unverifiedClaims(token)).toMatchObject({ client_id: id, aud: [audience] })
  })

  test.skipIf(!hasPython('authlib', 'requests'))(
    'stock Authlib gets a token: its assertions live for an hour',
    async () => {
      const rsa = await makeClientKey('RS256')
      const { client_id: id } = await newKeyClient({ jwks: { keys: [rsa.publicJwk] } })
      const env = {
        TOKEN_ENDPOINT: `${issuer}oauth/token`,
        CLIENT_ID: id,
        PRIVATE_KEY: await exportPKCS8(rsa.privateKey),
        AUTHLIB_INSECURE_TRANSPORT: '1'
      }
      const { access_token: token } = JSON.parse(execFileSync(python, ['-c', authlib], { env, encoding: 'utf8' }))
      usedSecrets.add(token)
      expect(unverifiedClaims(token)).toMatchObject({ client_id: id, aud: [audience] })
    }
  )

  test('an assertion that lives for longer is refused, and the response names exp', async () => {
    const { client_id: id } = await newKeyClient()
    const exp = Math.floor(Date.now() / 1000) + 7200
    const assertion = await clientAssertion(key, { clientId: id, audience: issuer, claims: { exp } })
    const response = await postForm(`${auth.url}/oauth/token`, { grant_type: 'client_credentials', ...assertion })
    expect(response).toMatchObject({
      status: 401,
      body: {
        error: 'invalid_client',
        error_description: 'The client assertion is refused: exp is more than 3600 seconds away.'
      }
    })
  })

  async function askWith(clientId: string, signer: ClientKey): Promise<number> {
    const assertion = await clientAssertion(signer, { clientId, audience: issuer })
    return (await postForm(`${auth.url}/oauth/token`, { grant_type: 'client_credentials', ...assertion })).status
  }
})
