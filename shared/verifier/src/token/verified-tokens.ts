import type { RevocationKind } from '../access-token-profile.ts'
import { show } from '../describe-difference.ts'
import { TokenUnknownKeyError } from '../errors.ts'
import type { VerificationKey } from '../keys/key-source.ts'
import type { RevocableIdentifiers } from '../revocation/feed.ts'
import { createTokenCache } from './cache.ts'
import { actorSessions, checkTimes, parseClaims, type VerifiedAccessToken } from './claims.ts'
import { createTokenParser, type UnverifiedToken } from './parser.ts'
import { verifySignature } from './signature.ts'
import type { VerifierParts } from './verifier-options.ts'

/** A token whose signature and claims have verified. Its times and its revocation are checked at each use. */
export interface VerifiedToken {
  readonly claims: VerifiedAccessToken
  readonly identifiers: RevocableIdentifiers
  readonly key: VerificationKey
  /** Set as soon as the denylist has named one of the identifiers; until then there is nothing to look for in it. */
  isNamed: boolean
}

/** Verifies each token once, and caches those that are valid. */
export interface VerifiedTokens {
  /** The cached token, as long as the very key that verified it is still there. */
  find(token: string): VerifiedToken | undefined
  /**
   * Verifies a token that is not cached. One that arrives many times meanwhile is verified once.
   *
   * @throws {VerifierError} at once, or as the rejection of the promise.
   */
  verify(token: string): Promise<VerifiedToken>
  /** Marks the cached tokens that a new denylist entry hits, so that a request never searches the denylist. */
  markNamed(kind: RevocationKind, value: string): void
  clear(): void
  /** How many are cached. */
  readonly size: number
}

export function createVerifiedTokens(parts: VerifierParts): VerifiedTokens {
  const { clock, clockToleranceSeconds, keys, revocations, warnings } = parts
  const cached = createTokenCache<VerifiedToken>(parts.cacheSize)
  const parseToken = createTokenParser()
  const underWay = new Map<string, Promise<VerifiedToken>>()

  const verifyAndCache = async (token: string, unverified: UnverifiedToken): Promise<VerifiedToken> => {
    try {
      const verified = await verifySignatureAndClaims(unverified, parts)
      // An expired one would never be of use.
      checkTimes(verified.claims, clock.now(), clockToleranceSeconds)
      cache(token, verified)
      return verified
    } catch (error) {
      warnings.refused(error, unverified.unverifiedPayload)
      throw error
    } finally {
      underWay.delete(token)
    }
  }
  /** Looks the token up in the whole denylist; from now on `markNamed` sees to it. */
  const cache = (token: string, verified: VerifiedToken) => {
    const { jti, sid, actors = [] } = verified.identifiers
    verified.isNamed = revocations?.isKnown(verified.identifiers) ?? false
    cached.set(token, verified, sid === undefined ? [jti, ...actors] : [jti, sid, ...actors])
  }

  return {
    find(token) {
      const verified = cached.get(token)
      if (!verified || keys.get(verified.identifiers.kid) === verified.key) return verified
      cached.delete(token)
      return undefined
    },
    verify(token) {
      const known = underWay.get(token)
      if (known) return known
      const work = verifyAndCache(token, parseToken(token))
      underWay.set(token, work)
      return work
    },
    markNamed(kind, value) {
      // A revoked key hits many tokens, but keys are seldom revoked: nothing is kept to find tokens by their key.
      if (kind === 'kid') for (const one of cached.all()) one.isNamed ||= one.identifiers.kid === value
      else for (const one of cached.having(value)) one.isNamed = true
    },
    clear: () => cached.clear(),
    get size() {
      return cached.size
    }
  }
}

async function verifySignatureAndClaims(
  unverified: UnverifiedToken,
  { keys, expected }: Pick<VerifierParts, 'keys' | 'expected'>
): Promise<VerifiedToken> {
  const kid = unverified.unverifiedKid
  const key = keys.get(kid) ?? (await keys.find(kid))
  if (key === undefined) throw new TokenUnknownKeyError({ detail: `the issuer does not publish the key ${show(kid)}` })
  await verifySignature(unverified, key)
  const claims = parseClaims(unverified.unverifiedPayload, expected)
  const identifiers = { jti: claims.jti, sid: claims.sid, kid, actors: actorSessions(claims) }
  return { claims, identifiers, key, isNamed: false }
}
