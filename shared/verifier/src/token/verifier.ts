import type { DpopPresentation } from '../dpop/proof-of-possession.ts'
import type { KeySourceStatus } from '../keys/key-source.ts'
import type { StalePolicy } from '../revocation/revocations.ts'
import type { RevocationStatus } from '../revocation/view.ts'
import { checkTimes, type VerifiedAccessToken } from './claims.ts'
import { createVerifiedTokens, type VerifiedToken, type VerifiedTokens } from './verified-tokens.ts'
import { type AccessTokenVerifierOptions, readVerifierOptions } from './verifier-options.ts'

/** How one token is verified. */
export interface VerifyOptions {
  /** Another policy than the verifier's own, for this token. */
  readonly whenStale?: StalePolicy | undefined
  /**
   * The request, when it presents the token under the scheme `DPoP` (RFC 9449 §7.1). Absent for a bearer token: one that
   * is bound to a key is then refused. `null`, spelled out, asks for no proof: for endpoints that inspect tokens rather than
   * authorize by them, such as introspection.
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
  // A feed inside this process tells what it knows while it is being connected, before there is anything to mark.
  let tokens: VerifiedTokens | undefined
  const parts = readVerifierOptions(options, (kind, value) => tokens?.markNamed(kind, value))
  const { clock, clockToleranceSeconds, keys, ownsKeys, revocations, possession } = parts
  const verifiedTokens = createVerifiedTokens(parts)
  tokens = verifiedTokens

  /** What is checked at each use. Waits only to ask the transport of the denylist, or for a proof. */
  const checkUse = (
    token: string,
    { claims, identifiers }: VerifiedToken,
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
    const cached = verifiedTokens.find(token)
    if (cached) return checkUse(token, cached, cached.isNamed, options)
    return verifiedTokens.verify(token).then((verified) => checkUse(token, verified, true, options))
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
      cachedTokens: verifiedTokens.size
    }),
    async close() {
      verifiedTokens.clear()
      await Promise.all([ownsKeys ? keys.close() : undefined, revocations?.close(), possession.close()])
    }
  }
}
