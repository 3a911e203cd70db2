import { InvalidGrantError, type TokenResponse } from '@countersign/oauth'
import type { ClientInfo } from '../client-info.ts'
import type { IssuerMetrics } from '../metrics.ts'
import type { Session } from '../sessions/refresh-token-families.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { createTokenResponse, type TokenResponseDeps } from '../sessions/token-response.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import { noScopeLeft, unknownApi } from '../tokens/requested-grant.ts'

export interface RefreshDeps extends TokenResponseDeps {
  sessions: Sessions
  metrics: IssuerMetrics
}

export interface RefreshRequest {
  readonly refreshToken: string
  readonly clientId: string
  /** The key that the session is bound to, if any (RFC 9449 §5). */
  readonly dpopKey?: DpopKey | undefined
  /** Narrows what the user's roles hold, for this access token alone. */
  readonly scopes?: readonly string[] | undefined
  /** The API that this access token is for (RFC 8707 §2.2); without it what the sign-in was for. */
  readonly resource?: string | undefined
  readonly origin: ClientInfo
}

/**
 * The refresh_token grant (RFC 6749 §6) with rotation and replay detection (RFC 9700 §4.14.2).
 * @throws {InvalidGrantError} for a token that is forged, expired, revoked, replayed, or bound to another key; a replay has
 * ended its family by then
 * @throws {InvalidScopeError} when no scope is left, {@link InvalidTargetError} for an API that is not registered
 */
export async function refresh(deps: RefreshDeps, request: RefreshRequest): Promise<TokenResponse> {
  return createTokenResponse(deps, await refreshSession(deps, request), request.dpopKey?.jkt)
}

/** The same, without the tokens. */
export async function refreshSession(
  deps: Pick<RefreshDeps, 'sessions' | 'refreshTokens' | 'metrics'>,
  request: RefreshRequest
): Promise<Session> {
  const { refreshToken, clientId, dpopKey, scopes, resource, origin } = request
  const content = deps.refreshTokens.decode(refreshToken)
  if (!content) {
    deps.metrics.countRefresh('forged')
    throw new InvalidGrantError({ detail: 'the refresh token is not one of this issuer' })
  }
  if (dpopKey) await dpopKey.markUsed()
  const { familyId, generation } = content
  const jkt = dpopKey?.jkt
  const result = await deps.sessions.refresh({ familyId, generation, clientId, jkt, scopes, resource, origin })
  deps.metrics.countRefresh(result.outcome)
  switch (result.outcome) {
    case 'rotated':
    case 'retried':
    case 'recovered':
      return result.session
    case 'replayed':
      throw new InvalidGrantError({
        detail: `a refresh token of the session ${result.sessionId} was replayed; it is revoked`
      })
    case 'exceeds_scope':
      throw noScopeLeft()
    case 'exceeds_audience':
      throw unknownApi()
    default:
      throw new InvalidGrantError({ detail: `the session ${content.familyId} is ${result.outcome}` })
  }
}
