/** Protects routes of a Koa app with access tokens. */
export { protectedResourceMetadata } from './protected-resource-metadata.ts'
export {
  type AccessTokenState,
  type RequireAccessTokenOptions,
  requireAccessToken
} from './require-access-token.ts'
export { requireRole, requireScope } from './require-grant.ts'
