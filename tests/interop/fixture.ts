import { randomBytes, randomUUID } from 'node:crypto'
import type { TokenResponse } from '@countersign/oauth'
import { createTestDatabase, createTestRedis, startTcpProxy, type TestDatabase } from '@countersign/testing'
import {
  type ClientKey,
  type Credentials,
  createClient,
  dpopProof,
  query,
  send,
  signIn,
  startTrio,
  type Trio
} from '@countersign/testing/trio'
import { type CryptoKey, decodeProtectedHeader, importJWK, SignJWT } from 'jose'
import { inject } from 'vitest'
import { createKeySealing } from '../../services/auth-service/src/keys/key-sealing.ts'
import { createMasterKey } from '../../services/auth-service/src/keys/master-keys.ts'

/** The real services behind URLs that libraries can begin at: the issuer's, and the API's. */
export interface Fixture {
  readonly issuer: string
  /** What the API is called in tokens; also where it is. */
  readonly audience: string
  readonly trio: Trio
  readonly database: TestDatabase
  /** An access token of the first admin. */
  signInAdmin(): Promise<string>
  /** Registers a client as an admin does: by HTTP Basic, and for both audiences by default. */
  newClient(client?: Record<string, unknown>): ReturnType<typeof createClient>
  /**
   * Signs with the issuer's own key, which is possible to nobody but the holder of the master key. Without changes it is an
   * access token that every service accepts; a member that is `undefined` is left out.
   */
  signAsIssuer(claims?: object, header?: object): Promise<string>
  /** The key that the issuer signs with. */
  openSigningKey(): Promise<{ kid: string; privateKey: CryptoKey }>
  stop(): Promise<void>
}

/**
 * @param env for both services; `issuerPath` and `audiencePath` come after host and port
 * @param ownRedisUrl a Redis for a test that breaks it
 */
export async function startFixture({
  env = {},
  issuerPath = '',
  audiencePath = '',
  ownRedisUrl
}: {
  env?: Record<string, string>
  issuerPath?: string
  audiencePath?: string
  ownRedisUrl?: string
} = {}): Promise<Fixture> {
  const database = await createTestDatabase()
  const redisUrl = ownRedisUrl ?? (inject('docker') ? await createTestRedis() : undefined)
  // Both URLs have to be known before the services start.
  const [auth, api] = [await proxy(), await proxy()]
  const [issuer, audience] = [`${auth.origin}${issuerPath}`, `${api.origin}${audiencePath}`]
  const masterKey = randomBytes(32)
  const trio = await startTrio({
    databaseUrl: database.url,
    redisUrl,
    env: {
      ISSUER: issuer,
      API_AUDIENCE: audience,
      COUNTERSIGN_MASTER_KEY: masterKey.toString('base64'),
      REGISTRATIONS_PER_ADDRESS: '1000',
      ...env
    }
  })
  auth.retarget(trio.auth.url)
  api.retarget(trio.resource.url)
  const signInAdmin = async () =>
    (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
  const openSigningKey = async () => {
    const { kid = '' } = decodeProtectedHeader(await signInAdmin())
    const [row] = await query<{ sealed: string }>(
      database.url,
      'SELECT sealed_private_jwk AS sealed FROM signing_keys WHERE kid = $1',
      [kid]
    )
    const jwk = await createKeySealing([createMasterKey(masterKey)]).open(kid, row?.sealed as string)
    return { kid, privateKey: (await importJWK(jwk, 'RS256')) as CryptoKey }
  }
  return {
    issuer,
    audience,
    trio,
    database,
    signInAdmin,
    newClient: async (client = {}) =>
      createClient(trio.auth.url, await signInAdmin(), {
        token_endpoint_auth_method: 'client_secret_basic',
        scopes: ['jobs:read', 'jobs:write'],
        audiences: [audience, issuer],
        ...client
      }),
    openSigningKey,
    async signAsIssuer(claims, header) {
      const { kid, privateKey } = await openSigningKey()
      const now = Math.floor(Date.now() / 1000)
      const good = {
        iss: issuer,
        sub: randomUUID(),
        aud: [audience, issuer],
        client_id: 'countersign',
        iat: now,
        exp: now + 600,
        jti: randomUUID(),
        sid: randomUUID(),
        scope: 'account',
        roles: []
      }
      return new SignJWT({ ...good, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'at+jwt', ...header })
        .sign(privateKey)
    },
    async stop() {
      await Promise.all([auth.close(), api.close()])
      await trio.stop()
      await database.drop()
    }
  }
}

async function proxy() {
  const { port, retarget, close } = await startTcpProxy({ target: 'http://127.0.0.1:1' })
  return { origin: `http://127.0.0.1:${port}`, retarget, close }
}

/** Signs in as a client of RFC 9449 does: with a proof, and with the nonce if one is wanted. */
export async function signInWithProof(
  { issuer }: Fixture,
  { username, password }: Credentials,
  key: ClientKey
): Promise<TokenResponse> {
  const url = `${issuer}/auth/login`
  let nonce: string | undefined
  for (;;) {
    const proof = await dpopProof(key, { url, claims: nonce === undefined ? {} : { nonce } })
    const response = await send<TokenResponse & { error?: string }>(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', DPoP: proof },
      body: JSON.stringify({ username, password })
    })
    if (response.status === 200) return response.body
    if (response.body.error !== 'use_dpop_nonce' || nonce)
      throw new Error(`login responded with ${response.body.error}`)
    nonce = response.headers.get('DPoP-Nonce') as string
  }
}
