import { register, signIn, startTrio } from '@countersign/testing/trio'
import { createBenchDatabase } from '../databases.ts'
import { accessTokenTtlSeconds, type IssuerOptions, type IssuerPeer } from '../peers/issuer-peer.ts'
import { packageVersions } from '../peers/package-versions.ts'
import { createPeerDatabase } from '../peers/peer-database.ts'
import { startPeer, threadPool } from '../peers/peer-process.ts'
import type { Setting } from '../suite.ts'

/** An issuer with sessions whose tokens are refreshed. */
export interface RefreshContestant extends Omit<IssuerPeer, 'refreshTokens'> {
  readonly name: string
  readonly pid: number
  readonly database: string
  /** The current token of each session. */
  refreshTokens: string[]
  stop(): Promise<void>
}

export interface OwnContestant extends RefreshContestant {
  /** Another replica, for a profile. */
  startReplica(env: Record<string, string>): ReturnType<Awaited<ReturnType<typeof startTrio>>['startAuth']>
}

/** Those that are measured at every level. */
export interface Contestants {
  readonly own: OwnContestant
  /** Another process that is the same as `own`. */
  readonly again: OwnContestant
  readonly limit: RefreshContestant
  readonly oidcProvider: RefreshContestant
  /** In the middle alone. */
  readonly others: readonly RefreshContestant[]
}

export interface ContestantOptions {
  readonly postgresUrl: string
  readonly redisUrl: string
  readonly sessions: number
}

/** What `DATABASE_CONNECTIONS` is by default, for all of them. */
export const databaseConnections = 10

/**
 * Strict rotation. By default a session that refreshes more than eight times in two minutes gets the same token again, and a
 * session here refreshes hundreds of times a second. The statement is the same.
 */
export const strictRotation = { REFRESH_RETRY_WINDOW_SECONDS: '0', REFRESH_RECOVERY_SECONDS: '0' }

/** Countersign's auth-service as it is in production, and its own client. */
export async function startCountersign(
  { postgresUrl, redisUrl, sessions }: ContestantOptions,
  name = 'Countersign'
): Promise<OwnContestant> {
  const database = await createBenchDatabase(postgresUrl)
  const env = {
    NODE_ENV: 'production',
    ...threadPool,
    ...strictRotation,
    LOG_LEVEL: 'info',
    ACCESS_TOKEN_TTL_SECONDS: String(accessTokenTtlSeconds),
    DATABASE_CONNECTIONS: String(databaseConnections),
    REGISTRATIONS_PER_ADDRESS: '100000'
  }
  const trio = await startTrio({ databaseUrl: database.url, redisUrl, env })
  const startSession = async () => (await signIn(trio.auth.url, await register(trio.auth.url))).refresh_token
  const refreshTokens: string[] = []
  while (refreshTokens.length < sessions) {
    const batch = Math.min(8, sessions - refreshTokens.length)
    refreshTokens.push(...(await Promise.all(Array.from({ length: batch }, startSession))))
  }
  return {
    name,
    url: trio.auth.url,
    jwksPath: '/.well-known/jwks.json',
    algorithm: 'RS256',
    refresh: {
      path: '/auth/refresh',
      headers: { 'Content-Type': 'application/json' },
      body: '{"refresh_token":"{refresh_token}"}'
    },
    refreshTokens,
    setting: ownSetting(env),
    pid: trio.auth.process.pid as number,
    database: new URL(database.url).pathname.slice(1),
    startReplica: trio.startAuth,
    async stop() {
      await trio.stop()
      await database.drop()
    }
  }
}

export function ownSetting(env: Record<string, string>): Setting {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return {
    contestant: 'Countersign',
    versions: packageVersions('koa', 'pg'),
    options:
      `the auth-service alone in its process, with its defaults but ${variables.join(' ')}; its log goes into a pipe
      that is read; RS256 (2048 bits)`.replace(/\s+/g, ' '),
    checks:
      'the MAC, generation, limits and revocation of the refresh token, the client, and the user, whose roles are read again'
  }
}

/** A peer with its own database. */
export async function startIssuerPeer(
  module: string,
  { postgresUrl, sessions }: ContestantOptions,
  options: { hasOwnTables?: boolean; more?: object } = {}
): Promise<RefreshContestant> {
  // The limit uses Countersign's tables; the others create theirs.
  const database = await (options.hasOwnTables === false ? createBenchDatabase : createPeerDatabase)(postgresUrl)
  const given: IssuerOptions = { databaseUrl: database.url, databaseConnections, sessions }
  const script = new URL(`../peers/${module}.js`, import.meta.url)
  const peer = await startPeer<IssuerPeer>(script, { ...given, ...options.more }).catch(async (error: unknown) => {
    await database.drop()
    throw error
  })
  return {
    ...peer.details,
    name: peer.details.setting.contestant,
    refreshTokens: [...peer.details.refreshTokens],
    pid: peer.pid,
    database: new URL(database.url).pathname.slice(1),
    async stop() {
      await peer.stop()
      await database.drop()
    }
  }
}
