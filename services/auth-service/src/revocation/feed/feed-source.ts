import type { RevocationEntry } from '@countersign/verifier'

/** A committed entry, as the feed's source reads it. */
export interface CommittedEntry extends RevocationEntry {
  /** The transaction that made it. */
  readonly transactionId: bigint
  /** Seconds since that transaction began, when this was read. */
  readonly ageSeconds: number
}

/** Where a reader stands: everything that was committed by then has been read. */
export interface FeedPosition {
  /** Names the incarnation of the database that transactions are counted in. Another one says nothing about this position. */
  readonly incarnation: string
  /** What the next reading continues from. Only the source understands it. */
  readonly cursor: string
  /** No entry that is still to come was made by an earlier transaction. */
  readonly oldestOpenTransaction: bigint
  /** What time it is for the entries' `expiresAt`, in seconds since 1970-01-01 UTC. */
  readonly now: number
}

/** Takes a page of what was read. */
export type TakeEntries = (entries: readonly CommittedEntry[]) => void

/** The committed entries, in an order in which none appears behind a reader. */
export interface FeedSource {
  /**
   * Reads all live entries.
   * @throws when the database is unavailable, is a standby, or was replaced meanwhile
   */
  readAll(take: TakeEntries): Promise<FeedPosition>
  /**
   * Reads what was committed after a position. An entry may come twice.
   * @throws {DatabaseReplacedError} when the database is not the one of the position; and as `readAll` does
   */
  readSince(position: FeedPosition, take: TakeEntries): Promise<FeedPosition>
}

/** The database was restarted, failed over, restored, or replaced. */
export class DatabaseReplacedError extends Error {
  constructor() {
    super('the database was restarted or replaced')
    this.name = 'DatabaseReplacedError'
  }
}
