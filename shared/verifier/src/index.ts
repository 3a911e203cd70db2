/**
 * Verifies access tokens (RFC 9068) of one issuer for one service: by its key set, and against its denylist. Frameworks
 * are in the subpaths `./express`, `./fastify`, `./hono` and `./koa`; `issuerRevocations` gets revocations from the issuer
 * itself, `./redis` through Redis, and `./in-process` in the same process.
 *
 * @packageDocumentation
 */

export {
  type AccessTokenClaims,
  type ActorClaim,
  type AuthenticationLevel,
  accessTokenType,
  authenticationLevels,
  maxIdentifierLength,
  type RevocationKind,
  revocationKinds,
  signingAlgorithm
} from './access-token-profile.ts'
export { type Clock, systemClock } from './clock.ts'
export { describeDifference } from './describe-difference.ts'
export { type DpopAlgorithm, dpopAlgorithms } from './dpop/key.ts'
export { type DpopExpectations, type DpopProof, verifyDpopProof } from './dpop/proof.ts'
export type { DpopOptions, DpopPresentation } from './dpop/proof-of-possession.ts'
export { createInProcessDpopReplays, type DpopReplays, type InProcessDpopReplaysOptions } from './dpop/replays.ts'
export { maxTokenLength } from './encoding/compact-jws.ts'
export * from './errors.ts'
export type { Fetch } from './fetch.ts'
export {
  type AccessTokenRequest,
  type AccessTokenScheme,
  headerValues,
  type NodeHeaders,
  type PresentedToken,
  takeAccessToken
} from './http/presented-token.ts'
export {
  type ProtectedResourceOptions,
  protectedResourceDocument,
  protectedResourceMetadataUrl
} from './http/protected-resource-metadata.ts'
export {
  createRequestGuard,
  type RequestGuard,
  type RequestGuardOptions,
  type RequestLogger,
  type RequestReader
} from './http/request-guard.ts'
export { type ChallengeOptions, type HttpResponse, toHttpResponse } from './http/responses.ts'
export type { IssuerFeedOptions, TokenSource } from './issuer-feed/issuer-connection.ts'
export {
  createIssuerRevocationFeed,
  type IssuerRevocationsOptions,
  issuerRevocations
} from './issuer-feed/issuer-revocations.ts'
export type { FetchOutcome, KeySource, KeySourceStatus, VerificationKey } from './keys/key-source.ts'
export { likelyMistakeOf } from './keys/likely-mistakes.ts'
export { createLocalKeySet, type LocalKeySet } from './keys/local-key-set.ts'
export { createRemoteKeySet, maxStaleKeysSecondsLimit, type RemoteKeySetOptions } from './keys/remote-key-set.ts'
export type { VerifierLogger } from './logger.ts'
export type {
  ArrivingEntry,
  FollowingVerifier,
  RevocableIdentifiers,
  RevocationEntry,
  RevocationFeed,
  RevocationSink
} from './revocation/feed.ts'
export { type RevocationOptions, type StalePolicy, stalePolicies } from './revocation/revocations.ts'
export {
  createRevocationView,
  type RevocationStatus,
  type RevocationView,
  type RevocationViewOptions
} from './revocation/view.ts'
export { anyAudience, maxClockToleranceSeconds, type VerifiedAccessToken } from './token/claims.ts'
export { requireClaims } from './token/require-claims.ts'
export {
  type AccessTokenVerifier,
  type AccessTokenVerifierStatus,
  createAccessTokenVerifier,
  type VerifyOptions
} from './token/verifier.ts'
export type { AccessTokenVerifierOptions } from './token/verifier-options.ts'
