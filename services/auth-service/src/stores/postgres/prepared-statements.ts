import { createHash } from 'node:crypto'
import type { Prisma } from '@countersign/prisma'
import {
  type DatabaseConnection,
  type DatabasePool,
  pipelineOn,
  type Queryable,
  queryableOn,
  type RunStatement,
  transactionOn
} from './database.ts'

/**
 * Runs a statement with these values, in one round trip: on the connection of a transaction, or on any of the pool. Rows are
 * as node-postgres reads them: `bigint` as text.
 */
export type PreparedStatement<Row> = (values: readonly unknown[], connection?: DatabaseConnection) => Promise<Row[]>

/**
 * Statements of hot paths, without Prisma's query layer: each has one text, prepared once per connection, so that it is not
 * built, parsed and planned at each call.
 */
export interface PreparedStatements {
  /** @param text with `$1`, `$2` … for the values; one of a few, since every connection keeps it */
  prepare<Row>(text: string): PreparedStatement<Row>
  /** Runs work in one transaction (read committed). Where preparation does not work, it is run again without. */
  transaction<T>(work: (connection: DatabaseConnection) => Promise<T>): Promise<T>
  /** For statements in templates of Prisma: their texts are prepared, too, so that there have to be few of them. */
  readonly queryable: Queryable
  /** A transaction of such statements, as with {@link transaction}. */
  inTransaction<T>(work: (queryable: Queryable) => Promise<T>): Promise<T>
  /**
   * Runs such statements in one transaction (read committed) and sends them together with its commit, without a wait for their rows in
   * between. Each sees what was committed before it begins, and is planned for its values.
   * @returns the rows of the last one
   */
  pipeline<Row>(statements: readonly Prisma.Sql[]): Promise<Row[]>
}

/**
 * The connection does not know the statement, or knows it already without our having prepared it: a pooler in between gives
 * each transaction another connection. The statement has not been run then.
 */
const preparationErrors = new Set(['26000', '42P05'])

/** Statements on the service's own pool. Behind a pooler that does not support prepared statements, they run unprepared. */
export function createPreparedStatements(pool: DatabasePool): PreparedStatements {
  let isPreparing = true

  /** Runs it again without preparation, if preparation was the problem. */
  const preparedOrNot = async <T>(work: () => Promise<T>): Promise<T> => {
    // When many are running at once, each was sent prepared, and each is run again.
    const wasPreparing = isPreparing
    try {
      return await work()
    } catch (error) {
      if (!wasPreparing || !preparationErrors.has((error as { code?: string }).code ?? '')) throw error
      isPreparing = false
      return work()
    }
  }

  const statementOf = (name: string, text: string, values: readonly unknown[]) =>
    isPreparing ? { name, text, values: [...values] } : { text, values: [...values] }
  const carryOut = (on: DatabasePool | DatabaseConnection, name: string, text: string, values: readonly unknown[]) =>
    on.query(statementOf(name, text, values))
  const names = new Map<string, string>()
  const nameFor = (text: string): string => {
    const name = names.get(text) ?? nameOf(text)
    names.set(text, name)
    return name
  }
  const runOn =
    (connection: DatabaseConnection): RunStatement =>
    (text, values) =>
      carryOut(connection, nameFor(text), text, values)

  return {
    prepare<Row>(text: string): PreparedStatement<Row> {
      const name = nameOf(text)
      const run = (on: DatabasePool | DatabaseConnection, values: readonly unknown[]) =>
        carryOut(on, name, text, values).then(({ rows }) => rows as Row[])
      return (values, connection) =>
        // An error has ended the transaction, which has to start over.
        connection ? run(connection, values) : preparedOrNot(() => run(pool, values))
    },
    transaction: (work) => preparedOrNot(() => transactionOn(pool, work)),
    queryable: queryableOn((text, values) => preparedOrNot(() => carryOut(pool, nameFor(text), text, values))),
    inTransaction: (work) =>
      preparedOrNot(() => transactionOn(pool, (connection) => work(queryableOn(runOn(connection))))),
    async pipeline<Row>(statements: readonly Prisma.Sql[]) {
      const named = () => statements.map(({ text, values }) => statementOf(nameFor(text), text, values))
      const results = await preparedOrNot(() => pipelineOn(pool, named()))
      return results.at(-1)?.rows as Row[]
    }
  }
}

/** Derived from the text, so that versions of this service that share a pooler never use one name for different statements. */
function nameOf(text: string): string {
  return `countersign_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
}
