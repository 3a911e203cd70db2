import type { Middleware } from 'koa'

/** `GET /public`: for everyone, without a token. */
export const greetEveryone: Middleware = (ctx) => {
  ctx.body = { message: 'Anyone may read this.' }
}
