/** The services for schedules and races: replicas of the auth-service, one of them a minute ahead, and an API. */
import { randomBytes, randomUUID } from 'node:crypto'
import { createTestDatabase, createTestRedis, openTestPool } from '@countersign/testing'
import { register, type ServiceProcess, signIn, startTrio, untilReady } from '@countersign/testing/trio'
import type pg from 'pg'
import type { Rules, User } from './family-model.ts'

/**
 * Time passes in steps of 100 seconds. No limit, and no double retry window, is near a multiple of that: so the few seconds
 * that a schedule takes decide nothing. The idle limit is below the access token's lifetime: a session can expire before its tokens.
 */
export const rules: Rules = {
  retryWindow: 140,
  recovery: 350,
  idle: 450,
  absolute: 1250,
  accessTokenTtl: 570,
  clockTolerance: 60,
  sessionsPerUser: 4
}

/** The longest time of a schedule for which the above holds. */
export const scheduleSeconds = 28

/**
 * It decides nothing about sessions, whose one clock is the database's; `iat` and `exp` are the database's too. As a verifier
 * of access tokens that replica uses its own clock, which takes a minute of their ten away from it: no token here gets so
 * old in real time. (A replica a minute behind would refuse fresh ones, as any verifier that is off by more than its
 * tolerance.)
 */
const clockAheadSeconds = 60

export interface Fixture {
  /** The last one's clock is a minute ahead. */
  readonly auths: readonly ServiceProcess[]
  readonly resource: ServiceProcess
  readonly pool: pg.Pool
  /** An admin's access token that stays valid for a while. */
  adminToken(): Promise<string>
  /** Makes users without asking the services, which would hash a password for each. */
  createUsers(count: number): Promise<(User & { readonly username: string })[]>
  close(): Promise<void>
}

export async function openFixture(): Promise<Fixture> {
  const database = await createTestDatabase()
  const env = {
    ACCESS_TOKEN_TTL_SECONDS: String(rules.accessTokenTtl),
    REFRESH_RETRY_WINDOW_SECONDS: String(rules.retryWindow),
    REFRESH_RECOVERY_SECONDS: String(rules.recovery),
    SESSION_IDLE_SECONDS: String(rules.idle),
    SESSION_ABSOLUTE_SECONDS: String(rules.absolute),
    SESSIONS_PER_USER: String(rules.sessionsPerUser),
    SIGN_IN_FAILURES_PER_ADDRESS: '1000000',
    SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS: '1000000',
    SIGN_IN_FAILURES_PER_ACCOUNT: '1000000',
    PASSWORD_HASH_QUEUE: '1000',
    LOG_LEVEL: 'info'
  }
  const trio = await startTrio({ databaseUrl: database.url, redisUrl: await createTestRedis(), env })
  const ahead = await trio.startAuth({
    NODE_OPTIONS: `--import ${new URL('clock-ahead.mjs', import.meta.url).href}`,
    CLOCK_AHEAD_SECONDS: String(clockAheadSeconds)
  })
  await untilReady(ahead)
  requireClockAhead(ahead)
  const pool = openTestPool(database.url, { max: 8 })
  const template = await register(trio.auth.url)
  let admin: { token: string; since: number } | undefined

  return {
    auths: [trio.auth, ahead],
    resource: trio.resource,
    pool,
    async adminToken() {
      if (!admin || performance.now() - admin.since > 240_000) {
        const tokens = await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })
        admin = { token: tokens.access_token, since: performance.now() }
      }
      return admin.token
    },
    async createUsers(count) {
      const users = Array.from({ length: count }, () => ({
        id: randomUUID(),
        username: `u-${randomBytes(6).toString('hex')}`,
        password: template.password,
        roles: [],
        isDisabled: false,
        families: []
      }))
      await pool.query(
        `INSERT INTO users (id, username, username_key, password_hash, roles)
         SELECT id, name, name, password_hash, '{}' FROM unnest($1::uuid[], $2::text[]) AS new(id, name),
           (SELECT password_hash FROM users WHERE id = $3) template`,
        [users.map(({ id }) => id), users.map(({ username }) => username), template.id]
      )
      return users
    },
    async close() {
      await pool.end()
      await trio.stop()
      await database.drop()
    }
  }
}

/** Otherwise it would prove nothing about the clocks of replicas. */
function requireClockAhead(service: ServiceProcess): void {
  const logged = Date.parse(/"time":"([^"]+)"/.exec(service.logs())?.[1] ?? '')
  const aheadSeconds = (logged - Date.now()) / 1000
  if (!(Math.abs(aheadSeconds - clockAheadSeconds) < 30)) {
    throw new Error(`the replica's clock is ${aheadSeconds} s ahead, not ${clockAheadSeconds} s`)
  }
}
