/**
 * Protects routes of an Express app (4.16 or newer, or 5) with access tokens. Imports nothing of Express but its types.
 *
 * @packageDocumentation
 */
export { type AdmittedRequest, accessTokenOf } from '../admitted-request.ts'
export type { AccessTokenMiddleware } from './express-guard.ts'
export { protectedResourceMetadata } from './protected-resource-metadata.ts'
export { type RequireAccessTokenOptions, requireAccessToken } from './require-access-token.ts'
export { requireRole, requireScope } from './require-grant.ts'
