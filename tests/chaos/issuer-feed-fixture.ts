/** The set-up of the faults of the feed over HTTP: an issuer, sessions to end, and for each fault a feed with its own way to the issuer. */
import { setTimeout as delay } from 'node:timers/promises'
import { createTestRedis } from '@countersign/testing'
import { post, startTrio, type Trio } from '@countersign/testing/trio'
import { createIssuerRevocationFeed } from '@countersign/verifier'
import type { FeedUnderTest } from './feed-proof.ts'
import { signInOften } from './feed-sessions.ts'
import type { Session } from './feed-traffic.ts'
import {
  createLocalVerifier,
  excessiveViews,
  firstFindings,
  incompleteViews,
  type LocalVerifier,
  staleViews,
  untilNothingFound,
  wrongResponses
} from './feed-views.ts'

export interface IssuerFeed extends FeedUnderTest {
  close(): Promise<void>
}

export interface IssuerFixture {
  readonly trio: Trio
  readonly redisUrl: string
  /** A session that no other test gets. */
  takeSession(): Session
  /**
   * The feed that verifiers follow at this address.
   * @param revokeAt the issuer that ends sessions; default: the first one
   */
  openFeed(feedUrl: string, revokeAt?: () => string): IssuerFeed
  close(): Promise<void>
}

export interface IssuerFixtureOptions {
  /** The issuers' way to Postgres, … */
  readonly databaseUrl: string
  /** … and the way of the test, which compares views with the outbox. */
  readonly outboxUrl: string
  readonly sessionCount: number
  readonly authReplicas?: number
}

export async function openIssuerFixture(options: IssuerFixtureOptions): Promise<IssuerFixture> {
  const { databaseUrl, outboxUrl, sessionCount, authReplicas = 1 } = options
  const redisUrl = await createTestRedis()
  const trio = await startTrio({
    databaseUrl,
    redisUrl,
    authReplicas,
    resourceReplicas: 0,
    env: { REVOCATION_FEED_ACCESS: 'open', PASSWORD_HASH_QUEUE: '1000', LOG_LEVEL: 'info' }
  })
  // Tests restart the issuer at the same address.
  const issuerUrl = trio.auth.url
  const unused = await signInOften(issuerUrl, sessionCount)
  const takeSession = () => {
    const session = unused.pop()
    if (!session) throw new Error('no session is left: prepare more')
    return session
  }

  function openFeed(feedUrl: string, revokeAt = () => issuerUrl): IssuerFeed {
    const good = [takeSession()]
    const revoked: Session[] = []
    const verifiers = new Set<LocalVerifier>()
    const differences = () =>
      firstFindings(
        () => staleViews([...verifiers]),
        () => wrongResponses(feed.observers, feed),
        () => incompleteViews([...verifiers], outboxUrl),
        () => excessiveViews([...verifiers], outboxUrl)
      )
    const feed: IssuerFeed = {
      good,
      revoked,
      get observers() {
        return [...verifiers]
      },
      join(name) {
        const joined = createLocalVerifier(name, {
          issuer: trio.issuer,
          issuerUrl,
          feed: createIssuerRevocationFeed({ feedUri: new URL('/revocations/feed', feedUrl).href })
        })
        verifiers.add(joined)
        return joined
      },
      async leave(verifier) {
        verifiers.delete(verifier)
        await verifier.verifier.close()
      },
      async revoke(boundMs) {
        const session = takeSession()
        const revocation = { sentAt: performance.now(), respondedAt: Number.POSITIVE_INFINITY, boundMs }
        session.revocation = revocation
        revoked.push(session)
        await endSession(revokeAt, session)
        revocation.respondedAt = performance.now()
        return session
      },
      untilRecovered: (withinMs) => untilNothingFound(differences, withinMs),
      close: async () => void (await Promise.all([...verifiers].map(({ verifier }) => verifier.close())))
    }
    return feed
  }

  return { trio, redisUrl, takeSession, openFeed, close: () => trio.stop() }
}

/** Asks until the session has ended for certain: the issuer or its database may be unavailable. */
async function endSession(issuerUrl: () => string, { accessToken }: Session): Promise<void> {
  const deadline = performance.now() + 30_000
  for (let hasAsked = false; ; hasAsked = true) {
    const status = await post(`${issuerUrl()}/auth/logout`, undefined, accessToken).then(
      (response) => response.status,
      () => 503
    )
    // 401: an earlier request has ended it, and its response was lost.
    if (status === 204 || (status === 401 && hasAsked)) return
    if (status !== 503 || performance.now() > deadline) throw new Error(`logout responded with ${status}`)
    await delay(100)
  }
}
