import type { Middleware } from 'koa'
import { type ProtectedResourceOptions, protectedResourceDocument } from '../protected-resource-metadata.ts'

/** Answers `GET /.well-known/oauth-protected-resource` (RFC 9728 §3). A mistake in the options is a `TypeError`. */
export function protectedResourceMetadata(options: ProtectedResourceOptions): Middleware {
  const body = JSON.stringify(protectedResourceDocument(options))
  return (ctx) => {
    ctx.status = 200
    ctx.set('Cache-Control', 'public, max-age=3600')
    ctx.type = 'application/json'
    ctx.body = body
  }
}
