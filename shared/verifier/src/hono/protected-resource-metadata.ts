import type { Context } from 'hono'
import { type ProtectedResourceOptions, protectedResourceAnswer } from '../protected-resource-metadata.ts'

/** Answers `GET /.well-known/oauth-protected-resource` (RFC 9728 §3). A mistake in the options is a `TypeError`. */
export function protectedResourceMetadata(options: ProtectedResourceOptions): (c: Context) => Response {
  const { headers, body } = protectedResourceAnswer(options)
  return (c) => c.newResponse(body, 200, { ...headers })
}
