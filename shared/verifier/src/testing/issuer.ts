import { randomUUID } from 'node:crypto'
import { type AccessTokenClaims, accessTokenType, signingAlgorithm } from '../access-token-profile.ts'
import { type Clock, systemClock } from '../clock.ts'
import { createLocalKeySet, type LocalKeySet } from '../keys/local-key-set.ts'
import type { RevocationOptions } from '../revocation/revocations.ts'
import { createTestDenylist, type TestRevocation } from './revocations.ts'
import { createSigningKey, type TestJwk } from './signing-key.ts'

/** What a test issuer is called, and what time it is. */
export interface TestIssuerOptions {
  /** Default `https://auth.example.com`. */
  readonly issuer?: string | undefined
  /** The `aud` of its tokens. Default `https://api.example.com`. */
  readonly audience?: string | undefined
  /** Default: the system's. `createTestClock` makes one that a test can move. */
  readonly clock?: Clock | undefined
}

/** Claims to set, of any value, since a test may want a wrong one. A claim that is `undefined` is left out. */
export type TestClaims = { readonly [claim in keyof AccessTokenClaims]?: unknown } & Readonly<Record<string, unknown>>

/** Members of the header to set. One that is `undefined` is left out. */
export type TestHeader = Readonly<Record<string, unknown>>

/** The options of a verifier that trusts a test issuer. */
export interface TestVerifierOptions {
  readonly issuer: string
  readonly audience: string
  readonly keys: LocalKeySet
  readonly revocations: RevocationOptions
  readonly clock: Clock
}

/** An issuer inside the process of a test. */
export interface TestIssuer {
  readonly issuer: string
  readonly audience: string
  /** The `kid` that signs now. */
  readonly kid: string
  /** A key source that holds the published keys. */
  readonly keySource: LocalKeySet
  /** The published key set. */
  jwks(): { keys: TestJwk[] }
  /** For `createAccessTokenVerifier`. Each call makes options for one more verifier. */
  verifierOptions(): TestVerifierOptions
  /** Makes a token that lives for ten minutes, with these claims over the usual ones. It is signed by RS256, whatever the header says. */
  mint(claims?: TestClaims, header?: TestHeader): string
  /** Makes a token that names the issuer's key, signed by a key that the issuer does not have. */
  forge(claims?: TestClaims, header?: TestHeader): string
  /** Signs any two texts as header and payload. */
  mintRaw(header: string, payload: string): string
  /**
   * Revokes by `jti`, `sid` or `kid`. A client's tokens are revoked by the `sid` that they have.
   *
   * @throws {TypeError} when none is named.
   */
  revoke(revocation: TestRevocation): void
  /** Cuts the verifiers off from revocations: they respond 503 once `maxStalenessSeconds` have passed by the clock. */
  interruptRevocations(): void
  /** Ends the interruption, and sends what was revoked meanwhile. */
  resumeRevocations(): void
  /** Signs with a new key from now on, and returns its `kid`. The old one stays published. */
  rotate(): Promise<string>
  /** Removes a key from the published set. */
  withdraw(kid: string): Promise<void>
}

/**
 * Makes an issuer with one key, for tests. Verifiers with its options need no network.
 *
 * @example
 * ```ts
 * const issuer = await createTestIssuer()
 * const verifier = createAccessTokenVerifier(issuer.verifierOptions())
 * const claims = await verifier.verify(issuer.mint({ sub: 'ada' }))
 * issuer.revoke({ jti: claims.jti })
 * ```
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { issuer = 'https://auth.example.com', audience = 'https://api.example.com', clock = systemClock } = options
  const [firstKey, strangersKey] = await Promise.all([createSigningKey(), createSigningKey()])
  const keySource = createLocalKeySet({ clock })
  const denylist = createTestDenylist(clock)
  let current = firstKey
  let published = [current]
  const jwks = () => ({ keys: published.map(({ jwk }) => jwk) })
  await keySource.replace(jwks())

  const headerOf = (header: TestHeader) =>
    JSON.stringify({ alg: signingAlgorithm, typ: accessTokenType, kid: current.jwk.kid, ...header })
  const payloadOf = (claims: TestClaims) =>
    JSON.stringify({ ...usualClaims({ issuer, audience, now: clock.now() }), ...claims })

  return {
    issuer,
    audience,
    get kid() {
      return current.jwk.kid
    },
    keySource,
    jwks,
    verifierOptions: () => ({ issuer, audience, keys: keySource, revocations: denylist.options(), clock }),
    mint: (claims = {}, header = {}) => current.sign(headerOf(header), payloadOf(claims)),
    forge: (claims = {}, header = {}) => strangersKey.sign(headerOf(header), payloadOf(claims)),
    mintRaw: (header, payload) => current.sign(header, payload),
    revoke: denylist.revoke,
    interruptRevocations: denylist.interrupt,
    resumeRevocations: denylist.resume,
    async rotate() {
      current = await createSigningKey()
      published = [...published, current]
      await keySource.replace(jwks())
      return current.jwk.kid
    },
    async withdraw(kid) {
      published = published.filter(({ jwk }) => jwk.kid !== kid)
      await keySource.replace(jwks())
    }
  }
}

/** What tokens have unless a test wants something else. */
function usualClaims({ issuer, audience, now }: { issuer: string; audience: string; now: number }): AccessTokenClaims {
  const iat = Math.floor(now / 1000)
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
