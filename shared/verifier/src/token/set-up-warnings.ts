import { describeDifference } from '../describe-difference.ts'
import { parseJsonObject } from '../encoding/json-object.ts'
import { TokenClaimError, TokenUnknownKeyError, type VerifierError } from '../errors.ts'
import type { VerifierLogger } from '../logger.ts'

/** Warns of refusals that a wrong set-up makes of every token. */
export interface SetUpWarnings {
  /** @param unverifiedPayload of the token that is refused */
  refused(error: unknown, unverifiedPayload: Uint8Array): void
}

/** Anybody can send such tokens: a warning of each kind comes once a minute. */
const repeatMilliseconds = 60_000

export function createSetUpWarnings(logger: VerifierLogger, issuer: string): SetUpWarnings {
  const warnedAt = new Map<string, number>()
  return {
    refused(error, unverifiedPayload) {
      const kind = kindOf(error)
      const now = performance.now()
      if (kind === undefined || now - (warnedAt.get(kind) ?? Number.NEGATIVE_INFINITY) < repeatMilliseconds) return
      warnedAt.set(kind, now)
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
