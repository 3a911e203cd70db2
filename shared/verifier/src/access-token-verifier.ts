import {
  actorSessions,
  type anyAudience,
  type ClaimExpectations,
  checkTimes,
  parseClaims,
  type VerifiedAccessToken
} from './access-token-claims.ts'
import type { Clock } from './clock.ts'
import { type CompactJws, createCompactJwsParser } from './compact-jws.ts'
import { TokenUnknownKeyError } from './errors.ts'
import type { Fetch } from './fetch-key-set.ts'
import type { KeySource, KeySourceStatus, VerificationKey } from './key-source.ts'
import type { VerifierLogger } from './logger.ts'
import type { DpopOptions, DpopPresentation } from './proof-of-possession.ts'
import type { RevocationKind } from './revocation-entry.ts'
import type { RevocableIdentifiers } from './revocation-feed.ts'
import type { RevocationStatus } from './revocation-view.ts'
import type { RevocationOptions, StalePolicy } from './revocations.ts'
import { show } from './set-up-warnings.ts'
import { verifySignature } from './signature.ts'
import { createTokenCache, type TokenCache } from './token-cache.ts'
import { readVerifierOptions } from './verifier-options.ts'

/** Whose tokens are taken, and what they are checked against. */
export interface AccessTokenVerifierOptions {
  /** The issuer's identifier: what tokens have in `iss`, character by character. */
  readonly issuer: string
  /** This service's identifier, or several: a token's `aud` has to hold one of them. */
  readonly audience: string | readonly string[] | typeof anyAudience
  /** Where revoked tokens are heard of. `null`, spelled out, accepts revoked tokens until they expire. */
  readonly revocations: RevocationOptions | null
  /** Where the issuer publishes its keys. Default `<issuer>/.well-known/jwks.json`. */
  readonly jwksUri?: string | undefined
  /** A key source of one's own instead of `jwksUri`. It stays its owner's to close. */
  readonly keys?: KeySource | undefined
  /** For `exp`, `iat` and `nbf`, in seconds, from 0 to 60. Default 5. */
  readonly clockToleranceSeconds?: number | undefined
  /** How long keys serve while the issuer is away, in seconds, from 60 to 604800. Default 86400. */
  readonly maxStaleKeysSeconds?: number | undefined
  /** How DPoP proofs are taken. Tokens that are bound to a key need one, whatever stands here. */
  readonly dpop?: DpopOptions | undefined
  /**
   * How many verified tokens are cached at most, from 0 to 1000000; of those that were used last at least half as many
   * are. Default 10000.
   */
  readonly cacheSize?: number | undefined
  /** Called for each revocation that arrives live, with the seconds from its publication until it is known here. */
  readonly onPropagated?: ((seconds: number) => void) | undefined
  /** Default: the system's. */
  readonly clock?: Clock | undefined
  /** Fetches the key set. Default: the platform's. */
  readonly fetch?: Fetch | undefined
  /** Told of changes in keys and denylist, and of what a wrong set-up looks like. Default: its warnings go to the console. */
  readonly logger?: VerifierLogger | undefined
}

/** How one token is verified. */
export interface VerifyOptions {
  /** Another policy than the verifier's own, for this token. */
  readonly whenStale?: StalePolicy | undefined
  /**
   * The request, when it presents the token under the scheme `DPoP` (RFC 9449 §7.1). Absent for a bearer token: one that
   * is bound to a key is then refused. `null`, spelled out, asks for no proof: for who reads tokens that are not presented
   * to it, as introspection does.
   */
  readonly dpop?: DpopPresentation | null | undefined
}

/** Plain facts for health and metrics. */
export interface AccessTokenVerifierStatus {
  /** The key set. */
  readonly keys: KeySourceStatus
  /** `null` when revocation is switched off. */
  readonly revocations: RevocationStatus | null
  /** How many verified tokens are cached. */
  readonly cachedTokens: number
}

/** Verifies the access tokens of one issuer for one service. */
export interface AccessTokenVerifier {
  /**
   * Verifies an access token (RFC 9068 §4) and resolves to its claims, deeply frozen.
   *
   * @throws {VerifierError} with the code of what is wrong: with the token, or with what is needed to know.
   * @throws {TypeError} when the token is not a string.
   */
  verify(token: string, options?: VerifyOptions): Promise<VerifiedAccessToken>
  /**
   * Does the same at once for a bearer token that this verifier has cached: `undefined` when it takes `verify` to know, since
   * the token is not cached, is bound to a key, or its revocation has to be asked for. What `requireAccessToken` tries
   * first, so that the common request waits for nothing.
   *
   * @throws {VerifierError} as `verify` rejects.
   */
  getCached(token: string, options?: Pick<VerifyOptions, 'whenStale'>): VerifiedAccessToken | undefined
  /** Resolves once there are keys and the revocation view is complete; rejects when closed before. Waits for both. */
  ready(): Promise<void>
  /** Facts of this moment. */
  status(): AccessTokenVerifierStatus
  /** Stops all that runs in the background and leaves no handle open. */
  close(): Promise<void>
}

interface Verified {
  readonly claims: VerifiedAccessToken
  readonly identifiers: RevocableIdentifiers
  readonly kid: string
  readonly key: VerificationKey
  /** Set as soon as the denylist has named one of the identifiers; until then there is nothing to look for in it. */
  isNamed: boolean
}

/**
 * Makes a verifier for one issuer and one service, immutable from then on. It begins at once to fetch keys and to
 * follow the denylist, in the background. A mistake in the options is a `TypeError` that names the option.
 *
 * @example
 * ```ts
 * const verifier = createAccessTokenVerifier({
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://api.example.com',
 *   revocations: redisRevocations({ url: 'rediss://redis.example.com:6379' })
 * })
 * const { sub, roles } = await verifier.verify(token)
 * ```
 */
export function createAccessTokenVerifier(options: AccessTokenVerifierOptions): AccessTokenVerifier {
  const onTokensRevoked = (kind: RevocationKind, value: string) => {
    // A pulled key names many tokens, and nearly never: nothing is kept to find them by.
    if (kind === 'kid') for (const verified of cachedTokens?.all() ?? []) verified.isNamed ||= verified.kid === value
    else for (const verified of cachedTokens?.having(value) ?? []) verified.isNamed = true
  }
  // A feed inside this process tells what it knows while it is being connected, before there is anything to cache.
  let cachedTokens: TokenCache<Verified> | undefined
  const { expected, clock, clockToleranceSeconds, cacheSize, keys, ownsKeys, revocations, possession, warnings } =
    readVerifierOptions(options, onTokensRevoked)
  cachedTokens = createTokenCache<Verified>(cacheSize)
  const parseCompactJws = createCompactJwsParser()
  const underWay = new Map<string, Promise<Verified>>()

  /** A token that arrives many times while it is not cached yet is verified once. */
  const verifyOnce = (token: string): Promise<Verified> => {
    const known = underWay.get(token)
    if (known) return known
    const work = verifyAndRemember(token, parseCompactJws(token))
    underWay.set(token, work)
    return work
  }
  const verifyAndRemember = async (token: string, jws: CompactJws): Promise<Verified> => {
    try {
      const verified = await verifySignatureAndClaims(jws, keys, expected)
      // An expired one would never be of use.
      checkTimes(verified.claims, clock.now(), clockToleranceSeconds)
      cacheToken(token, verified)
      return verified
    } catch (error) {
      warnings.refused(error, jws.unverifiedPayload)
      throw error
    } finally {
      underWay.delete(token)
    }
  }
  /** A cached token is good as long as the very key that verified it is still there. */
  const find = (token: string): Verified | undefined => {
    const verified = cachedTokens.get(token)
    if (!verified || keys.get(verified.kid) === verified.key) return verified
    cachedTokens.delete(token)
    return undefined
  }
  /** From now on a new denylist entry marks this token if it hits it, so that a request never searches the denylist. */
  const cacheToken = (token: string, verified: Verified) => {
    const { jti, sid, actors = [] } = verified.identifiers
    verified.isNamed = revocations?.isKnown(verified.identifiers) ?? false
    cachedTokens.set(token, verified, sid === undefined ? [jti, ...actors] : [jti, sid, ...actors])
  }

  return {
    async verify(token, { whenStale, dpop } = {}) {
      if (typeof token !== 'string') throw new TypeError('token must be a string')
      const known = find(token)
      const { claims, identifiers, isNamed } = known ?? (await verifyOnce(token))
      checkTimes(claims, clock.now(), clockToleranceSeconds)
      if (!known || isNamed) revocations?.refuseKnown(identifiers)
      if (revocations?.isFresh(whenStale) === false) await revocations.ask(identifiers)
      if (dpop !== null && (dpop || claims.cnf)) await possession.require(token, claims, dpop)
      return claims
    },
    getCached(token, { whenStale } = {}) {
      const verified = find(token)
      if (!verified || verified.claims.cnf) return undefined
      const { claims, identifiers, isNamed } = verified
      checkTimes(claims, clock.now(), clockToleranceSeconds)
      if (isNamed) revocations?.refuseKnown(identifiers)
      return revocations?.isFresh(whenStale) === false ? undefined : claims
    },
    async ready() {
      await Promise.all([keys.ready(), revocations?.ready()])
    },
    status: () => ({
      keys: keys.status(),
      revocations: revocations?.status() ?? null,
      cachedTokens: cachedTokens.size
    }),
    async close() {
      cachedTokens.clear()
      await Promise.all([ownsKeys ? keys.close() : undefined, revocations?.close(), possession.close()])
    }
  }
}

async function verifySignatureAndClaims(
  jws: CompactJws,
  keys: KeySource,
  expected: ClaimExpectations
): Promise<Verified> {
  const kid = jws.unverifiedKid
  const key = keys.get(kid) ?? (await keys.find(kid))
  if (key === undefined) throw new TokenUnknownKeyError({ detail: `the issuer does not publish the key ${show(kid)}` })
  await verifySignature(jws, key)
  const claims = parseClaims(jws.unverifiedPayload, expected)
  const identifiers = { jti: claims.jti, sid: claims.sid, kid, actors: actorSessions(claims) }
  return { claims, identifiers, kid, key, isNamed: false }
}
