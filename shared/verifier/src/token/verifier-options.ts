import type { RevocationKind } from '../access-token-profile.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { DpopOptions } from '../dpop/proof-of-possession.ts'
import { createProofOfPossession, type ProofOfPossession } from '../dpop/proof-of-possession.ts'
import type { Fetch } from '../fetch.ts'
import type { KeySource } from '../keys/key-source.ts'
import { checkMaxStaleKeysSeconds, createRemoteKeySet } from '../keys/remote-key-set.ts'
import type { VerifierLogger } from '../logger.ts'
import { createConsoleLogger } from '../logger.ts'
import { checkHttpUrl, checkMethods, checkNumber, checkText } from '../option-checks.ts'
import type { RevocationOptions } from '../revocation/revocations.ts'
import { createRevocations, type Revocations } from '../revocation/revocations.ts'
import { anyAudience, type ClaimExpectations, maxClockToleranceSeconds } from './claims.ts'
import { createSetUpWarnings, type SetUpWarnings } from './set-up-warnings.ts'

/** Whose tokens are taken, and what they are checked against. */
export interface AccessTokenVerifierOptions {
  /** The issuer's identifier: what tokens have in `iss`, character by character. */
  readonly issuer: string
  /** This service's identifier, or several: a token's `aud` has to hold one of them. */
  readonly audience: string | readonly string[] | typeof anyAudience
  /** Where revocations come from. `null`, spelled out, accepts revoked tokens until they expire. */
  readonly revocations: RevocationOptions | null
  /** Where the issuer publishes its keys. Default `<issuer>/.well-known/jwks.json`. */
  readonly jwksUri?: string | undefined
  /** A key source of your own instead of `jwksUri`. You close it. */
  readonly keys?: KeySource | undefined
  /** For `exp`, `iat` and `nbf`, in seconds, from 0 to 60. Default 5. */
  readonly clockToleranceSeconds?: number | undefined
  /** How long keys serve while the issuer is down, in seconds, from 60 to 604800. Default 86400. */
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
  /** Fetches the key set, and the feed of `issuerRevocations`. Default: the platform's. */
  readonly fetch?: Fetch | undefined
  /** Logs changes of keys and denylist, and what looks like a wrong set-up. Default: its warnings go to the console. */
  readonly logger?: VerifierLogger | undefined
}

/** What a verifier works with, made from its options. */
export interface VerifierParts {
  readonly expected: ClaimExpectations
  readonly clock: Clock
  readonly clockToleranceSeconds: number
  readonly cacheSize: number
  readonly keys: KeySource
  readonly ownsKeys: boolean
  readonly revocations: Revocations | null
  readonly possession: ProofOfPossession
  readonly warnings: SetUpWarnings
}

/**
 * Checks every option before anything is started, so that a mistake leaves nothing running.
 *
 * @param onTokensRevoked called with each `jti`, `sid` and `kid` that is revoked from now on
 */
export function readVerifierOptions(
  options: AccessTokenVerifierOptions,
  onTokensRevoked: (kind: RevocationKind, value: string) => void
): VerifierParts {
  const { clock = systemClock, clockToleranceSeconds = 5, cacheSize = 10_000 } = options
  const logger = options.logger ?? createConsoleLogger()
  const issuer = checkText('issuer', options.issuer)
  checkHttpUrl('issuer', issuer)
  const audiences = readAudiences(options.audience)
  checkNumber('clockToleranceSeconds', clockToleranceSeconds, 0, maxClockToleranceSeconds)
  checkNumber('cacheSize', cacheSize, 0, 1_000_000)
  checkKeyOptions(options)
  const possession = createProofOfPossession(options.dpop ?? {}, clock)
  if (options.revocations === undefined) {
    throw new TypeError('revocations must be given; null, spelled out, accepts revoked tokens until they expire')
  }

  // The last options to be checked are those of the denylist: from here on, nothing throws once something runs.
  let keys: KeySource | undefined = options.keys
  // A feed inside this process tells what it knows while it is being connected, before there is a key set.
  const revokedBefore: string[] = []
  const onRevoked = (kind: RevocationKind, value: string) => {
    // First of all, since a custom key source may throw.
    onTokensRevoked(kind, value)
    if (kind === 'kid') keys ? keys.remove(value) : revokedBefore.push(value)
  }
  const { onPropagated } = options
  const context = { clock, logger, onRevoked, onPropagated, verifier: { issuer, fetch: options.fetch } }
  const revocations = options.revocations && createRevocations(options.revocations, context)
  keys ??= createRemoteKeySet({
    jwksUri: options.jwksUri ?? defaultJwksUri(issuer),
    maxStaleKeysSeconds: options.maxStaleKeysSeconds,
    fetch: options.fetch,
    clock,
    logger
  })
  for (const kid of revokedBefore) keys.remove(kid)
  return {
    expected: Object.freeze({ issuer, audiences }),
    clock,
    clockToleranceSeconds,
    cacheSize,
    keys,
    ownsKeys: options.keys === undefined,
    revocations,
    possession,
    warnings: createSetUpWarnings(logger, issuer)
  }
}

function checkKeyOptions({ keys, jwksUri, maxStaleKeysSeconds }: AccessTokenVerifierOptions): void {
  if (keys === undefined) {
    if (jwksUri !== undefined) checkHttpUrl('jwksUri', jwksUri)
    checkMaxStaleKeysSeconds(maxStaleKeysSeconds)
    return
  }
  checkMethods('keys', keys, ['get', 'find', 'remove', 'ready', 'status', 'close'])
  if (jwksUri !== undefined) throw new TypeError('jwksUri and keys exclude each other')
  if (maxStaleKeysSeconds !== undefined) throw new TypeError('maxStaleKeysSeconds and keys exclude each other')
}

function readAudiences(audience: AccessTokenVerifierOptions['audience']): ClaimExpectations['audiences'] {
  if (audience === anyAudience) return anyAudience
  const audiences = typeof audience === 'string' ? [audience] : audience
  if (!Array.isArray(audiences) || audiences.length === 0) {
    throw new TypeError('audience must be a non-empty string or a non-empty array of them')
  }
  return Object.freeze(audiences.map((one: unknown) => checkText('audience', one)))
}

function defaultJwksUri(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`
}
