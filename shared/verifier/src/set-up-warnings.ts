import { TokenClaimError, TokenUnknownKeyError, type VerifierError } from './errors.ts'
import { parseJsonObject } from './json-object.ts'
import type { VerifierLogger } from './logger.ts'

/** Warns of refusals that a wrong set-up makes of every token. */
export interface SetUpWarnings {
  /** @param unverifiedPayload of the token that is refused */
  refused(error: unknown, unverifiedPayload: Uint8Array): void
}

/** Anybody can send such tokens: a warning of each kind comes once a minute. */
const repeatMilliseconds = 60_000
const maxShown = 200

export function createSetUpWarnings(logger: VerifierLogger, issuer: string): SetUpWarnings {
  const toldAt = new Map<string, number>()
  return {
    refused(error, unverifiedPayload) {
      const kind = kindOf(error)
      const now = performance.now()
      if (kind === undefined || now - (toldAt.get(kind) ?? Number.NEGATIVE_INFINITY) < repeatMilliseconds) return
      toldAt.set(kind, now)
      const { code, detail } = error as VerifierError
      const named = kind === 'kid' ? issuerNamedIn(unverifiedPayload, issuer) : ''
      logger.warn({ code, detail: `${detail}${named}` }, 'a token is refused; if all are, the set-up is wrong')
    }
  }
}

function kindOf(error: unknown): string | undefined {
  if (error instanceof TokenUnknownKeyError) return 'kid'
  if (error instanceof TokenClaimError && ['iss', 'aud', 'iat', 'nbf'].includes(error.claim)) return error.claim
  return undefined
}

function issuerNamedIn(unverifiedPayload: Uint8Array, issuer: string): string {
  const named = parseJsonObject(unverifiedPayload)?.iss
  return typeof named === 'string' && named !== issuer
    ? `; the token says it is from ${describeDifference(named, issuer)}`
    : ''
}

/** A value that was seen and the one that was expected, with what tells them apart when that is easily overlooked. */
export function describeDifference(seen: string, expected: string): string {
  return `${show(seen)}, expected is ${show(expected)}${difference(seen, expected)}`
}

function difference(seen: string, expected: string): string {
  if (seen.replace(/\/$/, '') === expected.replace(/\/$/, '')) return ': they differ by the slash at the end'
  if (!URL.canParse(seen) || !URL.canParse(expected)) return ''
  const [one, other] = [new URL(seen), new URL(expected)]
  if (one.hostname === other.hostname && one.protocol !== other.protocol) return ': they differ by http and https'
  if (one.hostname === other.hostname && one.port !== other.port) return ': they differ by the port'
  return ''
}

/** Short, and in one line. */
export function show(value: string): string {
  return JSON.stringify(value.length > maxShown ? `${value.slice(0, maxShown)}…` : value)
}
