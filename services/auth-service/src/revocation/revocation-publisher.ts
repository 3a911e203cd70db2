import type { RevocationEntry } from '@countersign/verifier'

/** An entry, with its id in the outbox if it has one. */
export interface PublishedEntry extends RevocationEntry {
  readonly id?: bigint
}

/** What the transport remembers of an entry. */
export interface PublishedId {
  readonly id: bigint
  /** In seconds since 1970-01-01 UTC. */
  readonly expiresAt: number
}

/** What the transport remembers of the database that it serves. */
export interface DatabaseMemory {
  /** The entries that were published last, by their ids: at least 64, those of the last ten seconds, and at most 4096. None when the transport has lost its memory. */
  readonly lastPublished: readonly PublishedId[]
  /** Whether somebody has found the database older than that, and no operator has decided yet. */
  readonly isHeld: boolean
  /** The name of the operator's last decision: each has another one. `undefined` before the first, or when the transport has lost its memory. */
  readonly decision: string | undefined
}

/** Carries denylist entries to the verifiers. What it holds can be lost at any time, and rewritten from the outbox. */
export interface RevocationPublisher {
  /**
   * Publishes entries. Publishing one again is harmless.
   *
   * @throws when the transport does not confirm it within about half a second; it may have been published all the same.
   */
  publish(entries: readonly PublishedEntry[]): Promise<void>
  /**
   * Whether the transport is known to hold everything that was published: its feed is complete, of this server process, and
   * nothing was published to another one that may be missing here.
   *
   * @throws when the transport cannot be asked.
   */
  isIntact(): Promise<boolean>
  /**
   * Rewrites all live entries, then declares the feed complete. `batches` is a fresh read of all live entries from
   * the outbox; nothing is read before the rebuild has begun. Unless a publication has failed meanwhile, it confirms as well that
   * everything is published.
   *
   * @throws when the transport lost anything in the meantime, or cannot be reached: then the feed is not complete, and the
   * whole rebuild is to be tried again.
   */
  rebuild(batches: AsyncIterable<readonly PublishedEntry[]>): Promise<void>
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
   * What it remembers of the database, and by which an older one is noticed. An entry is remembered in the same step that
   * publishes it.
   *
   * @throws when the transport cannot be reached.
   */
  readDatabaseMemory(): Promise<DatabaseMemory>
  /**
   * Remembers that the database is older, until `acceptDatabase`: all replicas are closed, whatever is published meanwhile.
   *
   * @param decision the one that was read when this was found out: a newer one is respected, and nothing is done
   * @returns whether it was done
   * @throws when the transport does not confirm it.
   */
  holdDatabase(decision: string | undefined): Promise<boolean>
  /**
   * Forgets what it remembers of the database, when an operator has decided, and names the decision.
   *
   * @throws when the transport does not confirm it.
   */
  acceptDatabase(): Promise<void>
  /**
   * Removes what has expired, so that the feed shrinks also when nothing is published any more.
   *
   * @throws when the transport cannot be reached.
   */
  trim(): Promise<void>
  close(): Promise<void>
}
