import {
  audience,
  type Environment,
  issuerUrl,
  oneOf,
  readVariables,
  redisUrl,
  secretText,
  serviceUrl,
  serviceVariables,
  shortText,
  type ValuesOf,
  wholeNumber
} from '@countersign/service-kit'
import { readPrivateKey } from '@countersign/service-tokens'
import { z } from 'zod'

const privateKeyRule = 'a private key (PKCS#8 PEM or JWK): RSA of 2048 bits or more, P-256 or Ed25519'

/** All settings of the resource-service. */
export const variables = {
  issuer: { name: 'ISSUER', schema: issuerUrl(), description: 'the issuer it trusts' },
  apiAudience: {
    name: 'API_AUDIENCE',
    schema: audience(),
    description: 'its identifier, which `aud` of a token must have'
  },
  publicUrl: {
    name: 'PUBLIC_URL',
    schema: serviceUrl().optional(),
    defaultText: '`API_AUDIENCE`',
    description: 'its URL for clients, which `htu` of DPoP proofs must match'
  },
  redisUrl: {
    name: 'REDIS_URL',
    schema: redisUrl().optional(),
    isSecret: true,
    defaultText: 'required',
    description: 'where the denylist is'
  },
  jwksUrl: {
    name: 'JWKS_URL',
    schema: serviceUrl().optional(),
    defaultText: '`ISSUER` + `/.well-known/jwks.json`',
    description: 'where the keys are'
  },
  authUrl: {
    name: 'AUTH_URL',
    schema: serviceUrl().optional(),
    defaultText: '`ISSUER`',
    description: 'the URL of the auth-service, for its own token and for the figures of its dashboard'
  },
  serviceClientId: {
    name: 'SERVICE_CLIENT_ID',
    schema: shortText('the client id that this service is registered under').default('resource-service'),
    description: 'its client id'
  },
  serviceClientKey: {
    name: 'SERVICE_CLIENT_KEY',
    schema: secretText(z.string().refine(isPrivateKey, privateKeyRule)).optional(),
    isSecret: true,
    description: 'its private key (PKCS#8 PEM or JWK); without it the dashboard responds 503'
  },
  maxStalenessSeconds: {
    name: 'REVOCATION_MAX_STALENESS_SECONDS',
    schema: wholeNumber({ min: 1, max: 3600, unit: 'seconds' }).default(5),
    description: 'the maximum age of its view of the denylist'
  },
  whenStale: {
    name: 'REVOCATION_WHEN_STALE',
    schema: oneOf(['reject', 'check', 'allow']).default('reject'),
    description: 'what it does beyond that age: `reject` (503), `check` (query Redis for each request) or `allow`'
  },
  ...serviceVariables({ port: 4001, managementPort: 9001 })
}

function isPrivateKey(text: string): boolean {
  try {
    readPrivateKey(text)
    return true
  } catch {
    return false
  }
}

export type Config = ValuesOf<typeof variables>

/**
 * Reads the configuration. Pure: it takes the environment and returns a frozen object.
 * @throws {ConfigurationError} that lists every problem
 */
export function loadConfig(env: Environment): Config {
  return readVariables(env, variables)
}
