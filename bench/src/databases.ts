import { randomBytes } from 'node:crypto'
import { migrate } from '@countersign/prisma'
import pg from 'pg'

/** A new, migrated database. */
export async function createBenchDatabase(adminUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `bench_${randomBytes(6).toString('hex')}`
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  await run(adminUrl, `CREATE DATABASE ${name}`)
  await migrate(url.href)
  return { url: url.href, drop: () => run(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`) }
}

/** Adds live sessions of other users, and live revocations. */
export async function fillDatabase(url: string, rows: number): Promise<void> {
  await run(
    url,
    `INSERT INTO users (id, username, username_key, password_hash, roles)
     SELECT md5(n::text)::uuid, 'bulk-' || n, 'bulk-' || n, 'none', '{}' FROM generate_series(1, 20000) n`
  )
  await run(
    url,
    `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, generation, idle_expires_at,
       absolute_expires_at, access_expires_at, sign_in_network, address, user_agent)
     SELECT gen_random_uuid(), md5((1 + n % 20000)::text)::uuid, 'countersign', 'account', '{http://api.test}', n % 50,
       now() + interval '7 days', now() + interval '30 days', now() + interval '10 minutes', '192.0.2.1', '192.0.2.1', 'bench'
     FROM generate_series(1, ${rows}) n`
  )
  await run(
    url,
    `INSERT INTO revocations (kind, value, expires_at, published_at)
     SELECT 'sid', gen_random_uuid()::text, now() + interval '1 hour', now() FROM generate_series(1, ${rows})`
  )
  await run(url, 'VACUUM ANALYZE')
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
