import type { Middleware } from 'koa'
import { type ProtectedResourceOptions, protectedResourceAnswer } from '../protected-resource-metadata.ts'

/** Answers `GET /.well-known/oauth-protected-resource` (RFC 9728 §3). A mistake in the options is a `TypeError`. */
export function protectedResourceMetadata(options: ProtectedResourceOptions): Middleware {
  const { headers, body } = protectedResourceAnswer(options)
  return (ctx) => {
    ctx.status = 200
    ctx.set({ ...headers })
    ctx.body = body
  }
}
