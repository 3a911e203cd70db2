import { createHash } from 'node:crypto'
import type { RevocationKind } from '@countersign/verifier'
import pg from 'pg'
import {
  type CommittedEntry,
  DatabaseReplacedError,
  type FeedPosition,
  type FeedSource,
  type TakeEntries
} from '../../revocation/feed/feed-source.ts'

const pageSize = 2000
const connectTimeoutMs = 2000
/** The feed claims no freshness while it waits: a reading that takes longer is given up and begun again. */
const readTimeoutMs = 2000

interface Row {
  server_start: string
  is_standby: boolean
  cursor: string
  oldest: string
  now: number
  id: string | null
  kind: string
  value: string
  expires_at: number
  transaction_id: string
  age: number
}

/**
 * A page of entries beside the state of the database in the same snapshot. The incarnation is the start of the server and the database:
 * transactions that an asynchronous replica has not seen are counted again after a failover, which starts another server.
 * @param order names the columns of the table: `transaction_id` alone would be the selected text, and 99 would come after 100
 */
const pageOf = (condition: string, order: string) => `
  WITH state AS (
    SELECT extract(epoch FROM pg_postmaster_start_time())::text || '.' || (SELECT oid FROM pg_database WHERE datname = current_database()) AS server_start,
      pg_is_in_recovery() AS is_standby, pg_current_snapshot() AS snapshot
  )
  SELECT server_start, is_standby, snapshot::text AS cursor, pg_snapshot_xmin(snapshot)::text AS oldest,
    extract(epoch FROM clock_timestamp())::float8 AS now, entry.*
  FROM state LEFT JOIN LATERAL (
    SELECT id, kind, value, ceil(extract(epoch FROM expires_at))::float8 AS expires_at, transaction_id::text,
      extract(epoch FROM clock_timestamp() - created_at)::float8 AS age
    FROM revocations
    WHERE ${condition} AND expires_at > clock_timestamp()
    ORDER BY ${order} LIMIT ${pageSize}
  ) AS entry ON true`

const readLivePage = pageOf('id > $1::bigint', 'id')

/** A row of another cluster, restored into this one, has a number that is to come here: it is read with all, and not as a new one. */
const readNewPage = pageOf(
  `transaction_id >= pg_snapshot_xmin($1::pg_snapshot) AND transaction_id < pg_snapshot_xmax(snapshot)
      AND NOT pg_visible_in_snapshot(transaction_id, $1::pg_snapshot) AND (transaction_id, id) > ($2::xid8, $3::bigint)`,
  'revocations.transaction_id, id'
)

/** Reads on a connection of its own, so that requests that fill the pool do not make the feed look old. */
export function openRevocationFeedSource(url: string): FeedSource & { close(): Promise<void> } {
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: readTimeoutMs,
    query_timeout: readTimeoutMs,
    idleTimeoutMillis: 60_000,
    application_name: 'countersign-auth-service-feed'
  })
  pool.on('error', () => {})

  /** The position is that of the first page: what is committed during the next ones is read again from there. */
  async function readPages(
    incarnation: string | undefined,
    readPage: (last: Row | undefined) => Promise<Row[]>,
    take: TakeEntries
  ): Promise<FeedPosition> {
    let first: FeedPosition | undefined
    for (let last: Row | undefined; ; ) {
      const rows = await readPage(last)
      const position = positionOf(rows[0])
      if (position.incarnation !== (first?.incarnation ?? incarnation ?? position.incarnation))
        throw new DatabaseReplacedError()
      first ??= position
      const entries = rows.filter(({ id }) => id !== null)
      take(entries.map(toCommittedEntry))
      if (entries.length < pageSize) return first
      last = entries.at(-1)
    }
  }
  // Not prepared: a plan that was made while the table was empty would sort all of a mass logout for each page.
  const query = (text: string, values: unknown[]) => pool.query<Row>(text, values).then(({ rows }) => rows)

  return {
    readAll: (take) => readPages(undefined, (last) => query(readLivePage, [last?.id ?? '0']), take),
    readSince: ({ incarnation, cursor }, take) =>
      readPages(
        incarnation,
        (last) => query(readNewPage, [cursor, last?.transaction_id ?? '0', last?.id ?? '0']),
        take
      ),
    close: () => pool.end()
  }
}

function positionOf(row: Row | undefined): FeedPosition {
  if (!row || row.is_standby) throw new Error('the database is a standby')
  return {
    incarnation: createHash('sha256').update(row.server_start).digest('hex').slice(0, 16),
    cursor: row.cursor,
    oldestOpenTransaction: BigInt(row.oldest),
    now: row.now
  }
}

function toCommittedEntry(row: Row): CommittedEntry {
  return {
    kind: row.kind as RevocationKind,
    value: row.value,
    expiresAt: row.expires_at,
    transactionId: BigInt(row.transaction_id),
    ageSeconds: Math.max(0, row.age)
  }
}
