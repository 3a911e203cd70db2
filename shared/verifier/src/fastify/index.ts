/**
 * Protects scopes and routes of a Fastify 5 app with access tokens. Imports nothing of Fastify but its types.
 *
 * @packageDocumentation
 */
export { type AdmittedRequest, accessTokenOf } from '../admitted-request.ts'
export type { AccessTokenHook, AnyReply, AnyRequest, HookDone } from './fastify-guard.ts'
export { protectedResourceMetadata } from './protected-resource-metadata.ts'
export { type RequireAccessTokenOptions, requireAccessToken } from './require-access-token.ts'
export { requireRole, requireScope } from './require-grant.ts'
