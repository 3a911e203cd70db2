import { type Credentials, query, register, signIn, startTrio } from '@countersign/testing/trio'
import { createBenchDatabase } from '../databases.ts'
import type { RequestSpec } from '../load/load-plan.ts'
import { threadPool } from '../peers/peer-process.ts'
import { databaseConnections, ownSetting, strictRotation } from '../refresh/refresh-contestant.ts'
import type { Setting, SuiteContext } from '../suite.ts'

/** An auth-service with users to sign in, and sessions to refresh meanwhile. */
export interface SignInService {
  readonly url: string
  readonly pid: number
  readonly setting: Setting
  /** A user's password and its hash as the service made it. */
  readonly example: { readonly password: string; readonly passwordHash: string }
  /** A sign-in of each user. */
  readonly signIns: readonly RequestSpec[]
  /** The same with wrong passwords. */
  readonly wrongSignIns: readonly RequestSpec[]
  refreshTokens: string[]
  startReplica: Awaited<ReturnType<typeof startTrio>>['startAuth']
  stop(): Promise<void>
}

/** So many that none of them reaches the limit of live sessions, where the oldest has to be ended. */
const users = 256

const unlimited = '1000000'

export async function startSignInService(
  { postgresUrl, redisUrl }: SuiteContext,
  refreshSessions: number
): Promise<SignInService> {
  const database = await createBenchDatabase(postgresUrl)
  const env = {
    NODE_ENV: 'production',
    ...threadPool,
    ...strictRotation,
    LOG_LEVEL: 'info',
    DATABASE_CONNECTIONS: String(databaseConnections),
    REGISTRATIONS_PER_ADDRESS: unlimited,
    // One address sends it all: past its failures it would be rejected before any hashing.
    SIGN_IN_FAILURES_PER_ADDRESS: unlimited,
    SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS: unlimited,
    SIGN_IN_FAILURES_PER_ACCOUNT: unlimited,
    SIGN_INS_PER_ACCOUNT_AND_ADDRESS: unlimited,
    SIGN_INS_PER_ACCOUNT: unlimited
  }
  const trio = await startTrio({ databaseUrl: database.url, redisUrl, env })
  const { url, process } = trio.auth
  const registered: Credentials[] = []
  while (registered.length < users + refreshSessions) {
    registered.push(...(await Promise.all(Array.from({ length: 8 }, () => register(url)))))
  }
  const refreshTokens: string[] = []
  // Of users who do nothing else: a sign-in past the limit of a user's sessions would end the one that is refreshed.
  for (const user of registered.splice(0, refreshSessions)) refreshTokens.push((await signIn(url, user)).refresh_token)
  const [first] = registered as [Credentials]
  const [row] = await query<{ password_hash: string }>(
    database.url,
    'SELECT password_hash FROM users WHERE username = $1',
    [first.username]
  )
  return {
    url,
    pid: process.pid as number,
    setting: {
      ...ownSetting(env),
      checks: 'the limits of failures, the password and whether the user is enabled; starts a session and audits it'
    },
    example: { password: first.password, passwordHash: row?.password_hash as string },
    signIns: registered.map(signInRequest),
    wrongSignIns: registered.map(({ username }) => signInRequest({ username, password: 'a wrong password' })),
    refreshTokens,
    startReplica: trio.startAuth,
    async stop() {
      await trio.stop()
      await database.drop()
    }
  }
}

function signInRequest({ username, password }: Credentials): RequestSpec {
  return {
    method: 'POST',
    path: '/auth/login',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username, password })
  }
}
