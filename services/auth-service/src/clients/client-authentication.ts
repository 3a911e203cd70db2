import { InvalidClientError, InvalidRequestError, TemporarilyUnavailableError } from '@countersign/oauth'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import type { FailedAuthenticationLog } from '../audit/failed-authentications.ts'
import type { ClientInfo } from '../client-info.ts'
import { clientIdPattern } from '../identifiers.ts'
import type { ReplayCache } from '../tokens/replay-cache.ts'
import type { ClientAuthMethod } from './client.ts'
import type { ClientCache } from './client-cache.ts'
import type { ClientKeys } from './client-keys.ts'
import { hasSecrets, matchesClientSecret } from './client-secrets.ts'
import type { ConfirmedClient } from './client-store.ts'

/** The value of `client_assertion_type` (RFC 7523 §2.2). */
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The algorithms that may sign client assertions. */
export const assertionAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']

/** An assertion lives for an hour at most, so that the replay cache is bounded. */
const maxAssertionSeconds = 3600
const clockToleranceSeconds = 5
const maxJtiLength = 256

/** What a request says of its client. */
export interface ClientCredentials {
  readonly authorization: string | undefined
  readonly client_id?: string | undefined
  readonly client_secret?: string | undefined
  readonly client_assertion?: string | undefined
  readonly client_assertion_type?: string | undefined
}

export interface ClientAuthenticationDeps {
  readonly clients: Pick<ClientCache, 'getCached' | 'findEnabled'>
  readonly keys: ClientKeys
  readonly replayCache: ReplayCache
  readonly failures: Pick<FailedAuthenticationLog, 'record'>
  /** The allowed values of `aud` in an assertion: this issuer and its token endpoint. */
  readonly audiences: readonly string[]
}

/** What a request presents: the client id and the credential. */
interface Presented {
  readonly clientId: string
  readonly method: ClientAuthMethod
  /** The secret or the assertion. */
  readonly credential: string
}

/**
 * Authenticates a client by the one method it is registered for (RFC 6749 §2.3, RFC 7523 §2.2). A refusal is audited.
 * @param options with `mayBeCached` a client that was confirmed a moment ago is not looked up again
 * @throws {InvalidClientError} when it is unknown, disabled, or not authenticated; the error does not say which
 * @throws {InvalidRequestError} for several methods at once
 * @throws {TemporarilyUnavailableError} when it cannot be known whether the assertion was used before
 */
export async function authenticateClient(
  deps: ClientAuthenticationDeps,
  credentials: ClientCredentials,
  { origin, mayBeCached = false }: { origin: ClientInfo; mayBeCached?: boolean }
): Promise<ConfirmedClient> {
  let client: ConfirmedClient | undefined
  try {
    const presented = readCredentials(credentials)
    const cached = mayBeCached ? deps.clients.getCached(presented.clientId) : undefined
    if (cached && (await matches(deps, presented, cached))) return cached
    client = await deps.clients.findEnabled(presented.clientId)
    if (!client) throw new InvalidClientError({ detail: 'no enabled client has this id' })
    await requireMatch(deps, presented, client)
    return client
  } catch (error) {
    if (error instanceof InvalidClientError) {
      deps.failures.record({ clientId: client?.id, reason: error.detail ?? error.description, origin })
    }
    throw error
  }
}

/** A cached client that does not match proves nothing: the client may have a new key or secret. */
async function matches(deps: ClientAuthenticationDeps, presented: Presented, cached: ConfirmedClient) {
  try {
    await requireMatch(deps, presented, cached)
    return true
  } catch (error) {
    if (error instanceof InvalidClientError) return false
    throw error
  }
}

async function requireMatch(
  deps: ClientAuthenticationDeps,
  presented: Presented,
  client: ConfirmedClient
): Promise<void> {
  if (client.authMethod !== presented.method) {
    throw new InvalidClientError({ detail: `the client is registered for ${client.authMethod}` })
  }
  if (hasSecrets(presented.method) && !matchesClientSecret(presented.credential, client.secretHashes)) {
    throw new InvalidClientError({ detail: 'the secret is wrong' })
  }
  if (presented.method === 'private_key_jwt') await verifyAssertion(deps, presented.credential, client)
}

function readCredentials(credentials: ClientCredentials): Presented {
  const { authorization, client_id: clientId, client_assertion: assertion, client_secret: secret } = credentials
  if ([authorization, assertion, secret].filter((one) => one !== undefined).length > 1) {
    throw new InvalidRequestError({ description: 'The client is authenticated in two ways at once.' })
  }
  const presented = readPresented(credentials)
  if (!clientIdPattern.test(presented.clientId)) throw new InvalidClientError({ detail: 'no client id' })
  if (clientId !== undefined && clientId !== presented.clientId) {
    throw new InvalidClientError({ detail: 'client_id is another one than is authenticated' })
  }
  return presented
}

function readPresented(credentials: ClientCredentials): Presented {
  const { authorization, client_id: clientId = '', client_assertion: assertion, client_secret: secret } = credentials
  if (assertion !== undefined) return readAssertion(assertion, credentials.client_assertion_type)
  if (authorization !== undefined) return readBasic(authorization)
  if (secret !== undefined) return { clientId, method: 'client_secret_post', credential: secret }
  return { clientId, method: 'none', credential: '' }
}

/** HTTP Basic with form-encoded parts (RFC 6749 §2.3.1). */
function readBasic(authorization: string): Presented {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? []
  const text = Buffer.from(encoded ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 1) throw new InvalidClientError({ detail: 'Authorization is not HTTP Basic' })
  try {
    const [clientId, credential] = [text.slice(0, colon), text.slice(colon + 1)].map((part) =>
      decodeURIComponent(part.replaceAll('+', ' '))
    ) as [string, string]
    // Some libraries send an empty secret for a public client.
    return { clientId, method: credential === '' ? 'none' : 'client_secret_basic', credential }
  } catch {
    throw new InvalidClientError({ detail: 'Authorization is not form-encoded' })
  }
}

function readAssertion(assertion: string, type: string | undefined): Presented {
  if (type !== assertionType) {
    throw new InvalidClientError({ detail: 'client_assertion_type is not the one of RFC 7523' })
  }
  // Not verified yet: only used to find the keys.
  const [, payload] = assertion.split('.')
  try {
    const { sub } = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as JWTPayload
    return { clientId: typeof sub === 'string' ? sub : '', method: 'private_key_jwt', credential: assertion }
  } catch {
    throw new InvalidClientError({ detail: 'the client assertion is not a JWT' })
  }
}

async function verifyAssertion(
  { keys, replayCache, audiences }: ClientAuthenticationDeps,
  assertion: string,
  client: ConfirmedClient
): Promise<void> {
  const { payload, protectedHeader } = await verifySignature(assertion, client, keys)
  const { aud, exp = 0, jti } = payload
  // The holder of the client's key may know what is wrong.
  const refuse = (detail: string) =>
    new InvalidClientError({ description: `The client assertion is refused: ${detail}.`, detail })
  // An access token, a DPoP proof or a logout token is no assertion, even with a valid signature.
  if (protectedHeader.typ !== undefined && !/^(jwt|client-authentication\+jwt)$/i.test(protectedHeader.typ)) {
    throw refuse('typ is that of another kind of token')
  }
  const named = typeof aud === 'string' ? [aud] : (aud ?? [])
  if (named.length === 0 || !named.every((one) => audiences.includes(one))) {
    throw refuse(`aud must be ${audiences.map((one) => JSON.stringify(one)).join(' or ')} and nothing else`)
  }
  if (exp > Date.now() / 1000 + maxAssertionSeconds + clockToleranceSeconds) {
    throw refuse(`exp is more than ${maxAssertionSeconds} seconds away`)
  }
  if (typeof jti !== 'string' || jti === '' || jti.length > maxJtiLength) throw refuse('jti is missing or too long')
  if (!(await replayCache.markUsed('client_assertion', `${client.id}\0${jti}`, exp + 2 * clockToleranceSeconds + 1))) {
    throw refuse('the assertion was used before')
  }
}

async function verifySignature(assertion: string, client: ConfirmedClient, keys: ClientKeys) {
  try {
    return await jwtVerify(assertion, keys.keysOf(client), {
      algorithms: assertionAlgorithms,
      issuer: client.id,
      subject: client.id,
      requiredClaims: ['exp', 'jti', 'aud'],
      clockTolerance: clockToleranceSeconds
    })
  } catch (cause) {
    // Its keys could not be fetched: that says nothing about the assertion.
    const isUnreadable = cause instanceof DOMException || cause instanceof SyntaxError
    const isUnavailable = !(cause instanceof errors.JOSEError || isUnreadable) || isFetchFailure(cause)
    if (isUnavailable)
      throw new TemporarilyUnavailableError({ detail: "the client's keys could not be fetched", cause })
    throw new InvalidClientError({ detail: 'the client assertion is not valid', cause })
  }
}

/** jose's own message for a key set that could not be fetched. */
function isFetchFailure(cause: unknown): boolean {
  return cause instanceof errors.JOSEError && ['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC'].includes(cause.code)
}
