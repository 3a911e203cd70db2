import {
  choiceVariable,
  type Environment,
  integerVariable,
  logLevels,
  readVariables,
  textVariable,
  urlVariable
} from '@countersign/service-kit'

/** Everything the bff-service can be told. */
export const variables = {
  host: textVariable('HOST', { fallback: '0.0.0.0', expects: 'the address to listen on' }),
  port: integerVariable('PORT', { fallback: 4002, min: 0, max: 65_535 }),
  logLevel: choiceVariable('LOG_LEVEL', { fallback: 'info', choices: logLevels }),
  trustedProxyHops: integerVariable('TRUSTED_PROXY_HOPS', { fallback: 0, min: 0, max: 10, unit: 'proxies' }),
  issuer: urlVariable('ISSUER'),
  apiUrl: urlVariable('API_URL')
}

/**
 * Reads the configuration. Pure: the environment comes in, a frozen object goes out.
 * @throws {ConfigurationError} with every problem at once
 */
export function loadConfig(env: Environment) {
  return readVariables(env, variables)
}

export type Config = ReturnType<typeof loadConfig>
