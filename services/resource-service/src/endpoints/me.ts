import type { Middleware } from 'koa'

/** `GET /me`: the caller, only from the access token. */
export const serveMe: Middleware = (ctx) => {
  const { sub, preferred_username: username, roles, scope, sid } = ctx.state.accessToken
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { id: sub, username, roles: roles ?? [], scope, session_id: sid }
}
