/**
 * Verifies access tokens (RFC 9068) of one issuer for one service: by its key set, and against its denylist. Frameworks
 * are in the subpaths `./express`, `./fastify`, `./hono` and `./koa`, transports of the denylist in `./redis` and
 * `./in-process`.
 *
 * @packageDocumentation
 */
export { anyAudience, maxClockToleranceSeconds, type VerifiedAccessToken } from './access-token-claims.ts'
export { type AccessTokenClaims, type ActorClaim, accessTokenType, signingAlgorithm } from './access-token-profile.ts'
export {
  type AccessTokenVerifier,
  type AccessTokenVerifierOptions,
  type AccessTokenVerifierStatus,
  createAccessTokenVerifier,
  type VerifyOptions
} from './access-token-verifier.ts'
export { type Clock, systemClock } from './clock.ts'
export { maxTokenLength } from './compact-jws.ts'
export { type DpopAlgorithm, dpopAlgorithms } from './dpop-key.ts'
export { type DpopExpectations, type DpopProof, verifyDpopProof } from './dpop-proof.ts'
export { createInProcessDpopReplays, type DpopReplays, type InProcessDpopReplaysOptions } from './dpop-replays.ts'
export * from './errors.ts'
export type { Fetch } from './fetch-key-set.ts'
export { type ChallengeOptions, type HttpResponse, toHttpResponse } from './http-responses.ts'
export { createRemoteKeySet, maxStaleKeysSecondsLimit, type RemoteKeySetOptions } from './key-set.ts'
export type { FetchOutcome, KeySource, KeySourceStatus, VerificationKey } from './key-source.ts'
export { likelyMistakeOf } from './likely-mistakes.ts'
export { createLocalKeySet, type LocalKeySet } from './local-key-set.ts'
export type { VerifierLogger } from './logger.ts'
export {
  type AccessTokenRequest,
  type AccessTokenScheme,
  headerValues,
  type NodeHeaders,
  type PresentedToken,
  takeAccessToken
} from './presented-token.ts'
export type { DpopOptions, DpopPresentation } from './proof-of-possession.ts'
export {
  type ProtectedResourceOptions,
  protectedResourceDocument,
  protectedResourceMetadataUrl
} from './protected-resource-metadata.ts'
export {
  createRequestGuard,
  type RequestGuard,
  type RequestGuardOptions,
  type RequestLogger,
  type RequestReader
} from './request-guard.ts'
export { type RevocationEntry, type RevocationKind, revocationKinds } from './revocation-entry.ts'
export {
  type ArrivingEntry,
  maxIdentifierLength,
  type RevocableIdentifiers,
  type RevocationFeed,
  type RevocationSink
} from './revocation-feed.ts'
export {
  createRevocationView,
  type RevocationStatus,
  type RevocationView,
  type RevocationViewOptions
} from './revocation-view.ts'
export { type RevocationOptions, type StalePolicy, stalePolicies } from './revocations.ts'
export { describeDifference } from './set-up-warnings.ts'
