import type { RevocationKind } from '../access-token-profile.ts'
import { type Clock, systemClock } from '../clock.ts'
import { RevocationsUnavailableError, TokenRevokedError } from '../errors.ts'
import { silentLogger, type VerifierLogger } from '../logger.ts'
import { checkMethods, checkNumber, checkOneOf } from '../option-checks.ts'
import type { FollowingVerifier, RevocableIdentifiers, RevocationFeed } from './feed.ts'
import { createRevocationView, type RevocationStatus } from './view.ts'

/** What to do while the view is older than `maxStalenessSeconds`. A known hit is refused under each of them. */
export const stalePolicies = ['reject', 'check', 'allow'] as const

/**
 * - `reject`: refuse with 503, since it cannot be known.
 * - `check`: ask the transport directly for each request; 503 when it does not reply.
 * - `allow`: accept; a revoked token then works until it expires.
 */
export type StalePolicy = (typeof stalePolicies)[number]

/** Where a verifier gets revocations from, and what it does when none arrive. `issuerRevocations` makes one, and so does `./redis`. */
export interface RevocationOptions {
  /** Belongs to the verifier it is given to, which closes it. */
  readonly feed: RevocationFeed
  /** Default `reject`. */
  readonly whenStale?: StalePolicy | undefined
  /** How old the view may be, in seconds, from 1 to 3600. Default 5. */
  readonly maxStalenessSeconds?: number | undefined
}

/** The denylist with its policy. */
export interface Revocations {
  /** Whether the view knows one of them to be revoked. */
  isKnown(identifiers: RevocableIdentifiers): boolean
  /**
   * Refuses what the view knows to be revoked, however old it is.
   *
   * @throws {TokenRevokedError}
   */
  refuseKnown(identifiers: RevocableIdentifiers): void
  /**
   * Whether what the view does not know to be revoked may pass; if not, the policy wants the transport to be asked, by `ask`.
   *
   * @throws {RevocationsUnavailableError} when the view is too old for the policy.
   */
  isFresh(whenStale?: StalePolicy): boolean
  /**
   * Asks the transport itself.
   *
   * @throws {TokenRevokedError} on a hit, {@link RevocationsUnavailableError} when it does not reply.
   */
  ask(identifiers: RevocableIdentifiers): Promise<void>
  /** Resolves once the view has been complete; rejects when it is closed before. */
  ready(): Promise<void>
  status(): RevocationStatus
  close(): Promise<void>
}

export interface RevocationsContext {
  readonly clock?: Clock
  readonly logger?: VerifierLogger
  readonly onRevoked?: (kind: RevocationKind, value: string) => void
  readonly onPropagated?: ((seconds: number) => void) | undefined
  readonly verifier?: FollowingVerifier
}

/** When what is missing at the start is worth a warning, and then again and again. */
const overdueMilliseconds = 5_000
const repeatMilliseconds = 60_000

/** Starts to follow the feed. A mistake in the options is a `TypeError`. */
export function createRevocations(options: RevocationOptions, context: RevocationsContext = {}): Revocations {
  const { feed, maxStaleness, policy } = checkOptions(options)
  const { clock = systemClock, logger = silentLogger, onRevoked = () => {}, onPropagated } = context
  const startedAt = clock.monotonic()
  let warnedAt = Number.NEGATIVE_INFINITY
  /** A feed that never arrives is a wrong set-up and not an outage. */
  const warnIfOverdue = (reason: string) => {
    const now = clock.monotonic()
    if (view.status().isLoaded || now - startedAt < overdueMilliseconds || now - warnedAt < repeatMilliseconds) return
    warnedAt = now
    const question = feed.likelyMistake === undefined ? '' : `; ${feed.likelyMistake}`
    logger.warn({ reason }, `there is still no revocation feed${question}`)
  }
  const view = createRevocationView({
    onInterrupted: warnIfOverdue,
    clock,
    onRevoked,
    onPropagated,
    onChange: (isCurrent, reason) => {
      if (isCurrent) logger.info({}, 'revocation view is current')
      else if (view.status().isLoaded) logger.warn({ reason }, 'revocation view is interrupted')
      else logger.info({ reason }, 'waiting for the revocation feed')
    }
  })
  feed.follow(view, clock, context.verifier)

  return {
    isKnown: (identifiers) => view.isRevoked(identifiers),
    refuseKnown(identifiers) {
      const hit = view.findHit(identifiers)
      if (hit !== undefined) throw new TokenRevokedError(hit, { detail: `${hit} is on the denylist` })
    },
    isFresh(whenStale = policy) {
      if (view.staleness() <= maxStaleness || whenStale === 'allow') return true
      if (whenStale === 'check') return false
      throw new RevocationsUnavailableError({ detail: 'the revocation view is stale' })
    },
    async ask(identifiers) {
      const isRevoked = await feed.checkDirectly(identifiers).catch((cause: unknown) => {
        throw new RevocationsUnavailableError({ detail: 'the transport could not be asked directly', cause })
      })
      if (isRevoked) throw new TokenRevokedError(undefined, { detail: 'found by asking the transport directly' })
    },
    ready: () => view.loaded(),
    status: () => view.status(),
    async close() {
      view.close()
      await feed.close()
    }
  }
}

function checkOptions(options: RevocationOptions) {
  const { feed, whenStale = 'reject', maxStalenessSeconds = 5 } = options
  checkMethods('revocations.feed', feed, ['follow', 'checkDirectly', 'close'])
  return {
    feed,
    policy: checkOneOf('revocations.whenStale', whenStale, stalePolicies),
    maxStaleness: checkNumber('revocations.maxStalenessSeconds', maxStalenessSeconds, 1, 3600) * 1000
  }
}
