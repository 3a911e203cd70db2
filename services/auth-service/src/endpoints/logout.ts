import { AccessDeniedError, InvalidGrantError } from '@countersign/oauth'
import { acceptJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import type { RevocationRelay } from '../revocation/revocation-relay.ts'
import type { RefreshTokenFamilies } from '../sessions/refresh-token-families.ts'
import type { RefreshTokenCodec } from '../sessions/refresh-tokens.ts'
import { type LogoutBody, logoutBody } from './bodies.ts'
import { endPresentedFamily } from './presented-family.ts'
import { type ProofOfPossessionDeps, takeProof } from './proof-of-possession.ts'

export interface LogoutDeps {
  families: RefreshTokenFamilies
  refreshTokens: RefreshTokenCodec
  relay: RevocationRelay
  proofs: ProofOfPossessionDeps
  /** Sets `ctx.state.accessToken`, or answers 401. */
  requireAccessToken: Middleware
}

/** `POST /auth/logout`: ends the session of the access token, or of the refresh token in the body. */
export function logout(deps: LogoutDeps): Middleware[] {
  return [acceptJsonBody(logoutBody), endSessionOfRefreshToken(deps), deps.requireAccessToken, endSession(deps)]
}

/** `POST /auth/logout-all`: ends all sessions of the user. */
export function logoutAll(deps: LogoutDeps): Middleware[] {
  return [deps.requireAccessToken, endAllSessions(deps)]
}

/** `POST /auth/logout-others`: ends all sessions of the user but this one. */
export function logoutOthers(deps: LogoutDeps): Middleware[] {
  return [deps.requireAccessToken, endOtherSessions(deps)]
}

/** Takes any generation of the family, since its owner is done with all of it. A family that ended before is fine. */
function endSessionOfRefreshToken({ families, refreshTokens, relay, proofs }: LogoutDeps): Middleware {
  const checkProof = takeProof(proofs)
  return async function endSessionOfRefreshToken(ctx, next) {
    const { refresh_token: refreshToken } = ctx.state.body as LogoutBody
    if (refreshToken === undefined) return next()
    const content = refreshTokens.decode(refreshToken)
    if (!content) throw new InvalidGrantError({ description: 'The refresh token is not one of this issuer.' })
    await checkProof(ctx, async () => {
      const presented = { familyId: content.familyId, dpopKey: ctx.state.dpopKey }
      await relay.announce(await endPresentedFamily(families, presented, { reason: 'logout' }))
    })
    ctx.status = 204
  }
}

function endSession({ families, relay }: LogoutDeps): Middleware {
  return async function endSession(ctx) {
    const { sid, sub } = ctx.state.accessToken
    const { entries } = await families.end({ familyId: sid, userId: sub }, { reason: 'logout' })
    await relay.announce(entries)
    ctx.status = 204
  }
}

function endAllSessions({ families, relay }: LogoutDeps): Middleware {
  return async function endAllSessions(ctx) {
    const { entries } = await families.endAll(ctx.state.accessToken.sub, { reason: 'logout_all' })
    await relay.announce(entries)
    ctx.status = 204
  }
}

function endOtherSessions({ families, relay }: LogoutDeps): Middleware {
  return async function endOtherSessions(ctx) {
    const { sid, sub } = ctx.state.accessToken
    const result = await families.endOthers(sub, sid, { reason: 'logout_others' })
    if (!result) throw new AccessDeniedError({ description: 'This session has ended meanwhile; the others go on.' })
    await relay.announce(result.entries)
    ctx.status = 204
  }
}
