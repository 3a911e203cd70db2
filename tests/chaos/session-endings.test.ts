import { randomUUID } from 'node:crypto'
import { createTestDatabase, type TestDatabase } from '@countersign/testing'
import { query } from '@countersign/testing/trio'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { announcing } from '../../services/auth-service/src/revocation/announcing.ts'
import { endAllSessions } from '../../services/auth-service/src/sessions/session-endings.ts'
import { createPrismaApiAdministration } from '../../services/auth-service/src/stores/postgres/apis.ts'
import { openDatabase, openDatabasePool } from '../../services/auth-service/src/stores/postgres/database.ts'
import { createPrismaRoleAdministration } from '../../services/auth-service/src/stores/postgres/roles.ts'
import { createPrismaSessionEndings } from '../../services/auth-service/src/stores/postgres/session-endings.ts'

const api = 'urn:example:stock'
const scopes = [{ api, scope: 'stock:read' }]

describe('sessions that end since a role lost a scope', () => {
  let database: TestDatabase
  let replicas: ReturnType<typeof openReplica>[]
  let role: string

  beforeAll(async () => {
    database = await createTestDatabase()
    replicas = [0, 1, 2].map(() => openReplica(database.url))
    const apiScopes = [{ name: 'stock:read', description: 'Read stock' }]
    await replica(0).apis.create({ identifier: api, name: 'Stock', carriesRoles: false, scopes: apiScopes }, undefined)
  })
  afterAll(async () => {
    await Promise.all((replicas ?? []).map(({ close }) => close()))
    await database?.drop()
  })
  beforeEach(async () => {
    role = `r${randomUUID().slice(0, 8)}`
    await replica(0).roles.create({ name: role, description: '', scopes }, undefined)
  })

  const replica = (at: number) => replicas[at] as ReturnType<typeof openReplica>
  const takeScope = () => replica(0).roles.change(role, { scopes: [], endsSessions: true }, undefined)

  async function newUser(): Promise<string> {
    const id = randomUUID()
    await query(
      database.url,
      `INSERT INTO users (id, username, username_key, password_hash, roles) VALUES ($1::uuid, $2, $2, 'hash', ARRAY[$3])`,
      [id, id, role]
    )
    return id
  }

  async function newSessions(userId: string, count: number, more: { scope?: string; ago?: string } = {}) {
    const rows = await query<{ id: string }>(
      database.url,
      `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, created_at, idle_expires_at,
         absolute_expires_at, access_expires_at, sign_in_network, address, user_agent)
       SELECT gen_random_uuid(), $1::uuid, 'countersign', $2, ARRAY[$3], clock_timestamp() - $4::interval,
         now() + interval '1 hour', now() + interval '1 hour', now() + interval '10 minutes', '', '', ''
       FROM generate_series(1, $5) RETURNING id`,
      [userId, more.scope ?? 'stock:read', api, more.ago ?? '1 minute', count]
    )
    return rows.map(({ id }) => id)
  }

  const liveOf = async (userId: string) =>
    (
      await query<{ id: string }>(
        database.url,
        'SELECT id FROM refresh_token_families WHERE user_id = $1 AND revoked_at IS NULL',
        [userId]
      )
    ).map(({ id }) => id)
  const eventsOf = async (userId: string) =>
    query<{ detail: object }>(
      database.url,
      "SELECT detail FROM audit_events WHERE user_id = $1 AND type = 'session.ended'",
      [userId]
    )

  test('end once each, however many replicas and commands are at it', async () => {
    const users = await Promise.all(Array.from({ length: 5 }, newUser))
    for (const user of users) await newSessions(user, 130)
    await takeScope()
    const ends = await Promise.all(replicas.map(({ endings }) => endAllSessions(endings)))
    expect(ends.reduce((sum, { ended }) => sum + ended, 0)).toBe(650)
    const announced = replicas.flatMap((one) => one.announced.splice(0))
    expect(new Set(announced).size).toBe(650)
    expect(announced).toHaveLength(650)
    for (const user of users) {
      expect(await liveOf(user)).toEqual([])
      expect(await eventsOf(user)).toEqual(Array(130).fill({ detail: { reason: 'scope_removed' } }))
    }
  })

  test('a batch that is cut off changes nothing, and the next one does it all', async () => {
    const user = await newUser()
    await newSessions(user, 3)
    await takeScope()
    const other = new pg.Client({ connectionString: database.url })
    await other.connect()
    await other.query('BEGIN')
    await other.query('LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE')
    const cut = replica(1).endings.endBatch(10)
    const failed = expect(cut).rejects.toThrow()
    const terminate = async () => {
      // Within a transaction it would be the same view each time.
      await other.query('SELECT pg_stat_clear_snapshot()')
      return other.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%refresh_token_families%'`
      )
    }
    await expect.poll(async () => (await terminate()).rowCount).toBe(1)
    await failed
    await other.query('ROLLBACK')
    await other.end()
    expect(await liveOf(user)).toHaveLength(3)
    expect(await endAllSessions(replica(2).endings)).toEqual({ ended: 3, published: true, isComplete: true })
    expect(await eventsOf(user)).toHaveLength(3)
  })

  test('one that somebody holds ends as soon as it is free', async () => {
    const user = await newUser()
    const [held] = await newSessions(user, 3)
    await takeScope()
    const other = new pg.Client({ connectionString: database.url })
    await other.connect()
    await other.query('BEGIN')
    await other.query('SELECT 1 FROM refresh_token_families WHERE id = $1 FOR UPDATE', [held])
    const ending = endAllSessions(replica(1).endings)
    await expect.poll(() => liveOf(user)).toEqual([held])
    await other.query('COMMIT')
    await other.end()
    expect(await ending).toEqual({ ended: 3, published: true, isComplete: true })
    expect(await liveOf(user)).toEqual([])
  })

  test('a session of a sign-in under way is found by a second search, and no other one ends', async () => {
    const user = await newUser()
    await newSessions(user, 1)
    await takeScope()
    expect((await endAllSessions(replica(0).endings)).ended).toBe(1)
    const [late] = await newSessions(user, 1, { ago: '0 seconds' })
    const [fresh] = await newSessions(user, 1, { ago: '0 seconds', scope: 'stock:other' })
    // Before its time nothing happens: the statement of the sign-in may still run.
    expect((await endAllSessions(replica(1).endings)).ended).toBe(0)
    expect((await liveOf(user)).sort()).toEqual([late, fresh].sort())
    await query(database.url, "UPDATE session_endings SET created_at = created_at - interval '7 seconds'")
    await query(
      database.url,
      "UPDATE refresh_token_families SET created_at = created_at - interval '7 seconds' WHERE user_id = $1 AND revoked_at IS NULL",
      [user]
    )
    expect((await endAllSessions(replica(1).endings)).ended).toBe(1)
    expect(await liveOf(user)).toEqual([fresh])
    expect(await query(database.url, 'SELECT 1 FROM session_endings')).toEqual([])
  })

  test('a user who was given the scope by another role meanwhile stays signed in', async () => {
    const user = await newUser()
    const sessions = await newSessions(user, 1)
    await takeScope()
    const another = `r${randomUUID().slice(0, 8)}`
    await replica(0).roles.create({ name: another, description: '', scopes }, undefined)
    await query(database.url, 'UPDATE users SET roles = roles || $2 WHERE id = $1', [user, [another]])
    expect((await endAllSessions(replica(0).endings)).ended).toBe(0)
    expect(await liveOf(user)).toEqual(sessions)
  })
})

function openReplica(url: string) {
  const pool = openDatabasePool({ url, connections: 2 })
  const database = openDatabase(pool)
  const announced: string[] = []
  const announcer = {
    async announce(entries: readonly { value: string }[]) {
      announced.push(...entries.map(({ value }) => value))
      return true
    },
    endRest: async () => ({ ended: 0, published: true, isComplete: false })
  }
  return {
    announced,
    apis: createPrismaApiAdministration(database),
    roles: createPrismaRoleAdministration(database),
    endings: announcing(createPrismaSessionEndings(database), announcer),
    close: () => database.$disconnect()
  }
}
