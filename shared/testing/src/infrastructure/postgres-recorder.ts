import { startPostgresFaults, statementSeparator, withoutStatement } from './postgres-faults.ts'

/** A proxy in front of Postgres that records every statement, so that a test can count them. */
export interface PostgresRecorder {
  /** The database's URL with the proxy's host and port in it. */
  readonly url: string
  /** The text of every statement since the last `clear`, in order: simple queries, and prepared ones at each execution. */
  readonly statements: readonly string[]
  /** The same by round trip: what each one carried out, which is nothing for one that only prepared a statement. */
  readonly roundTrips: readonly (readonly string[])[]
  clear(): void
  close(): Promise<void>
}

/** Starts a recorder before a `postgres://` URL whose server speaks without TLS. */
export async function startPostgresRecorder(target: string): Promise<PostgresRecorder> {
  const proxy = await startPostgresFaults(target)
  const roundTrips = () =>
    proxy.sent.map(({ text }) => (text === withoutStatement ? [] : text.split(statementSeparator)))
  return {
    url: proxy.url,
    get statements() {
      return roundTrips().flat()
    },
    get roundTrips() {
      return roundTrips()
    },
    clear: proxy.clear,
    close: proxy.close
  }
}
