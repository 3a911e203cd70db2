import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** An empty database for a peer, which creates its own tables. */
export async function createPeerDatabase(
  adminUrl: string
): Promise<{ url: string; name: string; drop(): Promise<void> }> {
  const name = `peer_${randomBytes(6).toString('hex')}`
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  await run(adminUrl, `CREATE DATABASE ${name}`)
  return { url: url.href, name, drop: () => run(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`) }
}

async function run(connectionString: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
