import type { RevocableIdentifiers, RevocationEntry } from '@countersign/verifier'
import type { PublishedId } from './revocation-publisher.ts'

/** A denylist entry that is committed in the database. */
export interface OutboxEntry extends RevocationEntry {
  readonly id: bigint
}

/** The truth about revocations. Entries are written by the stores, in the transactions that cause them. */
export interface RevocationOutbox {
  /**
   * Denies one access token.
   * @param expiresAt when the token does, in seconds since 1970-01-01 UTC
   * @returns the committed entry; none when it was denied before
   */
  revokeToken(token: { jti: string; expiresAt: number; clientId: string }): Promise<{ entries: readonly OutboxEntry[] }>
  /** Live entries that nobody has published, older than the given age, the oldest first. */
  listUnpublished(options: { olderThanMs: number; limit: number }): Promise<OutboxEntry[]>
  /** How many live entries nobody has published. */
  countUnpublished(): Promise<number>
  /** Marks those that are not marked yet. */
  markPublished(ids: readonly bigint[]): Promise<void>
  /** Whether it lacks any of the entries that were published from it: it is older than they are, or has lost commits. */
  lacks(published: readonly PublishedId[]): Promise<boolean>
  /** Gives only higher ids from now on. */
  skipTo(id: bigint): Promise<void>
  /** All live entries, in batches. */
  readLive(batchSize: number): AsyncIterable<OutboxEntry[]>
  /** Whether any of these is revoked: the truth itself, for when the view cannot know. */
  isAnyRevoked(ids: RevocableIdentifiers): Promise<boolean>
}
