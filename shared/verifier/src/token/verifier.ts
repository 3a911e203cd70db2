import type { RevocationKind } from '../access-token-profile.ts'
import { show } from '../describe-difference.ts'
import type { DpopPresentation } from '../dpop/proof-of-possession.ts'
import { TokenUnknownKeyError } from '../errors.ts'
import type { KeySource, KeySourceStatus, VerificationKey } from '../keys/key-source.ts'
import type { RevocableIdentifiers } from '../revocation/feed.ts'
import type { StalePolicy } from '../revocation/revocations.ts'
import type { RevocationStatus } from '../revocation/view.ts'
import { createTokenCache, type TokenCache } from './cache.ts'
import { actorSessions, type ClaimExpectations, checkTimes, parseClaims, type VerifiedAccessToken } from './claims.ts'
import { createTokenParser, type UnverifiedToken } from './parser.ts'
import { verifySignature } from './signature.ts'
import { type AccessTokenVerifierOptions, readVerifierOptions } from './verifier-options.ts'

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
   * Does the same without a promise where there is nothing to wait for, as with a bearer token that this verifier has cached.
   * `requireAccessToken` uses it, so that the common request waits for nothing.
   *
   * @throws {VerifierError} as `verify` rejects: at once, or as the rejection of the promise.
   */
  check(token: string, options?: VerifyOptions): VerifiedAccessToken | Promise<VerifiedAccessToken>
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
  const parseToken = createTokenParser()
  const underWay = new Map<string, Promise<Verified>>()

  /** A token that arrives many times while it is not cached yet is verified once. */
  const verifyOnce = (token: string): Promise<Verified> => {
    const known = underWay.get(token)
    if (known) return known
    const work = verifyAndRemember(token, parseToken(token))
    underWay.set(token, work)
    return work
  }
  const verifyAndRemember = async (token: string, jws: UnverifiedToken): Promise<Verified> => {
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

  /** What is checked at each use. Waits only to ask the transport of the denylist, or for a proof. */
  const checkUse = (
    token: string,
    { claims, identifiers }: Verified,
    mayBeRevoked: boolean,
    { whenStale, dpop }: VerifyOptions
  ): VerifiedAccessToken | Promise<VerifiedAccessToken> => {
    checkTimes(claims, clock.now(), clockToleranceSeconds)
    if (mayBeRevoked) revocations?.refuseKnown(identifiers)
    const mustAsk = revocations?.isFresh(whenStale) === false
    const needsProof = dpop !== null && (dpop !== undefined || claims.cnf !== undefined)
    if (!mustAsk && !needsProof) return claims
    return (async () => {
      if (mustAsk) await revocations?.ask(identifiers)
      if (needsProof) await possession.require(token, claims, dpop)
      return claims
    })()
  }
  const check: AccessTokenVerifier['check'] = (token, options = {}) => {
    if (typeof token !== 'string') throw new TypeError('token must be a string')
    const cached = find(token)
    if (cached) return checkUse(token, cached, cached.isNamed, options)
    return verifyOnce(token).then((verified) => checkUse(token, verified, true, options))
  }

  return {
    async verify(token, options) {
      return check(token, options)
    },
    check,
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
  jws: UnverifiedToken,
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
