import type { RevocationFeed } from '@countersign/verifier'

/** Who hears of the denylist beside the verifier. */
export interface FeedObserver {
  /** The denylist names this `jti`, `sid` or `kid`. */
  onRevoked(value: string): void
  /** Whether the feed is followed right now, or entries may be missing. */
  onFollowing(isFollowing: boolean): void
}

/** The same feed, which tells an observer what it tells the verifier, after the verifier. */
export function observeFeed(feed: RevocationFeed, observer: FeedObserver): RevocationFeed {
  return {
    ...feed,
    follow(sink, clock) {
      feed.follow(
        {
          add(entries) {
            sink.add(entries)
            for (const { value } of entries) observer.onRevoked(value)
          },
          setCurrent(asOf) {
            sink.setCurrent(asOf)
            observer.onFollowing(true)
          },
          setInterrupted(reason) {
            sink.setInterrupted(reason)
            observer.onFollowing(false)
          }
        },
        clock
      )
    }
  }
}
