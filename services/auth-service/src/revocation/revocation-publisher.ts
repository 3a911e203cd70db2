import type { RevocationEntry } from '@countersign/verifier'

/** Carries denylist entries to the verifiers. What it holds can be lost at any time, and rewritten from the outbox. */
export interface RevocationPublisher {
  /**
   * Publishes entries. Publishing one again is harmless.
   *
   * @throws when the transport does not confirm it within about half a second; it may have been published all the same.
   */
  publish(entries: readonly RevocationEntry[]): Promise<void>
  /**
   * Whether the transport is known to hold everything that was published: its feed is complete, of this server life, and
   * nothing was published to another one that may be missing here.
   *
   * @throws when the transport cannot be asked.
   */
  isIntact(): Promise<boolean>
  /**
   * Rewrites all live entries, then declares the feed complete. `batches` is a fresh read of all live entries from
   * the outbox; nothing is read before the rebuild has begun.
   *
   * @throws when the transport lost anything in the meantime, or cannot be reached: then the feed is not complete, and the
   * whole rebuild is to be tried again.
   */
  rebuild(batches: AsyncIterable<readonly RevocationEntry[]>): Promise<void>
  /**
   * Confirms for a few seconds that what was committed before has been published. Verifiers that were cut off ask
   * for it before they call themselves current.
   *
   * @throws when the transport cannot be reached.
   */
  confirmPublished(): Promise<void>
  /**
   * Reports to the verifiers that there are committed entries which the transport refuses to store. A verifier that hears it
   * is not current again before a newer confirmation, by `confirmPublished`.
   *
   * @throws when the transport does not carry even that.
   */
  reportBacklog(): Promise<void>
  /**
   * The highest id of the outbox that was ever published, as the transport remembers it; 0 when it does not. A database that is
   * behind it was restored from an older dump, or has lost commits in a failover.
   *
   * @throws when the transport cannot be reached.
   */
  readPosition(): Promise<bigint>
  /**
   * Moves it on; never back.
   *
   * @throws when the transport does not confirm it.
   */
  advancePosition(id: bigint): Promise<void>
  /**
   * Removes what has expired, so that the feed shrinks also when nothing is published any more.
   *
   * @throws when the transport cannot be reached.
   */
  trim(): Promise<void>
  close(): Promise<void>
}
