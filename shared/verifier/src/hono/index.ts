/**
 * Protects routes of a Hono 4 app with access tokens, on Node, Bun or Deno. Imports nothing of Hono but its types.
 *
 * @packageDocumentation
 */
export type { AccessTokenEnv, AccessTokenVariables } from './hono-guard.ts'
export { protectedResourceMetadata } from './protected-resource-metadata.ts'
export { type RequireAccessTokenOptions, requireAccessToken } from './require-access-token.ts'
export { requireRole, requireScope } from './require-grant.ts'
