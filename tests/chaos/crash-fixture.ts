import { setTimeout as delay } from 'node:timers/promises'
import {
  createTestDatabase,
  createTestRedis,
  type PostgresFaults,
  type RedisFaults,
  startPostgresFaults,
  startRedisFaults
} from '@countersign/testing'
import { get, post, register, type ServiceProcess, signIn, startTrio } from '@countersign/testing/trio'

/** An auth-service that is killed and started again, and a resource-service that runs all the time. */
export interface CrashFixture {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly postgres: PostgresFaults
  readonly redis: RedisFaults
  /** URL of the auth-service that runs now. */
  readonly authUrl: string
  /** An access token of an admin. */
  readonly adminToken: string
  kill(): Promise<void>
  /** Starts the auth-service again; resolves when it accepts requests and has done its first housekeeping. */
  restart(): Promise<void>
  /** The status that the running resource-service returns for an access token. */
  statusOfMe(accessToken: string): Promise<number>
  /** Starts another resource-service. */
  startResource(): Promise<ServiceProcess>
  logs(): string
  close(): Promise<void>
}

export const sessionsPerUser = 2

export async function openCrashFixture(): Promise<CrashFixture> {
  const database = await createTestDatabase()
  const redisUrl = await createTestRedis()
  const postgres = await startPostgresFaults(database.url)
  const redis = await startRedisFaults(redisUrl)
  const trio = await startTrio({
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    env: {
      REGISTRATIONS_PER_ADDRESS: '100000',
      SIGN_IN_FAILURES_PER_ADDRESS: '100000',
      SESSIONS_PER_USER: String(sessionsPerUser),
      // Each operation of a round may hold one.
      DATABASE_CONNECTIONS: '60',
      // Nothing listens there: mail is written, and waits.
      SMTP_URL: 'smtp://127.0.0.1:9',
      MAIL_FROM: 'no-reply@example.com',
      MAIL_SIGN_IN: 'on',
      PAGES_URL: 'https://pages.test'
    }
  })
  let auth = trio.auth
  let adminToken = ''
  const fixture: CrashFixture = {
    databaseUrl: database.url,
    redisUrl,
    postgres,
    redis,
    get authUrl() {
      return auth.url
    },
    get adminToken() {
      return adminToken
    },
    kill: () => auth.stop('SIGKILL'),
    async restart() {
      postgres.clear()
      redis.clear()
      auth = await trio.startAuth()
      // Its transactions must not be taken for those of an operation.
      await until(() => /\bdelete_audit_events\(.*COMMIT/s.test(postgres.sent.map(({ text }) => text).join('\n')))
    },
    statusOfMe: async (accessToken) => (await get(`${trio.resource.url}/me`, accessToken)).status,
    startResource: () => trio.startResource({ JWKS_URL: `${auth.url}/.well-known/jwks.json` }),
    logs: () => trio.logs(),
    async close() {
      await trio.stop()
      await postgres.close()
      await redis.close()
      await database.drop()
    }
  }
  try {
    adminToken = (await signIn(auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    // Loads the scripts into Redis, so that a publication is one command.
    const someone = await signIn(auth.url, await register(auth.url))
    await post(`${auth.url}/auth/logout`, { refresh_token: someone.refresh_token })
    await fixture.kill()
    await fixture.restart()
    return fixture
  } catch (error) {
    await fixture.close()
    throw error
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error('the auth-service has not done its first housekeeping')
    await delay(5)
  }
}
