import { availableParallelism } from 'node:os'
import {
  audienceVariable,
  ConfigurationError,
  choiceVariable,
  connectionVariable,
  type Environment,
  integerVariable,
  issuerVariable,
  listenVariables,
  logLevels,
  numberVariable,
  optional,
  readVariables,
  sharedKeyVariable
} from '@countersign/service-kit'
import { firstAdminPasswordVariable, usernameVariable } from './accounts/account-variables.ts'
import { maxCachedSeconds } from './clients/client-cache.ts'
import { masterKeysVariable } from './keys/master-keys.ts'
import { maxAccessTokenTtlSeconds } from './tokens/access-tokens.ts'

/** Variables that may also come as a file, by `NAME_FILE`. */
export const secretVariables = [
  'COUNTERSIGN_MASTER_KEY',
  'COUNTERSIGN_ADMIN_PASSWORD',
  'DATABASE_URL',
  'REDIS_URL',
  'FORWARDER_KEY'
]

const day = 86_400

/** Everything the auth-service can be told; each limit is a variable. */
export const variables = {
  ...listenVariables({ port: 4000, managementPort: 9000 }),
  logLevel: choiceVariable('LOG_LEVEL', { fallback: 'info', choices: logLevels }),
  trustedProxyHops: integerVariable('TRUSTED_PROXY_HOPS', { fallback: 0, min: 0, max: 10, unit: 'proxies' }),
  forwarderKey: optional(sharedKeyVariable('FORWARDER_KEY')),
  issuer: issuerVariable('ISSUER'),
  apiAudience: audienceVariable('API_AUDIENCE'),
  databaseUrl: connectionVariable('DATABASE_URL', {
    schemes: ['postgres', 'postgresql'],
    example: 'postgres://user:password@host:5432/name'
  }),
  databaseConnections: integerVariable('DATABASE_CONNECTIONS', { fallback: 10, min: 1, max: 500, unit: 'connections' }),
  redisUrl: optional(connectionVariable('REDIS_URL', { schemes: ['redis', 'rediss'], example: 'redis://host:6379' })),
  masterKeys: masterKeysVariable('COUNTERSIGN_MASTER_KEY'),
  firstAdminUsername: usernameVariable('COUNTERSIGN_ADMIN_USERNAME', { fallback: 'admin' }),
  firstAdminPassword: optional(firstAdminPasswordVariable('COUNTERSIGN_ADMIN_PASSWORD')),
  signingKeyBits: choiceVariable('SIGNING_KEY_BITS', { fallback: '2048', choices: ['2048', '3072', '4096'] }),
  signingKeyRotationDays: numberVariable('SIGNING_KEY_ROTATION_DAYS', {
    fallback: 30,
    min: 0.00001,
    max: 3660,
    unit: 'days'
  }),
  jwksMaxAgeSeconds: integerVariable('JWKS_MAX_AGE_SECONDS', { fallback: 300, min: 1, max: day, unit: 'seconds' }),
  accessTokenTtlSeconds: integerVariable('ACCESS_TOKEN_TTL_SECONDS', {
    fallback: 600,
    min: 30,
    max: maxAccessTokenTtlSeconds,
    unit: 'seconds'
  }),
  refreshRetryWindowSeconds: integerVariable('REFRESH_RETRY_WINDOW_SECONDS', {
    fallback: 60,
    min: 0,
    max: 3600,
    unit: 'seconds'
  }),
  refreshRecoverySeconds: integerVariable('REFRESH_RECOVERY_SECONDS', {
    fallback: day,
    min: 0,
    max: 366 * day,
    unit: 'seconds'
  }),
  dpopNonce: choiceVariable('DPOP_NONCE', { fallback: 'optional', choices: ['optional', 'required'] }),
  sessionIdleSeconds: integerVariable('SESSION_IDLE_SECONDS', {
    fallback: 7 * day,
    min: 60,
    max: 366 * day,
    unit: 'seconds'
  }),
  sessionAbsoluteSeconds: integerVariable('SESSION_ABSOLUTE_SECONDS', {
    fallback: 30 * day,
    min: 60,
    max: 3 * 366 * day,
    unit: 'seconds'
  }),
  sessionsPerUser: integerVariable('SESSIONS_PER_USER', { fallback: 100, min: 1, max: 100, unit: 'sessions' }),
  auditRetentionDays: integerVariable('AUDIT_RETENTION_DAYS', { fallback: 90, min: 1, max: 3660, unit: 'days' }),
  clientCacheSeconds: integerVariable('CLIENT_CACHE_SECONDS', {
    fallback: 10,
    min: 0,
    max: maxCachedSeconds,
    unit: 'seconds'
  }),
  outboundPrivateNetworks: choiceVariable('OUTBOUND_PRIVATE_NETWORKS', {
    fallback: 'refuse',
    choices: ['refuse', 'allow']
  }),
  passwordHashConcurrency: integerVariable('PASSWORD_HASH_CONCURRENCY', {
    fallback: availableParallelism(),
    min: 1,
    max: 256,
    unit: 'hashes at once'
  }),
  passwordHashQueue: integerVariable('PASSWORD_HASH_QUEUE', {
    fallback: 32,
    min: 0,
    max: 10_000,
    unit: 'waiting hashes'
  }),
  signInLimitWindowSeconds: integerVariable('SIGN_IN_LIMIT_WINDOW_SECONDS', {
    fallback: 900,
    min: 1,
    max: day,
    unit: 'seconds'
  }),
  signInFailuresPerAddress: integerVariable('SIGN_IN_FAILURES_PER_ADDRESS', {
    fallback: 100,
    min: 1,
    max: 1_000_000,
    unit: 'failures'
  }),
  signInFailuresPerAccountAndAddress: integerVariable('SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS', {
    fallback: 10,
    min: 1,
    max: 1_000_000,
    unit: 'failures'
  }),
  signInFailuresPerAccount: integerVariable('SIGN_IN_FAILURES_PER_ACCOUNT', {
    fallback: 100,
    min: 1,
    max: 1_000_000,
    unit: 'failures'
  }),
  signInsPerAccountAndAddress: integerVariable('SIGN_INS_PER_ACCOUNT_AND_ADDRESS', {
    fallback: 1000,
    min: 1,
    max: 1_000_000,
    unit: 'sign-ins'
  }),
  signInsPerAccount: integerVariable('SIGN_INS_PER_ACCOUNT', {
    fallback: 3000,
    min: 1,
    max: 1_000_000,
    unit: 'sign-ins'
  }),
  registration: choiceVariable('REGISTRATION', { fallback: 'open', choices: ['open', 'closed'] }),
  registrationsPerAddress: integerVariable('REGISTRATIONS_PER_ADDRESS', {
    fallback: 20,
    min: 1,
    max: 1_000_000,
    unit: 'registrations'
  })
}

/**
 * Reads the configuration. Pure: the environment comes in, a frozen object goes out.
 * @throws {ConfigurationError} with every problem at once
 */
export function loadConfig(env: Environment) {
  const config = readVariables(env, variables)
  const problem = problemOfRecovery(config)
  if (problem) throw new ConfigurationError([problem])
  return config
}

/** Recovery begins where the retry window ends. */
function problemOfRecovery({
  refreshRetryWindowSeconds: retry,
  refreshRecoverySeconds: recovery
}: Pick<Config, 'refreshRetryWindowSeconds' | 'refreshRecoverySeconds'>): string | undefined {
  if (recovery === 0) return undefined
  if (retry === 0)
    return 'REFRESH_RECOVERY_SECONDS must be 0 where REFRESH_RETRY_WINDOW_SECONDS is 0 (strict rotation).'
  if (recovery > retry) return undefined
  return `REFRESH_RECOVERY_SECONDS must be 0 (off) or more than REFRESH_RETRY_WINDOW_SECONDS, which is ${retry}.`
}

export type Config = ReturnType<typeof readVariables<typeof variables>>
