import { createHash } from 'node:crypto'
import type { DatabasePool } from './database.ts'

/** Carries out a statement with these values, in one round trip. Rows are as node-postgres reads them: `bigint` as text. */
export type HotStatement<Row> = (values: readonly unknown[]) => Promise<Row[]>

/**
 * Statements of hot paths, past Prisma's query layer: each has one text, which is prepared once on each connection, so that
 * nobody puts it together, parses it or plans it again.
 */
export interface HotStatements {
  /** @param text with `$1`, `$2` … for the values; one of a few, since every connection remembers it */
  prepare<Row>(text: string): HotStatement<Row>
}

/**
 * A connection that does not know the statement, or knows it already though it was not told: what stands between hands each
 * transaction to another one. Nothing has been carried out then.
 */
const preparationErrors = new Set(['26000', '42P05'])

/** Statements on the service's own pool. Behind a pooler that knows no prepared statements they do without preparation. */
export function createHotStatements(pool: DatabasePool): HotStatements {
  let isPreparing = true

  return {
    prepare<Row>(text: string): HotStatement<Row> {
      // By its text, so that versions of this service that share a pooler never mean different statements by one name.
      const name = `countersign_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
      const carryOut = async (values: unknown[]) =>
        (await pool.query(isPreparing ? { name, text, values } : { text, values })).rows as Row[]

      return async (values) => {
        try {
          return await carryOut([...values])
        } catch (error) {
          if (!isPreparing || !preparationErrors.has((error as { code?: string }).code ?? '')) throw error
          isPreparing = false
          return carryOut([...values])
        }
      }
    }
  }
}
