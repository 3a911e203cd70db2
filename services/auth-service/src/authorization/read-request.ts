import { audiencePattern, OAuthError } from '@countersign/oauth'
import type { Client } from '../clients/client.ts'
import { type IdentityScope, identityScopes, isIdentityScope } from '../tokens/identity-scopes.ts'
import { readScopes } from '../tokens/requested-grant.ts'
import {
  type Prompt,
  prompts,
  type RequestedAuthorization,
  type ResponseMode,
  responseModes
} from './authorization-request.ts'

/** An error that is for the client, once it is proven where the user comes from. */
export class AuthorizationError extends Error {
  readonly code: string
  readonly description: string

  constructor(code: string, description: string) {
    super(description)
    this.code = code
    this.description = description
  }
}

/** The parameters of a request: each once, except `resource`. */
export type Parameters = ReadonlyMap<string, readonly string[]>

const limits: Readonly<Record<string, number>> = {
  response_type: 64,
  response_mode: 64,
  state: 4096,
  nonce: 512,
  code_challenge: 128,
  code_challenge_method: 32,
  scope: 2048,
  prompt: 64,
  max_age: 10,
  login_hint: 320,
  id_token_hint: 8192,
  acr_values: 512,
  ui_locales: 256,
  dpop_jkt: 43,
  resource: 512
}
const maxValues = 10

/**
 * The parameters of a request that this issuer knows. One without a value counts as absent (RFC 6749 §3.1).
 * @returns also the names of those that are there more than once
 */
export function readParameters(pairs: Iterable<readonly [string, string]>) {
  const parameters = new Map<string, string[]>()
  const repeated = new Set<string>()
  const seen = new Set<string>()
  for (const [name, value] of pairs) {
    if (seen.has(name) && name !== 'resource') repeated.add(name)
    seen.add(name)
    if (value === '') continue
    parameters.set(name, [...(parameters.get(name) ?? []), value])
  }
  return { parameters: parameters as Parameters, repeated: repeated as ReadonlySet<string> }
}

export interface ReadingOptions {
  readonly issuer: string
  /** @returns the user of an ID token of this client; `undefined` for anything else */
  readHint(hint: string, clientId: string): Promise<string | undefined>
  /** Thumbprint of the key whose proof came with a pushed request (RFC 9449 §10.1). */
  readonly provenJkt?: string | undefined
}

/**
 * Checks a request whose client and redirect URI are proven.
 * @throws {AuthorizationError} for the client
 */
export async function readRequest(
  { issuer, readHint, provenJkt }: ReadingOptions,
  client: Client,
  redirectUri: string,
  { parameters, repeated }: ReturnType<typeof readParameters>
): Promise<RequestedAuthorization> {
  const get = (name: string) => parameters.get(name)?.[0]
  if (repeated.size > 0) throw invalid('A parameter is repeated.')
  for (const [name, values] of parameters) {
    const limit = limits[name]
    if (limit === undefined) continue
    if (values.some((value) => value.length > limit || !isPlain(value))) throw invalid(`${name} is malformed.`)
  }
  if (get('request') !== undefined)
    throw new AuthorizationError('request_not_supported', 'Request objects are not supported.')
  if (get('request_uri') !== undefined)
    throw new AuthorizationError('request_uri_not_supported', 'request_uri is only for pushed requests.')
  if (get('registration') !== undefined)
    throw new AuthorizationError('registration_not_supported', 'Clients are registered in advance.')
  if (!client.grantTypes.includes('authorization_code'))
    throw new AuthorizationError('unauthorized_client', 'This client may not sign users in.')
  if (get('response_type') === undefined) throw invalid('response_type is missing.')
  if (get('response_type') !== 'code')
    throw new AuthorizationError('unsupported_response_type', 'The response_type must be code.')
  const dpopJkt = get('dpop_jkt')
  if (dpopJkt !== undefined && !/^[\w-]{43}$/.test(dpopJkt)) throw invalid('dpop_jkt is not a thumbprint.')
  if (dpopJkt !== undefined && provenJkt !== undefined && dpopJkt !== provenJkt)
    throw invalid('dpop_jkt is not that of the DPoP proof.')
  const hint = get('id_token_hint')
  const hintedUserId = hint === undefined ? undefined : await readHint(hint, client.id)
  const prompt = readPrompt(get('prompt'))
  // Its key may be gone by now. Without the page it is unknown whether it would name the user who is signed in.
  if (hint !== undefined && hintedUserId === undefined && prompt.includes('none'))
    throw new AuthorizationError(
      'login_required',
      'The id_token_hint is not an ID token of this client, or is too old.'
    )
  return {
    clientId: client.id,
    redirectUri,
    responseMode: readResponseMode(get('response_mode')),
    state: get('state'),
    nonce: get('nonce'),
    codeChallenge: readChallenge(client, get('code_challenge'), get('code_challenge_method')),
    ...readTarget(client, issuer, get('scope'), parameters.get('resource') ?? []),
    prompt,
    maxAge: readMaxAge(get('max_age')),
    loginHint: get('login_hint'),
    hintedUserId,
    acrValues: words(get('acr_values')),
    uiLocales: words(get('ui_locales')).filter((tag) => /^[A-Za-z0-9-]{1,35}$/.test(tag)),
    dpopJkt: dpopJkt ?? provenJkt
  }
}

function readResponseMode(mode: string | undefined): ResponseMode {
  const known = responseModes.find((one) => one === (mode ?? 'query'))
  if (!known) throw invalid('The response_mode must be query or form_post.')
  return known
}

/** RFC 7636 §4.3: without a method it would be `plain`, which is refused. */
function readChallenge(client: Client, challenge: string | undefined, method: string | undefined): string | undefined {
  if (challenge === undefined) {
    if (method !== undefined) throw invalid('code_challenge_method needs a code_challenge.')
    if (client.requirePkce || client.authMethod === 'none') throw invalid('code_challenge is missing (PKCE).')
    return undefined
  }
  if (method !== 'S256') throw invalid('The code_challenge_method must be S256.')
  if (!/^[\w-]{43}$/.test(challenge)) throw invalid('The code_challenge is not one of S256.')
  return challenge
}

/** What the tokens are for: one API, or userinfo alone. Scopes that the client may not have drop out (OpenID Connect Core §3.1.2.1). */
function readTarget(client: Client, issuer: string, scope: string | undefined, resources: readonly string[]) {
  const asked = orRefuse(() => readScopes(scope)) ?? []
  const named = new Set(resources)
  if (named.size > 1) throw new AuthorizationError('invalid_target', 'A token is for one API: name one resource.')
  const isOpenId = asked.includes('openid')
  const identity = identityScopes.filter(
    (one): one is IdentityScope => asked.includes(one) && (isOpenId || one === 'offline_access')
  )
  const wanted = scope === undefined ? client.scopes : asked.filter((one) => client.scopes.includes(one))
  const scopes = wanted.filter((one) => !isIdentityScope(one))
  const apis = client.audiences.filter((audience) => audience !== issuer)
  const [only, ...others] = apis
  const usual = others.length === 0 && (scopes.length > 0 || scope === undefined) ? only : undefined
  const resource = [...named][0] ?? usual
  if (resource !== undefined && (!audiencePattern.test(resource) || !apis.includes(resource)))
    throw new AuthorizationError('invalid_target', 'The client may have no tokens for this resource.')
  if (resource === undefined && others.length > 0 && scopes.length > 0)
    throw new AuthorizationError('invalid_target', 'The client has several APIs: name one resource.')
  if (resource === undefined && !isOpenId)
    throw new AuthorizationError('invalid_scope', 'The scope holds neither openid nor one that the client may have.')
  return { identityScopes: identity, scopes: resource === undefined ? [] : scopes, resource }
}

function readPrompt(text: string | undefined): Prompt[] {
  const asked = words(text)
  const known = prompts.filter((prompt) => asked.includes(prompt))
  if (asked.some((one) => !(prompts as readonly string[]).includes(one))) throw invalid('The prompt is not known.')
  if (known.includes('none') && known.length > 1) throw invalid('prompt=none excludes other values.')
  return known
}

function readMaxAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw invalid('max_age must be a number of seconds.')
  return Number(text)
}

function words(text: string | undefined): string[] {
  const all = [...new Set((text ?? '').split(' ').filter(Boolean))]
  if (all.length > maxValues) throw invalid('A parameter has too many values.')
  return all
}

function isPlain(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc}\ufffd]/u.test(text)
}

function orRefuse<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof OAuthError) throw new AuthorizationError(error.code, error.description)
    throw error
  }
}

function invalid(description: string): AuthorizationError {
  return new AuthorizationError('invalid_request', description)
}

/** The same for a client that asks directly (RFC 9126 §2.3). */
export function asOAuthError({ code, description }: AuthorizationError): OAuthError {
  return new PushedRequestError(code, description)
}

class PushedRequestError extends OAuthError {
  readonly code: string
  readonly status = 400

  constructor(code: string, description: string) {
    super(description)
    this.code = code
  }
}
