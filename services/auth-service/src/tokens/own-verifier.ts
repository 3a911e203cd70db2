import { type HttpMetrics, type Logger, measurePropagation, measureVerifier } from '@countersign/service-kit'
import {
  type AccessTokenVerifier,
  anyAudience,
  createAccessTokenVerifier,
  type RevocationFeed
} from '@countersign/verifier'
import { isUuid } from '../identifiers.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { RevocationOutbox } from '../revocation/revocation-outbox.ts'
import { requireIssuedForm } from './issued-form.ts'
import type { ReplayCache } from './replay-cache.ts'

export interface OwnVerifierDeps {
  issuer: string
  signingKeys: Pick<SigningKeys, 'verificationKeys'>
  feed: RevocationFeed
  outbox: Pick<RevocationOutbox, 'isAnyRevoked'>
  replayCache: ReplayCache
  metrics: HttpMetrics
  logger: Logger
}

/** Makes the verifier with which this service reads its own tokens, for whatever audience. */
export function createOwnVerifier(deps: OwnVerifierDeps): AccessTokenVerifier {
  const { issuer, signingKeys, feed, outbox, replayCache, metrics, logger } = deps
  const verifier = createAccessTokenVerifier({
    issuer,
    // It introspects and exchanges tokens for all services; its own routes accept only those for itself.
    audience: anyAudience,
    keys: signingKeys.verificationKeys,
    // This service has the database: while its view is stale, it asks Postgres.
    revocations: { feed: withDirectCheck(feed, outbox), whenStale: 'check' },
    dpop: { replays: { markUsed: (replayKey, expiresAt) => replayCache.markUsed('dpop_proof', replayKey, expiresAt) } },
    onPropagated: measurePropagation(metrics),
    logger
  })
  measureVerifier(metrics, verifier)
  return requireIssuedForm(verifier)
}

/** An identifier that this issuer cannot have made counts as revoked, and does not reach the database. */
function withDirectCheck(feed: RevocationFeed, outbox: OwnVerifierDeps['outbox']): RevocationFeed {
  return {
    ...feed,
    checkDirectly: async (identifiers) => {
      const { jti, sid, actors = [] } = identifiers
      return ![jti, sid, ...actors].every(isUuid) || outbox.isAnyRevoked(identifiers)
    }
  }
}
