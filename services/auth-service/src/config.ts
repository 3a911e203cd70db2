import {
  audience,
  ConfigurationError,
  connectionUrl,
  type Environment,
  environmentSchema,
  issuerUrl,
  oneOf,
  readEnvironment,
  redisUrl,
  serviceVariables,
  sharedKey,
  type ValuesOf,
  wholeNumber
} from '@countersign/service-kit'
import { maxCachedSeconds } from './clients/client-cache.ts'
import {
  accountVariables,
  firstAdminVariables,
  passkeyVariables,
  passwordHashVariables,
  signInVariables
} from './configuration/account-variables.ts'
import { feedVariables } from './configuration/feed-variables.ts'
import { mailVariables } from './configuration/mail-variables.ts'
import { signingKeyVariables, tokenVariables } from './configuration/token-variables.ts'
import { masterKeys } from './keys/master-keys.ts'
import { isLoopbackAddress } from './outbound/public-addresses.ts'

/** All settings of the auth-service; each limit is a variable. */
export const variables = {
  issuer: { name: 'ISSUER', schema: issuerUrl(), description: 'the URL of the issuer: `iss` of its tokens' },
  apiAudience: {
    name: 'API_AUDIENCE',
    schema: audience(),
    description: 'the identifier of the first API: `aud` of its tokens'
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    schema: connectionUrl({
      schemes: ['postgres', 'postgresql'],
      example: 'postgres://user:password@host:5432/name'
    }),
    isSecret: true,
    description: 'Postgres: `postgres://user:password@host:5432/name`'
  },
  databaseConnections: {
    name: 'DATABASE_CONNECTIONS',
    schema: wholeNumber({ min: 1, max: 500, unit: 'connections' }).default(10),
    description: 'connections of one replica'
  },
  redisUrl: {
    name: 'REDIS_URL',
    schema: redisUrl().optional(),
    isSecret: true,
    defaultText: 'required',
    description: 'Redis or Valkey: `redis://host:6379`'
  },
  masterKeys: {
    name: 'COUNTERSIGN_MASTER_KEY',
    schema: masterKeys(),
    isSecret: true,
    description:
      '32 random bytes in base64 (`openssl rand -base64 32`), or several: the first encrypts, the others still decrypt'
  },
  forwarderKey: {
    name: 'FORWARDER_KEY',
    schema: sharedKey().optional(),
    isSecret: true,
    description: 'a secret shared with the bff-service: requests with it may state the IP address of a browser'
  },
  ...firstAdminVariables,
  ...serviceVariables({ port: 4000, managementPort: 9000 }),
  ...tokenVariables,
  ...signingKeyVariables,
  ...feedVariables,
  auditRetentionDays: {
    name: 'AUDIT_RETENTION_DAYS',
    schema: wholeNumber({ min: 1, max: 3660, unit: 'days' }).default(90),
    description: 'audit events are deleted after this time, up to a week later'
  },
  ...signInVariables,
  ...accountVariables,
  ...mailVariables,
  ...passkeyVariables,
  clientCacheSeconds: {
    name: 'CLIENT_CACHE_SECONDS',
    schema: wholeNumber({ min: 0, max: maxCachedSeconds, unit: 'seconds' }).default(10),
    description: `how long a client is cached for client-credentials requests, at most ${maxCachedSeconds}; 0 turns the cache off. Removed rights take effect at once, a new token lifetime after this time`
  },
  outboundPrivateNetworks: {
    name: 'OUTBOUND_PRIVATE_NETWORKS',
    schema: oneOf(['refuse', 'allow']).default('refuse'),
    description:
      'addresses of clients and providers that the issuer may request (`jwks_uri`, `backchannel_logout_uri`, sign-in with others): `refuse` accepts only https and public addresses, `allow` also private networks, and http on loopback. `npm start` sets `allow`'
  },
  ...passwordHashVariables
}

export type Config = ValuesOf<typeof variables>

const schema = environmentSchema(variables).superRefine((config, context) => {
  for (const problemOf of [problemOfRecovery, problemOfMail, problemOfRpId, problemOfFeed]) {
    const problem = problemOf(config)
    if (problem) context.addIssue(problem)
  }
})

/**
 * Reads the configuration. Pure: it takes the environment and returns a frozen object.
 * @throws {ConfigurationError} that lists every problem
 */
export function loadConfig(env: Environment): Config {
  return readEnvironment(env, schema)
}

/** Recovery starts where the retry window ends. */
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

/** Browsers refuse the passkeys of another domain. */
function problemOfRpId({ webauthnRpId, pagesUrl }: Pick<Config, 'webauthnRpId' | 'pagesUrl'>): string | undefined {
  if (webauthnRpId === undefined || pagesUrl === undefined) return undefined
  if (`.${new URL(pagesUrl).hostname}`.endsWith(`.${webauthnRpId}`)) return undefined
  return 'WEBAUTHN_RP_ID must be the host of PAGES_URL, or a domain above it.'
}

/** The feed shows which sessions end, and when: only services of the installation may read it. */
function problemOfFeed({ revocationFeedAccess, host }: Pick<Config, 'revocationFeedAccess' | 'host'>) {
  if (revocationFeedAccess !== 'open' || host === 'localhost' || isLoopbackAddress(host)) return undefined
  return 'REVOCATION_FEED_ACCESS may be open only where HOST is a loopback address, such as 127.0.0.1.'
}

/** @throws {ConfigurationError} */
export function requireCompleteMail(config: Pick<Config, 'smtpUrl' | 'mailFrom' | 'pagesUrl'>): void {
  const problem = problemOfMail(config)
  if (problem) throw new ConfigurationError([problem])
}

function problemOfMail({ smtpUrl, mailFrom, pagesUrl }: Pick<Config, 'smtpUrl' | 'mailFrom' | 'pagesUrl'>) {
  if (smtpUrl === undefined || (mailFrom !== undefined && pagesUrl !== undefined)) return undefined
  return 'SMTP_URL needs MAIL_FROM, the address that mail comes from, and PAGES_URL, where links in mail lead.'
}
