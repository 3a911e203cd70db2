import type { Middleware } from 'koa'

/** `GET /admin/dashboard`: greets the admin. */
export const greetAdmin: Middleware = (ctx) => {
  const { preferred_username: username } = ctx.state.accessToken
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { message: `Hello, ${username}.` }
}
