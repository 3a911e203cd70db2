import type { RequestHandler } from 'express'
import { type ProtectedResourceOptions, protectedResourceAnswer } from '../protected-resource-metadata.ts'

/** Answers `GET /.well-known/oauth-protected-resource` (RFC 9728 §3). A mistake in the options is a `TypeError`. */
export function protectedResourceMetadata(options: ProtectedResourceOptions): RequestHandler {
  const { headers, body } = protectedResourceAnswer(options)
  return (_, response) => {
    response.statusCode = 200
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.end(body)
  }
}
