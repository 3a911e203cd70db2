import type { RevocationEntry, RevocationFeed, RevocationSink } from '@countersign/verifier'

/** Follows the denylist beside the verifier. */
export interface FeedObserver {
  /** The denylist names this `jti`, `sid` or `kid`. */
  onRevoked(value: string): void
  /** Whether the feed is followed right now, or entries may be missing. */
  onFollowing(isFollowing: boolean): void
}

/**
 * A feed of this service's own verifier, which also gets what this service commits, before it is published. So a token is
 * refused here from the response to its revocation on, wherever the transport has gone meanwhile: after a failover, entries
 * may be published to the new primary while this feed still follows the former one.
 */
export interface ObservedFeed extends RevocationFeed {
  /** Adds committed entries. The transport may bring them once more. */
  add(entries: readonly RevocationEntry[]): void
}

/**
 * The same feed, which informs an observer after the verifier. While it is interrupted it counts as stale at once: the
 * truth is at hand here, so no request has to rely on a view that may lack entries.
 */
export function observeFeed(feed: RevocationFeed, observer: FeedObserver): ObservedFeed {
  let sink: RevocationSink | undefined
  const add: RevocationSink['add'] = (entries) => {
    sink?.add(entries)
    for (const { value } of entries) observer.onRevoked(value)
  }
  return {
    ...feed,
    // Known here from the beginning: the age is for the measure of how long revocations travel.
    add: (entries) => add(entries.map((entry) => ({ ...entry, ageSeconds: 0 }))),
    follow(verifierSink, clock, verifier) {
      sink = verifierSink
      feed.follow(
        {
          add,
          setCurrent(asOf) {
            verifierSink.setCurrent(asOf)
            observer.onFollowing(true)
          },
          setInterrupted(reason) {
            verifierSink.setInterrupted(reason, Number.NEGATIVE_INFINITY)
            observer.onFollowing(false)
          }
        },
        clock,
        verifier
      )
    }
  }
}
