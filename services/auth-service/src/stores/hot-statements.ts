import { createHash } from 'node:crypto'
import type { Prisma } from '@countersign/prisma'
import type { DatabasePool } from './database.ts'

/**
 * Carries out statements of hot paths past Prisma's query layer: each is prepared once on each connection, so that Postgres
 * neither parses nor plans it again.
 */
export interface HotStatements {
  /**
   * One round trip. The rows are as node-postgres reads them: `bigint` and `numeric` as text.
   *
   * @param statement its text must be one of a few: each is remembered by every connection
   */
  query<Row>(statement: Prisma.Sql): Promise<Row[]>
}

/**
 * A connection that does not know the statement, or knows it already though it was not told: what stands between hands each
 * transaction to another one. Nothing has been carried out then.
 */
const preparationErrors = new Set(['26000', '42P05'])
/** Texts are made of a few parts; more would be a mistake, and unnamed statements are right for any number. */
const maxNames = 100

/** Statements on the service's own pool. Behind a PgBouncer that knows no prepared statements it does without them. */
export function createHotStatements(pool: DatabasePool): HotStatements {
  const names = new Map<string, string>()
  let isPreparing = true

  const nameOf = (text: string): string | undefined => {
    const known = names.get(text)
    if (known !== undefined || names.size >= maxNames) return known
    const name = `countersign_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
    names.set(text, name)
    return name
  }

  return {
    async query<Row>({ text, values }: Prisma.Sql) {
      const name = isPreparing ? nameOf(text) : undefined
      if (name === undefined) return (await pool.query(text, values)).rows as Row[]
      try {
        return (await pool.query({ name, text, values })).rows as Row[]
      } catch (error) {
        if (!preparationErrors.has((error as { code?: string }).code ?? '')) throw error
        isPreparing = false
        return (await pool.query(text, values)).rows as Row[]
      }
    }
  }
}
