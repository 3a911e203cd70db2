import { InvalidGrantError, type TokenResponse } from '@countersign/oauth'
import type { IssuerMetrics } from '../metrics.ts'
import type { RevocationRelay } from '../revocation/revocation-relay.ts'
import { createTokenResponse, type TokenResponseDeps } from '../tokens/token-responses.ts'
import type { RefreshTokenFamilies, RequestOrigin } from './refresh-token-families.ts'

export interface RefreshDeps extends TokenResponseDeps {
  families: RefreshTokenFamilies
  relay: RevocationRelay
  metrics: IssuerMetrics
}

export interface RefreshRequest {
  readonly refreshToken: string
  readonly clientId: string
  readonly origin: RequestOrigin
}

/**
 * The refresh_token grant (RFC 6749 §6) with rotation and replay detection (RFC 9700 §4.14.2).
 * @throws {InvalidGrantError} for a token that is forged, expired, revoked or replayed; a replay has ended its family by then
 */
export async function refresh(deps: RefreshDeps, request: RefreshRequest): Promise<TokenResponse> {
  const content = deps.refreshTokens.decode(request.refreshToken)
  if (!content) {
    deps.metrics.countRefresh('forged')
    throw new InvalidGrantError({ detail: 'the refresh token is not one of this issuer' })
  }
  const result = await deps.families.refresh({ ...content, clientId: request.clientId, origin: request.origin })
  deps.metrics.countRefresh(result.outcome)
  switch (result.outcome) {
    case 'rotated':
    case 'retried':
      return createTokenResponse(deps, result.session)
    case 'replayed':
      await deps.relay.announce(result.entries)
      throw new InvalidGrantError({
        detail: `a refresh token of the session ${result.sessionId} was replayed; it is revoked`
      })
    default:
      throw new InvalidGrantError({ detail: `the session ${content.familyId} is ${result.outcome}` })
  }
}
