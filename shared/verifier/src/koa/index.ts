/**
 * Protects routes of a Koa app (2.16 or newer, or 3) with access tokens. Imports nothing of Koa but its types.
 *
 * @packageDocumentation
 */
export { protectedResourceMetadata } from './protected-resource-metadata.ts'
export {
  type AccessTokenState,
  type RequireAccessTokenOptions,
  requireAccessToken
} from './require-access-token.ts'
export { requireRole, requireScope } from './require-grant.ts'
