import type pg from 'pg'
import { openTestPool } from '../infrastructure/database-connections.ts'

/** By URL. Opening a connection takes ten milliseconds of processor time, and a test run reads its databases thousands of times. */
const pools = new Map<string, pg.Pool>()

/**
 * Runs one statement on a connection that no service uses, to read what the services have stored. It stays open for a second, and the
 * next statement may find what this one has set for it: what sets a role is for `executeAlone`.
 */
export async function query<T extends object>(databaseUrl: string, text: string, values: unknown[] = []): Promise<T[]> {
  return (await poolOf(databaseUrl).query(text, values)).rows as T[]
}

function poolOf(databaseUrl: string): pg.Pool {
  const open = pools.get(databaseUrl)
  if (open) return open
  const pool = openTestPool(databaseUrl, { max: 20, idleTimeoutMillis: 1000, allowExitOnIdle: true })
  pools.set(databaseUrl, pool)
  return pool
}

/**
 * Lets time pass for the sessions of users (`$1`, a list): moves all their moments by `$2` seconds into the past, which is
 * what waiting would do. The services have no other clock for sessions than the database's.
 */
export const ageSessionsStatement = `
  UPDATE refresh_token_families SET
    created_at = created_at - make_interval(secs => $2), rotated_at = rotated_at - make_interval(secs => $2),
    used_at = ARRAY(
      SELECT use.at - make_interval(secs => $2) FROM unnest(used_at) WITH ORDINALITY AS use(at, place) ORDER BY use.place),
    idle_expires_at = idle_expires_at - make_interval(secs => $2),
    absolute_expires_at = absolute_expires_at - make_interval(secs => $2),
    access_expires_at = access_expires_at - make_interval(secs => $2)
  WHERE user_id = ANY($1)`

/** Lets time pass for the sessions of a user. */
export async function ageSessions(databaseUrl: string, userId: string, seconds: number): Promise<void> {
  await query(databaseUrl, ageSessionsStatement, [[userId], seconds])
}

export interface FamilyRow {
  id: string
  generation: number
  revoked_at: Date | null
  revoked_reason: string | null
}

/** One family as it stands. */
export async function readFamily(databaseUrl: string, id: string): Promise<FamilyRow> {
  const [family] = await query<FamilyRow>(
    databaseUrl,
    'SELECT id, generation, revoked_at, revoked_reason FROM refresh_token_families WHERE id = $1',
    [id]
  )
  if (!family) throw new Error(`there is no family ${id}`)
  return family
}
