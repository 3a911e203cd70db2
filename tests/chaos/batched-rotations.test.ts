import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { TemporarilyUnavailableError } from '@countersign/oauth'
import {
  createTestDatabase,
  openTestPool,
  type PostgresFaults,
  startPostgresFaults,
  type TestDatabase
} from '@countersign/testing'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type {
  PresentedGeneration,
  RefreshOutcome,
  RefreshTokenFamilies,
  Session
} from '../../services/auth-service/src/sessions/refresh-token-families.ts'
import { credentialsState } from '../../services/auth-service/src/stores/postgres/credentials-state.ts'
import { openDatabase, openDatabasePool } from '../../services/auth-service/src/stores/postgres/database.ts'
import { createPreparedStatements } from '../../services/auth-service/src/stores/postgres/prepared-statements.ts'
import { createPrismaRefreshTokenFamilies } from '../../services/auth-service/src/stores/postgres/refresh-token-families.ts'

const together = /^\s*WITH p AS/
const alone = /^\s*UPDATE refresh_token_families f\b/
const issuer = 'http://issuer.test'
const clientId = 'countersign'
const origin = { address: '127.0.0.1', userAgent: 'test' }

describe('concurrent rotations are batched, and each has the same outcome as alone', () => {
  let database: TestDatabase
  let faults: PostgresFaults
  let observer: pg.Pool
  let replica: { families: RefreshTokenFamilies; close(): Promise<void> }

  beforeAll(async () => {
    database = await createTestDatabase()
    observer = openTestPool(database.url, { max: 4 })
    faults = await startPostgresFaults(database.url)
    replica = openReplica(faults.url)
  })
  afterAll(async () => {
    await replica?.close()
    await faults?.close()
    await observer?.end()
    await database?.drop()
  })
  beforeEach(() => faults.clear())
  const undo: (() => unknown)[] = []
  afterEach(async () => {
    for (const step of undo.splice(0)) await step()
  })

  test('in one statement, with the claims of its own session', async () => {
    const sessions = await Promise.all([
      startSession({ roles: ['admin'] }),
      startSession({ jkt: 'key-1' }),
      ...Array.from({ length: 18 }, () => startSession())
    ])
    faults.clear()
    const outcomes = await Promise.all(
      sessions.map((session) => refresh(session, { origin: { address: session.sessionId, userAgent: `{"',\\}` } }))
    )
    expect(count(together)).toBe(1)
    expect(count(alone)).toBe(0)
    expect(outcomes.map(sessionOf)).toEqual(
      sessions.map((session) => ({ ...session, generation: 1, issuedAt: expect.any(Number) }))
    )
    const { rows } = await observer.query(
      'SELECT id FROM refresh_token_families WHERE address = id::text AND user_agent = $1 AND id = ANY($2)',
      [`{"',\\}`, sessions.map(({ sessionId }) => sessionId)]
    )
    expect(rows).toHaveLength(sessions.length)
  })

  test('a batch has at most 64 rotations, and one for each family', async () => {
    const sessions = await Promise.all(Array.from({ length: 70 }, () => startSession()))
    const [first] = sessions as [Session]
    faults.clear()
    const twice = refresh(first, { generation: 7 })
    const outcomes = await Promise.all(sessions.map((session) => refresh(session)))
    expect(outcomes.filter(({ outcome }) => outcome === 'rotated')).toHaveLength(70)
    // One of more than was issued comes first, and does not keep the other from its turn.
    expect(await twice).toEqual({ outcome: 'unknown' })
    expect(count(together)).toBe(2)
  })

  test('whatever becomes of its neighbours', async () => {
    const [good, replayed, retried, ofOtherKey, ofOtherClient, ended, disabled, idle, narrowed, beyond] =
      (await Promise.all(Array.from({ length: 10 }, () => startSession()))) as [
        Session,
        Session,
        Session,
        Session,
        Session,
        Session,
        Session,
        Session,
        Session,
        Session
      ]
    for (let generation = 0; generation < 2; generation++) await refresh(replayed, { generation })
    await observer.query(
      `UPDATE refresh_token_families SET rotated_at = rotated_at - interval '3 days', used_at = '{}', used_generations = '{}' WHERE id = $1`,
      [replayed.sessionId]
    )
    await refresh(retried)
    await replica.families.end({ familyId: ended.sessionId }, { reason: 'logout' })
    await observer.query('UPDATE users SET disabled_at = now() WHERE id = $1', [disabled.userId])
    await observer.query('UPDATE refresh_token_families SET idle_expires_at = now() WHERE id = $1', [idle.sessionId])
    faults.clear()
    const outcomes = await Promise.all([
      refresh(good),
      refresh(replayed),
      refresh(retried),
      refresh(ofOtherKey, { jkt: 'another' }),
      refresh(ofOtherClient, { clientId: 'another' }),
      refresh(ended),
      refresh(disabled),
      refresh(idle),
      refresh(narrowed, { scopes: ['account'] }),
      refresh(beyond, { resource: 'urn:nothing' })
    ])
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      'rotated',
      'replayed',
      'retried',
      'wrong_key',
      'unknown',
      'revoked',
      'revoked',
      'expired',
      'rotated',
      'exceeds_audience'
    ])
    expect(count(together)).toBe(1)
    expect(await generationsOf([good, ofOtherKey, ofOtherClient, beyond])).toEqual([1, 0, 0, 0])
  })

  test('is not held up by a locked row, which waits alone and then gets the current rights', async () => {
    const locked = await startSession()
    const others = await Promise.all(Array.from({ length: 5 }, () => startSession()))
    const connection = await observer.connect()
    undo.push(() => connection.release(true))
    await connection.query('BEGIN')
    await connection.query('SELECT FROM refresh_token_families WHERE id = $1 FOR UPDATE', [locked.sessionId])
    faults.clear()
    const waiting = refresh(locked)
    const outcomes = await Promise.all(others.map((session) => refresh(session)))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(others.map(() => 'rotated'))
    expect(count(together)).toBe(1)
    await connection.query(
      `UPDATE refresh_token_families SET revoked_at = now(), revoked_reason = 'logout' WHERE id = $1`,
      [locked.sessionId]
    )
    await connection.query('COMMIT')
    expect(await waiting).toEqual({ outcome: 'revoked' })
  })

  test('goes on without a statement that stalls', async () => {
    const [first, ...others] = (await Promise.all(Array.from({ length: 4 }, () => startSession()))) as [
      Session,
      ...Session[]
    ]
    const { release } = hold(alone)
    const stalled = refresh(first)
    await delay(5)
    const outcomes = await Promise.all(others.map((session) => refresh(session)))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(others.map(() => 'rotated'))
    release()
    expect((await stalled).outcome).toBe('rotated')
  })

  test.each(['40P01', '40001', '22021'])('each alone after %s', async (code) => {
    const sessions = await Promise.all(Array.from({ length: 4 }, () => startSession()))
    faults.clear()
    undo.push(
      faults.intercept({ matches: together, moment: 'before_sending', action: (exchange) => exchange.failWith(code) })
    )
    const outcomes = await Promise.all(sessions.map((session) => refresh(session)))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(sessions.map(() => 'rotated'))
    expect(await generationsOf(sessions)).toEqual(sessions.map(() => 1))
  })

  test('and only the one with a value that Postgres does not take fails', async () => {
    const [bad, ...others] = await Promise.all(Array.from({ length: 4 }, () => startSession()))
    const rejected = refresh(bad as Session, { origin: { address: '127.0.0.1', userAgent: 'nul: \0' } })
    const outcomes = Promise.all(others.map((session) => refresh(session)))
    await expect(rejected).rejects.toMatchObject({ code: '22021' })
    expect((await outcomes).map(({ outcome }) => outcome)).toEqual(others.map(() => 'rotated'))
  })

  describe.each(['before_sending', 'before_answering'] as const)('when the connection is lost %s', (moment) => {
    test('each gets 503, and is never presented again', async () => {
      const sessions = await Promise.all(Array.from({ length: 5 }, () => startSession()))
      faults.clear()
      undo.push(faults.intercept({ matches: together, moment, action: (exchange) => exchange.cut() }))
      const results = await Promise.allSettled(sessions.map((session) => refresh(session)))
      for (const result of results) {
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(TemporarilyUnavailableError) })
      }
      expect(count(together)).toBe(1)
      expect(count(alone)).toBe(0)
      const advanced = moment === 'before_answering' ? 1 : 0
      expect(await generationsOf(sessions)).toEqual(sessions.map(() => advanced))
      // The client's own retry finds the session alive.
      const retries = await Promise.all(sessions.map((session) => refresh(session)))
      expect(retries.map((retry) => sessionOf(retry)?.generation)).toEqual(sessions.map(() => 1))
    })
  })

  test('one after another, when they come one after another', async () => {
    const sessions = await Promise.all(Array.from({ length: 3 }, () => startSession()))
    faults.clear()
    for (const session of sessions) await refresh(session)
    expect(count(together)).toBe(0)
    expect(count(alone)).toBe(3)
  })

  function refresh(session: Session, more: Partial<PresentedGeneration> = {}): Promise<RefreshOutcome> {
    const jkt = keys.get(session.sessionId)
    return replica.families.refresh({ familyId: session.sessionId, generation: 0, clientId, jkt, origin, ...more })
  }

  const count = (pattern: RegExp) => faults.sent.filter(({ text }) => pattern.test(text)).length

  function hold(matches: RegExp): { release(): void } {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    undo.push(release, faults.intercept({ matches, moment: 'before_sending', action: () => released }))
    return { release }
  }

  async function generationsOf(sessions: readonly Session[]): Promise<number[]> {
    const { rows } = await observer.query('SELECT id, generation FROM refresh_token_families')
    return sessions.map(({ sessionId }) => rows.find(({ id }) => id === sessionId).generation)
  }

  const keys = new Map<string, string>()

  async function startSession({
    roles = [] as string[],
    jkt = undefined as string | undefined
  } = {}): Promise<Session> {
    const userId = randomUUID()
    const { rows } = await observer.query(
      `INSERT INTO users (id, username, username_key, password_hash, roles) VALUES ($1::uuid, $2, $2, 'hash', $3)
      RETURNING ${credentialsState.sql} AS state`,
      [userId, userId, roles]
    )
    const started = await replica.families.start({
      userId,
      credentialsState: rows[0].state,
      authentication: { acr: 'urn:countersign:acr:1', amr: ['pwd'] },
      clientId,
      audience: [issuer],
      scopes: undefined,
      jkt,
      network: 'n',
      origin
    })
    if (started.outcome !== 'started') throw new Error(`the session did not start: ${started.outcome}`)
    if (jkt) keys.set(started.session.sessionId, jkt)
    // As old as when its client refreshes it.
    await observer.query(`UPDATE refresh_token_families SET rotated_at = now() - interval '9 minutes' WHERE id = $1`, [
      started.session.sessionId
    ])
    return started.session
  }
})

function sessionOf(outcome: RefreshOutcome): Session | undefined {
  return 'session' in outcome ? outcome.session : undefined
}

function openReplica(url: string) {
  const pool = openDatabasePool({ url, connections: 4 })
  const database = openDatabase(pool)
  const families = createPrismaRefreshTokenFamilies(database, createPreparedStatements(pool), {
    tellUser: async () => {},
    issuer,
    accessTokenTtlSeconds: 600,
    refreshRetryWindowSeconds: 60,
    refreshRecoverySeconds: 86_400,
    sessionIdleSeconds: 7 * 86_400,
    sessionAbsoluteSeconds: 30 * 86_400,
    sessionsPerUser: 100
  })
  return { families, close: () => database.$disconnect() }
}
