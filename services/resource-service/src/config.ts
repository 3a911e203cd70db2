import {
  choiceVariable,
  connectionVariable,
  type Environment,
  integerVariable,
  logLevels,
  optional,
  readVariables,
  textVariable,
  urlVariable
} from '@countersign/service-kit'

/** Variables that may also come as a file, by `NAME_FILE`. */
export const secretVariables = ['REDIS_URL']

/** Everything the resource-service can be told. */
export const variables = {
  host: textVariable('HOST', { fallback: '0.0.0.0', expects: 'the address to listen on' }),
  port: integerVariable('PORT', { fallback: 4001, min: 0, max: 65_535 }),
  logLevel: choiceVariable('LOG_LEVEL', { fallback: 'info', choices: logLevels }),
  trustedProxyHops: integerVariable('TRUSTED_PROXY_HOPS', { fallback: 0, min: 0, max: 10, unit: 'proxies' }),
  issuer: urlVariable('ISSUER'),
  apiAudience: urlVariable('API_AUDIENCE'),
  jwksUrl: optional(urlVariable('JWKS_URL')),
  redisUrl: optional(connectionVariable('REDIS_URL', { schemes: ['redis', 'rediss'], example: 'redis://host:6379' })),
  maxStalenessSeconds: integerVariable('REVOCATION_MAX_STALENESS_SECONDS', {
    fallback: 5,
    min: 1,
    max: 3600,
    unit: 'seconds'
  }),
  whenStale: choiceVariable('REVOCATION_WHEN_STALE', { fallback: 'reject', choices: ['reject', 'check', 'allow'] })
}

/**
 * Reads the configuration. Pure: the environment comes in, a frozen object goes out.
 * @throws {ConfigurationError} with every problem at once
 */
export function loadConfig(env: Environment) {
  return readVariables(env, variables)
}

export type Config = ReturnType<typeof loadConfig>
