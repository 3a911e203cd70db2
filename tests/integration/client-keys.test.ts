import { createHash, generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  assertionType,
  audience,
  type ClientKey,
  clientAssertion,
  createClient,
  issuer,
  makeClientKey,
  postForm,
  type ServiceProcess,
  signIn,
  startTrio,
  type Trio
} from '@countersign/testing/trio'
import type { JWK } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'

describe('keys that a client publishes at its jwks_uri', () => {
  let database: TestDatabase
  let trio: Trio
  let key: ClientKey
  let server: Server
  let jwksUri: string
  let connections: number
  let document: unknown

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl, resourceReplicas: 0 })
    key = await makeClientKey()
    server = createServer((_, response) => void response.end(JSON.stringify(document)))
      .on('connection', () => connections++)
      .listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
  })
  afterAll(async () => {
    server?.closeAllConnections()
    server?.close()
    await trio?.stop()
    await database?.drop()
  })
  beforeEach(() => {
    connections = 0
  })

  /** A separate client for each test: the issuer caches what it has fetched. */
  const newClient = async () => {
    const admin = await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })
    return createClient(trio.auth.url, admin.access_token, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: jwksUri,
      audiences: [audience]
    })
  }
  const ask = (assertion: Record<string, string>, auth: ServiceProcess = trio.auth) =>
    postForm(`${auth.url}/oauth/token`, { grant_type: 'client_credentials', ...assertion })

  test('an RSA key with e = 1 opens nothing: its signatures need no private key', async () => {
    const { client_id: id } = await newClient()
    const { n } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
    document = { keys: [{ kty: 'RSA', n, e: 'AQ', kid: 'one' }, key.publicJwk] }
    const forged = await ask(forgedAssertion(id, 'one'))
    expect(forged).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    // The good key beside it still works, and the log names the bad one.
    expect((await ask(await clientAssertion(key, { clientId: id, audience: issuer }))).status).toBe(200)
    const line = trio.logs().match(/.*published keys of a client are not used.*/g)
    expect(line).toHaveLength(1)
    expect(JSON.parse(line?.[0] as string)).toMatchObject({
      level: 'warn',
      client_id: id,
      refused: [{ kid: 'one', fault: 'weak' }]
    })
  })

  test('a key that turns bad is refused at the next fetch', async () => {
    const { client_id: id } = await newClient()
    document = { keys: [key.publicJwk] }
    const assert = async (signer: ClientKey) =>
      (await ask(await clientAssertion(signer, { clientId: id, audience: issuer }))).status
    expect(await assert(key)).toBe(200)
    const next = await makeClientKey()
    document = { keys: [{ ...next.publicJwk, d: 'AQ' } as JWK] }
    // Its unknown kid causes the fetch, at the earliest two seconds after the one before.
    await expect
      .poll(async () => [await assert(next), connections], { timeout: 10_000, interval: 500 })
      .toEqual([401, 2])
    expect(await assert(key)).toBe(401)
  })

  test.each([
    ['no key set', { keys: 'none' }],
    ['more than 20 keys', { keys: Array.from({ length: 21 }, () => ({})) }]
  ])('%s is refused as a whole, with 503 until it is mended', async (_, refused) => {
    const { client_id: id } = await newClient()
    document = refused
    const response = await ask(await clientAssertion(key, { clientId: id, audience: issuer }))
    expect(response).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
  })

  test.runIf(inject('docker'))(
    'a private address is not connected to unless OUTBOUND_PRIVATE_NETWORKS=allow',
    async () => {
      const { client_id: id } = await newClient()
      document = { keys: [key.publicJwk] }
      const strict = await trio.startAuth({ OUTBOUND_PRIVATE_NETWORKS: 'refuse' })
      const response = await ask(await clientAssertion(key, { clientId: id, audience: issuer }), strict)
      expect(response).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
      expect(connections).toBe(0)
      await expect.poll(() => strict.logs()).toContain('the host has no public address')
      expect((await ask(await clientAssertion(key, { clientId: id, audience: issuer }))).status).toBe(200)
      expect(connections).toBe(1)
    }
  )
})

/** With e = 1 a message is its own signature (RFC 8017 §9.2), so no private key is needed to make one. */
function forgedAssertion(clientId: string, kid: string) {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: clientId, sub: clientId, aud: issuer, exp: now + 60, jti: 'forged' }
  const input = `${encode({ alg: 'RS256', kid })}.${encode(claims)}`
  const digestInfo = Buffer.concat([
    Buffer.from('3031300d060960864801650304020105000420', 'hex'),
    createHash('sha256').update(input).digest()
  ])
  const padding = Buffer.alloc(256 - digestInfo.length - 3, 0xff)
  const signature = Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), digestInfo])
  return { client_assertion_type: assertionType, client_assertion: `${input}.${signature.toString('base64url')}` }
}
