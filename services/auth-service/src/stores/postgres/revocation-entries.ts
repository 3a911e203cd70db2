import { Prisma } from '@countersign/prisma'
import type { RevocationKind } from '@countersign/verifier'
import type { OutboxEntry } from '../../revocation/revocation-outbox.ts'
import type { Queryable } from './database.ts'

/** A row of the outbox, in the form that every inserting statement returns. */
export interface OutboxRow {
  /** A prepared statement returns text. */
  id: bigint | string
  kind: string
  value: string
  expires_at: Date
}

export function toOutboxEntry(row: OutboxRow): OutboxEntry {
  return {
    id: BigInt(row.id),
    kind: row.kind as RevocationKind,
    value: row.value,
    expiresAt: Math.ceil(row.expires_at.getTime() / 1000)
  }
}

/** The current moment, by the clock that all replicas share; in a statement that waits for a lock, the moment after the wait. */
export const databaseNow = Prisma.sql`clock_timestamp()`

/** Writes an entry in the transaction that causes it; it lives for the given seconds from now. */
export async function insertEntry(
  transaction: Queryable,
  { kind, value, lifetimeSeconds }: { kind: RevocationKind; value: string; lifetimeSeconds: number }
): Promise<OutboxEntry> {
  const rows = await transaction.$queryRaw<[OutboxRow]>`
    INSERT INTO revocations (kind, value, expires_at)
    VALUES (${kind}, ${value}, ${databaseNow} + ${seconds(lifetimeSeconds)})
    RETURNING id, kind, value, expires_at`
  return toOutboxEntry(rows[0])
}

/** A number of seconds as an interval. */
export function seconds(count: number): Prisma.Sql {
  return Prisma.sql`make_interval(secs => ${count})`
}
