import { randomUUID } from 'node:crypto'
import {
  createTestDatabase,
  openTestPool,
  type PostgresRecorder,
  startPostgresRecorder,
  type TestDatabase
} from '@countersign/testing'
import { ageSessionsStatement } from '@countersign/testing/trio'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RefreshTokenFamilies } from '../../services/auth-service/src/sessions/refresh-token-families.ts'
import { credentialsState } from '../../services/auth-service/src/stores/postgres/credentials-state.ts'
import { openDatabase, openDatabasePool } from '../../services/auth-service/src/stores/postgres/database.ts'
import { createPreparedStatements } from '../../services/auth-service/src/stores/postgres/prepared-statements.ts'
import { createPrismaRefreshTokenFamilies } from '../../services/auth-service/src/stores/postgres/refresh-token-families.ts'
import { budget } from './budget.ts'
import { type Presentation, play } from './refresh-parties.ts'
import type { Outcome } from './refresh-rule.ts'

/** Moments are multiples of the step, and no limit is near one: so what a schedule takes in real time decides nothing. */
const settings = { retryWindow: 65, recovery: 86_410 }
const step = 20
const sideBySide = 8
const year = 366 * 86_400
const origin = { address: '127.0.0.1', userAgent: 'test' }
const clientId = 'countersign'

describe('Postgres decides about refresh tokens as the model of the rule does', () => {
  let database: TestDatabase
  let recorder: PostgresRecorder
  let pool: pg.Pool
  let replicas: { families: RefreshTokenFamilies; close(): Promise<void> }[]

  beforeAll(async () => {
    database = await createTestDatabase()
    pool = openTestPool(database.url, { max: 2 })
    recorder = await startPostgresRecorder(database.url)
    replicas = [1, 2, 3].map(() => openReplica(recorder.url))
  })
  afterAll(async () => {
    for (const replica of replicas ?? []) await replica.close()
    await pool?.end()
    await recorder?.close()
    await database?.drop()
  })

  test('outcome by outcome, and token by token', { timeout: 30_000 + budget.comparedRuns * 5000 }, async () => {
    const seen = new Set<Outcome>()
    const seeds = Array.from({ length: budget.comparedRuns }, (_, run) => (budget.seed ?? 1) + run)
    const followNext = async (): Promise<void> => {
      const seed = seeds.shift()
      if (seed === undefined) return
      const { presentations } = play(seed, { settings, hasThief: seed % 3 === 0, step })
      const decided = presentations.filter((_, at) => presentations[at - 1]?.outcome !== 'replayed')
      await follow(seed, decided)
      for (const { outcome } of decided) seen.add(outcome)
      return followNext()
    }
    // Side by side, so that the rotations of different sessions go together.
    await Promise.all(Array.from({ length: sideBySide }, followNext))
    expect([...seen].sort()).toEqual(['recovered', 'replayed', 'retried', 'rotated'])
    if (budget.comparedRuns >= sideBySide) {
      expect(recorder.statements.filter((text) => /^\s*WITH p AS/.test(text)).length).toBeGreaterThan(sideBySide)
    }
  })

  async function follow(seed: number, presentations: readonly Presentation[]): Promise<void> {
    const { id: userId, state } = await createUser()
    const begin = performance.now()
    const started = await families(0).start({
      userId,
      credentialsState: state,
      authentication: { acr: 'urn:countersign:acr:1', amr: ['pwd'] },
      clientId,
      audience: ['http://issuer.test'],
      scopes: undefined,
      jkt: undefined,
      network: 'n',
      origin
    })
    if (started.outcome !== 'started') throw new Error(`the session did not start: ${started.outcome}`)
    const familyId = started.session.sessionId
    let passed = 0
    for (const [at, { at: moment, presented: generation, given, outcome }] of presentations.entries()) {
      const ahead = moment - passed - (performance.now() - begin) / 1000
      if (moment !== presentations[at - 1]?.at) {
        await pool.query(ageSessionsStatement, [[userId], ahead])
        passed += ahead
      }
      const result = await families(at).refresh({ familyId, generation, clientId, origin })
      const actual = { outcome: result.outcome, given: 'session' in result ? result.session.generation : undefined }
      expect(actual, `CHAOS_SEED=${seed} CHAOS_COMPARED_RUNS=1, presentation ${at}`).toEqual({ outcome, given })
    }
  }

  const families = (at: number) => (replicas[at % 3] as (typeof replicas)[0]).families

  async function createUser(): Promise<{ id: string; state: string }> {
    const id = randomUUID()
    const { rows } = await pool.query(
      `INSERT INTO users (id, username, username_key, password_hash, roles) VALUES ($1::uuid, $2, $2, 'hash', '{}')
      RETURNING ${credentialsState.sql} AS state`,
      [id, id]
    )
    return { id, state: rows[0].state }
  }
})

function openReplica(url: string) {
  const pool = openDatabasePool({ url, connections: sideBySide })
  const database = openDatabase(pool)
  const families = createPrismaRefreshTokenFamilies(database, createPreparedStatements(pool), {
    tellUser: async () => {},
    issuer: 'http://issuer.test',
    accessTokenTtlSeconds: 600,
    refreshRetryWindowSeconds: settings.retryWindow,
    refreshRecoverySeconds: settings.recovery,
    sessionIdleSeconds: year,
    sessionAbsoluteSeconds: 3 * year,
    sessionsPerUser: 100
  })
  return { families, close: () => database.$disconnect() }
}
