/** Connections of suites to their databases; no service uses them. */
import pg from 'pg'

/** One that is idle may end with its database, or its server: that is no fault. */
export function openTestPool(connectionString: string, config: pg.PoolConfig = {}): pg.Pool {
  return new pg.Pool({ ...config, connectionString }).on('error', () => {})
}

/** Executes statements on a connection of their own, which ends with what they set for it, such as a role. */
export async function executeAlone(connectionString: string, statements: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(statements)
  } finally {
    await client.end()
  }
}
