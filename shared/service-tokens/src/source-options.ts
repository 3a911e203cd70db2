import { type Clock, systemClock } from './clock.ts'
import { consoleLogger, type ServiceTokenLogger } from './logger.ts'
import { type AssertionAlgorithm, assertionAlgorithms, type PrivateKeyInput, readPrivateKey } from './private-key.ts'
import type { Fetch } from './token-endpoint.ts'

export interface ServiceTokenSourceOptions {
  /** The issuer's identifier, as its tokens name it: the audience of each client assertion. */
  readonly issuer: string
  /** Where tokens are asked for. Default `<issuer>/oauth/token`. */
  readonly tokenEndpoint?: string | undefined
  /** The `client_id` under which the public key is registered. */
  readonly clientId: string
  /** PKCS#8 PEM, a JWK as an object or as JSON text, or a CryptoKey. */
  readonly privateKey: PrivateKeyInput
  /** Scopes, with spaces between. Default: all that the client is registered for. */
  readonly scope?: string | undefined
  /** What the token is to be for (RFC 8707). Default: all that the client is registered for. */
  readonly resource?: string | readonly string[] | undefined
  /** Default: RS256 for RSA, ES256 for P-256, EdDSA for Ed25519; or what the JWK's `alg` says. */
  readonly algorithm?: AssertionAlgorithm | undefined
  readonly fetch?: Fetch | undefined
  readonly clock?: Clock | undefined
  /** Default: warnings go to the console. */
  readonly logger?: ServiceTokenLogger | undefined
  /** From 0 to 1, for jitter. */
  readonly random?: (() => number) | undefined
}

/** Checks the options at once. @throws {TypeError} that names the one that is wrong */
export function checkOptions(options: ServiceTokenSourceOptions) {
  const { clock = systemClock, logger = consoleLogger, random = Math.random, algorithm } = options
  if (algorithm !== undefined && !assertionAlgorithms.includes(algorithm)) {
    throw new TypeError(`algorithm must be one of ${assertionAlgorithms.join(', ')}`)
  }
  const issuer = checkHttpUrl('issuer', options.issuer)
  return {
    issuer,
    tokenEndpoint: checkHttpUrl('tokenEndpoint', options.tokenEndpoint ?? `${issuer.replace(/\/$/, '')}/oauth/token`),
    clientId: checkText('clientId', options.clientId),
    signingKey: readPrivateKey(options.privateKey, algorithm),
    scope: options.scope === undefined ? undefined : checkText('scope', options.scope),
    resources: [options.resource ?? []].flat().map((resource) => checkText('resource', resource)),
    fetch: options.fetch ?? ((url: string, init: RequestInit) => globalThis.fetch(url, init)),
    clock,
    logger,
    random
  }
}

function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a non-empty string`)
  return value
}

/** Kept as it was written: an issuer's identifier is compared letter by letter. */
function checkHttpUrl(name: string, value: unknown): string {
  const text = checkText(name, value)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new TypeError(`${name} must be an absolute http(s) URL without fragment and credentials`)
  }
  return text
}
