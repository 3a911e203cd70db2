import { createHash } from 'node:crypto'
import type { DatabaseConnection, DatabasePool } from './database.ts'

/**
 * Carries out a statement with these values, in one round trip: on the connection of a transaction, or on any. Rows are as
 * node-postgres reads them: `bigint` as text.
 */
export type PreparedStatement<Row> = (values: readonly unknown[], connection?: DatabaseConnection) => Promise<Row[]>

/**
 * Statements of hot paths, past Prisma's query layer: each has one text, which is prepared once on each connection, so that
 * nobody puts it together, parses it or plans it again.
 */
export interface PreparedStatements {
  /** @param text with `$1`, `$2` … for the values; one of a few, since every connection remembers it */
  prepare<Row>(text: string): PreparedStatement<Row>
  /** Does some work in one transaction (read committed). Where preparation does not work it is done once more, without. */
  transaction<T>(work: (connection: DatabaseConnection) => Promise<T>): Promise<T>
}

/**
 * A connection that does not know the statement, or knows it already though it was not told: what stands between hands each
 * transaction to another one. Nothing has been carried out then.
 */
const preparationErrors = new Set(['26000', '42P05'])

/** Statements on the service's own pool. Behind a pooler that knows no prepared statements they do without preparation. */
export function createPreparedStatements(pool: DatabasePool): PreparedStatements {
  let isPreparing = true

  /** Does it again, without preparation, when that is what it failed for. */
  const preparedOrNot = async <T>(work: () => Promise<T>): Promise<T> => {
    // Of many that are under way together, each was sent prepared, and each is done again.
    const wasPreparing = isPreparing
    try {
      return await work()
    } catch (error) {
      if (!wasPreparing || !preparationErrors.has((error as { code?: string }).code ?? '')) throw error
      isPreparing = false
      return work()
    }
  }

  return {
    prepare<Row>(text: string): PreparedStatement<Row> {
      // By its text, so that versions of this service that share a pooler never mean different statements by one name.
      const name = `countersign_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
      const carryOut = (on: DatabasePool | DatabaseConnection, values: readonly unknown[]): Promise<Row[]> => {
        const query = isPreparing ? { name, text, values: [...values] } : { text, values: [...values] }
        return on.query(query).then(({ rows }) => rows as Row[])
      }
      return (values, connection) =>
        // An error has ended the transaction, which has to start over.
        connection ? carryOut(connection, values) : preparedOrNot(() => carryOut(pool, values))
    },
    transaction: (work) => preparedOrNot(() => inTransaction(pool, work))
  }
}

async function inTransaction<T>(pool: DatabasePool, work: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
  const connection = await pool.connect()
  let fault: Error | undefined
  const onError = (error: Error) => {
    fault = error
  }
  // The statement on the connection rejects with it; without a listener it would end the process.
  connection.on('error', onError)
  try {
    await connection.query('BEGIN ISOLATION LEVEL READ COMMITTED')
    const result = await work(connection)
    await connection.query('COMMIT')
    return result
  } catch (error) {
    await connection.query('ROLLBACK').catch(onError)
    throw error
  } finally {
    connection.off('error', onError)
    connection.release(fault)
  }
}
