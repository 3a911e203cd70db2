import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { type RefreshDeps, refresh as refreshGrant } from '../grants/refresh.ts'
import { type RefreshBody, refreshBody } from './bodies.ts'
import { clientInfoOf } from './client-info.ts'
import { type ProofOfPossessionDeps, takeProof } from './proof-of-possession.ts'

export interface OwnRefreshDeps extends RefreshDeps {
  proofs: ProofOfPossessionDeps
  clientId: string
}

/** `POST /auth/refresh`: rotates a refresh token of this service's own client. */
export function refresh(deps: OwnRefreshDeps): Middleware[] {
  return [requireJsonBody(refreshBody), takeProof(deps.proofs), answerRefresh(deps)]
}

function answerRefresh(deps: OwnRefreshDeps): Middleware {
  return async function answerRefresh(ctx) {
    const { refresh_token: refreshToken } = ctx.state.body as RefreshBody
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Pragma', 'no-cache')
    ctx.body = await refreshGrant(deps, {
      refreshToken,
      clientId: deps.clientId,
      dpopKey: ctx.state.dpopKey,
      origin: clientInfoOf(ctx)
    })
  }
}
