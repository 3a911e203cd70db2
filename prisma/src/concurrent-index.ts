import type pg from 'pg'

/** An index that is made or dropped without holding up writes, which Postgres does outside a transaction. */
export type ConcurrentIndex =
  | {
      readonly action: 'create'
      readonly unique: boolean
      readonly index: string
      readonly table: string
      /** What follows the table: columns and conditions. */
      readonly definition: string
    }
  | { readonly action: 'drop'; readonly index: string }

const name = String.raw`"?(\w+)"?`
const creation = new RegExp(
  String.raw`^CREATE\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?${name}\s+ON\s+${name}\s*((?:USING\b|\().*)$`,
  'is'
)
const removal = new RegExp(String.raw`^DROP\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+EXISTS\s+)?${name}$`, 'i')

/**
 * Reads a migration that is one `CREATE INDEX CONCURRENTLY` or `DROP INDEX CONCURRENTLY`, with names without a schema.
 * @returns `undefined` when it does nothing concurrently
 * @throws {Error} when it does, and is more than that
 */
export function parseConcurrentIndex(sql: string): ConcurrentIndex | undefined {
  const statement = sql
    .replace(/--[^\n]*/g, '')
    .trim()
    .replace(/;$/, '')
    .trim()
  if (!/\bCONCURRENTLY\b/i.test(statement)) return undefined
  const [, unique, index, table, definition] = creation.exec(statement) ?? []
  if (index !== undefined && table !== undefined && definition !== undefined && !definition.includes(';')) {
    return { action: 'create', unique: unique !== undefined, index, table, definition }
  }
  const dropped = removal.exec(statement)?.[1]
  if (dropped !== undefined) return { action: 'drop', index: dropped }
  throw new Error(
    'CONCURRENTLY must be one statement, alone in its migration: CREATE INDEX CONCURRENTLY name ON table …, or DROP INDEX CONCURRENTLY name'
  )
}

/**
 * Runs it, and starts over after an interruption. It blocks nobody while it waits, so it waits for locks without a bound: as long as
 * the oldest transaction runs, which may be a backup. An index of a partitioned table is made on each partition,
 * and then attached.
 * @param onWork called before each step that can take long
 */
export async function applyConcurrentIndex(
  client: pg.Client,
  work: ConcurrentIndex,
  onWork: (step: string) => void
): Promise<void> {
  if (work.action === 'drop') {
    onWork(`dropping the index ${work.index}`)
    await withoutLockTimeout(client, `DROP INDEX CONCURRENTLY IF EXISTS "${work.index}"`)
    return
  }
  const { rows } = await client.query<{ relkind: string }>('SELECT relkind FROM pg_class WHERE oid = to_regclass($1)', [
    `"${work.table}"`
  ])
  if (rows[0]?.relkind === 'p') await createByPartition(client, work, onWork)
  else await create(client, work, onWork)
}

type Creation = Extract<ConcurrentIndex, { action: 'create' }>

async function create(client: pg.Client, creation: Creation, onWork: (step: string) => void): Promise<void> {
  const { index, table, definition } = creation
  const validity = await readValidity(client, index)
  // A valid one was made by an attempt that could not record it.
  if (validity === true) return
  onWork(`making the index ${index}`)
  if (validity === false) await withoutLockTimeout(client, `DROP INDEX CONCURRENTLY "${index}"`)
  await withoutLockTimeout(client, `${creating(creation)} CONCURRENTLY "${index}" ON "${table}" ${definition}`)
}

/** The index of the whole becomes valid with the last partition that is attached; a partition that is made meanwhile has it. */
async function createByPartition(client: pg.Client, creation: Creation, onWork: (step: string) => void): Promise<void> {
  const { index, table, definition } = creation
  await client.query(`${creating(creation)} IF NOT EXISTS "${index}" ON ONLY "${table}" ${definition}`)
  const { rows: partitions } = await client.query<{ partition: string }>(
    `SELECT c.relname AS partition FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = to_regclass($1) AND NOT EXISTS (
       SELECT FROM pg_index x JOIN pg_inherits a ON a.inhrelid = x.indexrelid
       WHERE x.indrelid = c.oid AND a.inhparent = to_regclass($2))
     ORDER BY c.relname`,
    [`"${table}"`, `"${index}"`]
  )
  for (const { partition } of partitions) {
    const own = nameOnPartition(index, table, partition)
    await create(client, { ...creation, index: own, table: partition }, onWork)
    await client.query(`ALTER INDEX "${index}" ATTACH PARTITION "${own}"`)
  }
}

const creating = ({ unique }: Creation) => (unique ? 'CREATE UNIQUE INDEX' : 'CREATE INDEX')

/** `events_name_idx` of `events` on `events_2026_12` is `events_name_idx_2026_12`. */
function nameOnPartition(index: string, table: string, partition: string): string {
  const suffix = partition.startsWith(`${table}_`) ? partition.slice(table.length) : `_${partition}`
  return `${index}${suffix}`
}

async function readValidity(client: pg.Client, index: string): Promise<boolean | undefined> {
  const { rows } = await client.query<{ indisvalid: boolean }>(
    'SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)',
    [`"${index}"`]
  )
  return rows[0]?.indisvalid
}

async function withoutLockTimeout(client: pg.Client, statement: string): Promise<void> {
  const { rows } = await client.query<{ lock_timeout: string }>('SHOW lock_timeout')
  await client.query('SET lock_timeout = 0')
  try {
    await client.query(statement)
  } finally {
    // A connection that is gone has no setting.
    await client.query(`SET lock_timeout = '${rows[0]?.lock_timeout ?? '0'}'`).catch(() => {})
  }
}
