import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { type RefreshDeps, refresh as refreshGrant } from '../grants/refresh.ts'
import { type RefreshBody, refreshBody } from './bodies.ts'
import { requestOrigin } from './request-origin.ts'

/** `POST /auth/refresh`: rotates a refresh token of this service's own client. */
export function refresh(deps: RefreshDeps & { clientId: string }): Middleware[] {
  return [requireJsonBody(refreshBody), answerRefresh(deps)]
}

function answerRefresh(deps: RefreshDeps & { clientId: string }): Middleware {
  return async function answerRefresh(ctx) {
    const { refresh_token: refreshToken } = ctx.state.body as RefreshBody
    ctx.set('Cache-Control', 'no-store')
    ctx.body = await refreshGrant(deps, { refreshToken, clientId: deps.clientId, origin: requestOrigin(ctx) })
  }
}
