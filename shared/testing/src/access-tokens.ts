/** Real tokens for tests: signed by a real key, in the form of the issuer's. */
import { generateKeyPair, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { type Clock, createLocalKeySet, type LocalKeySet, systemClock } from '@countersign/verifier'

/** A member that is `undefined` is left out. */
export type Overrides = Readonly<Record<string, unknown>>

export interface TestIssuerOptions {
  /** Default `https://auth.example.com`. */
  readonly issuer?: string
  /** Default `https://api.example.com`. */
  readonly audience?: string
  readonly clock?: Clock
}

/** A public key as the issuer publishes it. */
export interface TestJwk {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
  readonly use: 'sig'
  readonly alg: 'RS256'
  readonly kid: string
}

export interface TestIssuer {
  readonly issuer: string
  readonly audience: string
  /** The `kid` that signs now. */
  readonly kid: string
  /** A key source that holds the published keys. */
  readonly keySource: LocalKeySet
  /** The published key set. */
  jwks(): { keys: TestJwk[] }
  /** A token; always signed by RS256 with the key that signs now, whatever the header says. */
  mint(claims?: Overrides, header?: Overrides): string
  /** A token of any two texts. */
  mintRaw(header: string, payload: string): string
  /** Signs with a new key from now on, and returns its `kid`. The old one stays published. */
  rotate(): Promise<string>
  /** Takes a key out of the published set. */
  withdraw(kid: string): Promise<void>
  /** Serves the key set on 127.0.0.1. */
  startServer(): Promise<TestIssuerServer>
}

export interface TestIssuerServer {
  readonly jwksUri: string
  /** How many requests came. */
  readonly requests: number
  /** Answers 503 while true. */
  isDown: boolean
  close(): Promise<void>
}

interface TestKey {
  readonly privateKey: KeyObject
  readonly jwk: TestJwk
}

/** Makes an issuer with one key. */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { issuer = 'https://auth.example.com', audience = 'https://api.example.com', clock = systemClock } = options
  const keySource = createLocalKeySet({ clock })
  let current = await createKey()
  let published = [current]
  const jwks = () => ({ keys: published.map(({ jwk }) => jwk) })
  await keySource.replace(jwks())

  const mintRaw = (header: string, payload: string): string => {
    const input = `${base64url(header)}.${base64url(payload)}`
    return `${input}.${sign('RSA-SHA256', Buffer.from(input), current.privateKey).toString('base64url')}`
  }
  const issuerClaims = () => {
    const iat = Math.floor(clock.now() / 1000)
    return {
      iss: issuer,
      sub: 'user-1',
      aud: [audience, issuer],
      client_id: 'web',
      iat,
      exp: iat + 600,
      jti: randomUUID(),
      sid: 'session-1',
      scope: 'openid profile',
      roles: ['user'],
      preferred_username: 'ada'
    }
  }

  return {
    issuer,
    audience,
    get kid() {
      return current.jwk.kid
    },
    keySource,
    jwks,
    mint: (claims = {}, header = {}) =>
      mintRaw(
        JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: current.jwk.kid, ...header }),
        JSON.stringify({ ...issuerClaims(), ...claims })
      ),
    mintRaw,
    async rotate() {
      current = await createKey()
      published = [...published, current]
      await keySource.replace(jwks())
      return current.jwk.kid
    },
    async withdraw(kid) {
      published = published.filter(({ jwk }) => jwk.kid !== kid)
      await keySource.replace(jwks())
    },
    startServer: () => startServer(jwks)
  }
}

async function startServer(jwks: () => unknown): Promise<TestIssuerServer> {
  let requests = 0
  const state = { isDown: false }
  const server = createServer((_, response) => {
    requests++
    response.writeHead(state.isDown ? 503 : 200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'public, max-age=300'
    })
    response.end(JSON.stringify(state.isDown ? {} : jwks()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    jwksUri: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    get requests() {
      return requests
    },
    get isDown() {
      return state.isDown
    },
    set isDown(isDown) {
      state.isDown = isDown
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

async function createKey(): Promise<TestKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const { n, e } = publicKey.export({ format: 'jwk' })
  if (n === undefined || e === undefined) throw new Error('not an RSA key')
  return { privateKey, jwk: { kty: 'RSA', n, e, use: 'sig', alg: 'RS256', kid: randomUUID() } }
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
