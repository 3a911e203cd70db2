import {
  type AccessTokenClaims,
  type ActorClaim,
  type ClaimKind,
  claimRules,
  maxIdentifierLength
} from '../access-token-profile.ts'
import { describeDifference, show } from '../describe-difference.ts'
import { decodeBase64url } from '../encoding/base64url.ts'
import { isObject, parseJsonObject } from '../encoding/json-object.ts'
import { TokenClaimError, TokenExpiredError } from '../errors.ts'

/** The most clock tolerance that a verifier accepts, in seconds. An issuer keeps denylist entries this much longer. */
export const maxClockToleranceSeconds = 60

/** The claims of a verified access token, deeply frozen. Claims that the verifier has no rule for are kept as they are. */
export interface VerifiedAccessToken extends AccessTokenClaims {
  /** Seconds since 1970-01-01 UTC. */
  readonly nbf?: number
  readonly [claim: string]: unknown
}

/**
 * In place of an audience, for the issuer itself, which introspects and exchanges tokens for all services. A service that
 * takes this would accept tokens that were meant for others.
 */
export const anyAudience: unique symbol = Symbol('countersign.anyAudience')

/** What the claims have to match. */
export interface ClaimExpectations {
  /** `iss`, compared character by character. */
  readonly issuer: string
  /** `aud` has to hold at least one of these. */
  readonly audiences: readonly string[] | typeof anyAudience
}

interface ClaimCheck {
  readonly isValid: (value: unknown) => boolean
  readonly expects: string
}

const text = { isValid: isNonEmptyString, expects: 'a non-empty string' }
const identifier = {
  isValid: (value: unknown) => isNonEmptyString(value) && value.length <= maxIdentifierLength,
  expects: `a string of 1 to ${maxIdentifierLength} characters`
}
const time = { isValid: (value: unknown) => Number.isFinite(value), expects: 'a finite number' }
const texts = {
  isValid: (value: unknown) => Array.isArray(value) && value.every(isNonEmptyString),
  expects: 'an array of non-empty strings'
}
const audience = {
  isValid: (value: unknown) => isNonEmptyString(value) || (texts.isValid(value) && (value as unknown[]).length > 0),
  expects: 'a non-empty string, or a non-empty array of them'
}

/** RFC 9449 §6.1. Any other way to confirm (RFC 7800) cannot be enforced here, so a token that asks for one is refused. */
const confirmation = {
  isValid: (value: unknown) =>
    isObject(value) && Object.keys(value).length === 1 && typeof value.jkt === 'string' && isThumbprint(value.jkt),
  expects: 'an object with the SHA-256 thumbprint of a key as jkt, and nothing else'
}
const maxActors = 4
/** RFC 8693 §4.1. Other members are kept and not checked. */
const actor = {
  isValid: (value: unknown) => isActor(value, maxActors),
  expects: `an object with sub, perhaps sid, and perhaps the act before it, ${maxActors} deep at most`
}

const checks: Readonly<Record<ClaimKind, ClaimCheck>> = { text, texts, identifier, time, audience, confirmation, actor }

/** RFC 9068 §2.2, the claims of this issuer, and `nbf`, which it does not set. */
const checkedClaims = Object.entries({ ...claimRules, nbf: { kind: 'time', isRequired: false } as const }).map(
  ([claim, { kind, isRequired }]) => ({ claim, isRequired, ...checks[kind] })
)

/**
 * Parses the payload of a token whose signature has verified, and checks the claims' types, `iss` and `aud`. Times are
 * checked apart, by `checkTimes`, since they have to be checked at each use.
 *
 * @throws {TokenClaimError} naming the claim; `(payload)` when the payload is not a JSON object.
 */
export function parseClaims(payload: Uint8Array, expected: ClaimExpectations): VerifiedAccessToken {
  const claims = parseJsonObject(payload)
  if (claims === undefined) throw new TokenClaimError('(payload)', { detail: 'not a JSON object with unique names' })
  for (const { claim, isRequired, isValid, expects } of checkedClaims) {
    const isPresent = Object.hasOwn(claims, claim)
    if (!isPresent && isRequired) throw new TokenClaimError(claim, { detail: `${claim} is missing` })
    if (isPresent && !isValid(claims[claim])) throw new TokenClaimError(claim, { detail: `${claim} is not ${expects}` })
  }
  // The rules have a check for every member that the type promises.
  const typed = claims as VerifiedAccessToken
  if (typed.iss !== expected.issuer) {
    throw new TokenClaimError('iss', { detail: `iss is ${describeDifference(typed.iss, expected.issuer)}` })
  }
  const audiences: readonly string[] = typeof typed.aud === 'string' ? [typed.aud] : typed.aud
  const accepted = expected.audiences
  if (accepted !== anyAudience && !audiences.some((one) => accepted.includes(one))) {
    throw new TokenClaimError('aud', { detail: audienceDetail(audiences, accepted) })
  }
  return deepFreeze(typed)
}

/**
 * Checks `exp`, `iat` and `nbf` against the clock.
 *
 * @param now milliseconds since 1970-01-01 UTC
 * @throws {TokenExpiredError} when `exp` has passed; {@link TokenClaimError} when `iat` or `nbf` is in the future.
 */
export function checkTimes(claims: VerifiedAccessToken, now: number, clockToleranceSeconds: number): void {
  const seconds = now / 1000
  // RFC 7519 §4.1.4: "on or after which" the token must not be accepted.
  if (!(seconds < claims.exp + clockToleranceSeconds)) throw new TokenExpiredError({ detail: 'exp has passed' })
  if (!(claims.iat - clockToleranceSeconds <= seconds)) {
    throw new TokenClaimError('iat', { detail: futureDetail('iat', claims.iat - seconds) })
  }
  if (claims.nbf !== undefined && !(claims.nbf - clockToleranceSeconds <= seconds)) {
    throw new TokenClaimError('nbf', { detail: futureDetail('nbf', claims.nbf - seconds) })
  }
}

function audienceDetail(audiences: readonly string[], accepted: readonly string[]): string {
  const [only, second] = audiences
  const [expected, other] = accepted
  if (only !== undefined && expected !== undefined && second === undefined && other === undefined) {
    return `aud is ${describeDifference(only, expected)}`
  }
  return `aud is ${audiences.slice(0, 5).map(show).join(', ')}, expected ${accepted.slice(0, 5).map(show).join(' or ')}`
}

function futureDetail(claim: string, seconds: number): string {
  return `${claim} is ${Math.ceil(seconds)} s ahead of this machine's clock: one of the two clocks is wrong`
}

/** The `sid` of each actor; `undefined` when there is none. */
export function actorSessions({ act }: VerifiedAccessToken): readonly string[] | undefined {
  const sids: string[] = []
  for (let one: ActorClaim | undefined = act; one; one = one.act) if (one.sid !== undefined) sids.push(one.sid)
  return sids.length === 0 ? undefined : Object.freeze(sids)
}

function isActor(value: unknown, depth: number): boolean {
  if (depth === 0 || !isObject(value) || !isNonEmptyString(value.sub)) return false
  if (Object.hasOwn(value, 'sid') && !identifier.isValid(value.sid)) return false
  return !Object.hasOwn(value, 'act') || isActor(value.act, depth - 1)
}

function isThumbprint(text: string): boolean {
  return decodeBase64url(text)?.length === 32
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}
