import {
  audienceVariable,
  choiceVariable,
  connectionVariable,
  type Environment,
  integerVariable,
  issuerVariable,
  listenVariables,
  logLevels,
  optional,
  readVariables,
  Secret,
  textVariable,
  urlVariable,
  type Variable
} from '@countersign/service-kit'
import { readPrivateKey } from '@countersign/service-tokens'

/** Variables that may also come as a file, by `NAME_FILE`. */
export const secretVariables = ['REDIS_URL', 'SERVICE_CLIENT_KEY']

/** Everything the resource-service can be told. */
export const variables = {
  ...listenVariables({ port: 4001, managementPort: 9001 }),
  logLevel: choiceVariable('LOG_LEVEL', { fallback: 'info', choices: logLevels }),
  trustedProxyHops: integerVariable('TRUSTED_PROXY_HOPS', { fallback: 0, min: 0, max: 10, unit: 'proxies' }),
  issuer: issuerVariable('ISSUER'),
  apiAudience: audienceVariable('API_AUDIENCE'),
  publicUrl: optional(urlVariable('PUBLIC_URL')),
  authUrl: optional(urlVariable('AUTH_URL')),
  serviceClientId: textVariable('SERVICE_CLIENT_ID', {
    fallback: 'resource-service',
    expects: 'the client id that this service is registered under'
  }),
  serviceClientKey: optional(privateKeyVariable('SERVICE_CLIENT_KEY')),
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

/** A private key that can sign client assertions. */
function privateKeyVariable(name: string): Variable<Secret> {
  return {
    name,
    expects: 'a private key (PKCS#8 PEM or JWK): RSA of 2048 bits or more, P-256 or Ed25519',
    parse(text) {
      try {
        readPrivateKey(text)
        return new Secret(text)
      } catch {
        return undefined
      }
    }
  }
}

/**
 * Reads the configuration. Pure: the environment comes in, a frozen object goes out.
 * @throws {ConfigurationError} with every problem at once
 */
export function loadConfig(env: Environment) {
  return readVariables(env, variables)
}

export type Config = ReturnType<typeof loadConfig>
