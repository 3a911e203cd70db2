import { type ProtectedResourceOptions, protectedResourceAnswer } from '../protected-resource-metadata.ts'
import type { AnyReply, AnyRequest } from './fastify-guard.ts'

/**
 * A handler that answers `GET /.well-known/oauth-protected-resource` (RFC 9728 §3). Its route belongs outside the scopes
 * that need a token. A mistake in the options is a `TypeError`.
 */
export function protectedResourceMetadata(
  options: ProtectedResourceOptions
): (request: AnyRequest, reply: AnyReply) => void {
  const { headers, body } = protectedResourceAnswer(options)
  return (_, reply) => void reply.headers({ ...headers }).send(body)
}
