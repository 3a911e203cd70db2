import { InvalidRequestError } from '@countersign/oauth'
import { maxTokenLength } from '@countersign/verifier'
import type { JSONWebKeySet } from 'jose'
import type { IdentityScope } from '../tokens/identity-scopes.ts'
import { isReadableLength } from '../tokens/readable-length.ts'
import { canonicalJson } from './canonical-json.ts'
import { type ClientPolicy, tokenExchangeGrant } from './client.ts'
import type { NewClient } from './client-administration.ts'
import { findKeyFault, maxKeys } from './key-rules.ts'
import { longestTokenOf } from './longest-token.ts'
import { findRedirectUriFault } from './redirect-uris.ts'

/** The client that signs in at this service itself. It is there from the start, and stays as it is. */
export const firstPartyClientId = 'countersign'

/** Whether the exchange of a code gives a refresh token, with these scopes of identity. */
export function getsRefreshToken(
  { grantTypes, isFirstParty }: { grantTypes: readonly string[]; isFirstParty: boolean },
  scopes: readonly IdentityScope[]
): boolean {
  return grantTypes.includes('refresh_token') && (isFirstParty || scopes.includes('offline_access'))
}

/** The members of a client that must fit together. */
export type ClientShape = ClientPolicy & Pick<NewClient, 'id' | 'authMethod' | 'jwks' | 'jwksUri'>

/** Checks a client before registration. @throws {InvalidRequestError} with a sentence that says what to do */
export function checkClient(client: ClientShape): void {
  if (client.authMethod === 'none' && !client.grantTypes.includes('authorization_code')) {
    throw refuseMember(
      'token_endpoint_auth_method',
      'A client that does not authenticate itself gets tokens by authorization_code alone. Use private_key_jwt or client_secret_basic, or add that grant type.'
    )
  }
  checkAuthentication(client)
  checkUse(client)
  checkTokenLength(client)
}

const policyMembers = [
  'grantTypes',
  'scopes',
  'audiences',
  'resources',
  'mayActFor',
  'mayCarryRoles',
  'exchangeRules',
  'applicationType',
  'redirectUris',
  'postLogoutRedirectUris',
  'requirePkce'
] as const

/**
 * Checks a change. A client that was registered under older rules can still be disabled, renamed, and given other keys.
 * @throws {InvalidRequestError} with a sentence that says what to do
 */
export function checkChange(before: ClientShape, after: ClientShape): void {
  checkAuthentication(after)
  if (policyMembers.every((member) => canonicalJson(before[member]) === canonicalJson(after[member]))) return
  checkUse(after)
  checkTokenLength(after)
}

/** A client that could never get a token, or a grant that could never give one, is a mistake. */
function checkUse(client: ClientShape): void {
  const { grantTypes, audiences, resources, mayActFor, exchangeRules } = client
  checkSignIn(client)
  const [hasOwn, exchanges] = [grantTypes.includes('client_credentials'), grantTypes.includes(tokenExchangeGrant)]
  if ((hasOwn || (exchanges && exchangeRules.length === 0)) && audiences.length === 0) {
    throw refuseMember('audiences', 'The client needs an audience: what its tokens are for.')
  }
  if (exchanges && resources.length === 0) {
    throw refuseMember('resources', 'Token exchange needs a resource: what the client is itself, as tokens name it.')
  }
  if (exchanges && mayActFor.length === 0) {
    throw refuseMember('may_act_for', 'Token exchange needs may_act_for: the clients whose users it may act for.')
  }
  if (exchangeRules.length > 0 && !exchanges) {
    throw refuseMember('exchange_rules', 'Exchange rules need the grant type of token exchange.')
  }
  const stranger = exchangeRules.find(({ from }) => !resources.includes(from))
  if (stranger) {
    throw refuseMember(
      'exchange_rules',
      `The client is not the API ${stranger.from}: name it among its resources, too.`
    )
  }
  if (exchangeRules.some(({ from, to }) => from === to)) {
    throw refuseMember('exchange_rules', 'A rule leads to another API than the one it begins at.')
  }
  if (!hasOwn && !exchanges && !grantTypes.includes('authorization_code') && resources.length === 0) {
    throw refuseMember(
      'grant_types',
      'The client could never get a token. Give it authorization_code, client_credentials or token exchange, or a resource to introspect tokens for.'
    )
  }
}

/** What users are sent back to is proven by its equality alone, so it is strict from the start. */
function checkSignIn({
  grantTypes,
  authMethod,
  applicationType,
  redirectUris,
  postLogoutRedirectUris,
  requirePkce
}: ClientShape): void {
  for (const [member, uris] of [
    ['redirect_uris', redirectUris],
    ['post_logout_redirect_uris', postLogoutRedirectUris]
  ] as const) {
    for (const uri of uris) {
      const fault = findRedirectUriFault(uri, applicationType)
      if (fault) throw refuseMember(member, `The URI ${uri} ${fault}.`)
    }
  }
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0) {
    throw refuseMember('redirect_uris', 'The grant type authorization_code needs a redirect URI.')
  }
  if (!requirePkce && authMethod === 'none') {
    throw refuseMember('require_pkce', 'A client that does not authenticate itself always needs PKCE.')
  }
}

/** The issuer, its verifiers and its own endpoints refuse a longer token. */
function checkTokenLength(client: ClientShape): void {
  const length = longestTokenOf(client)
  if (isReadableLength(length)) return
  throw refuseMember(
    'audiences',
    `Tokens of this client could have ${length} characters, and verifiers accept fewer than ${maxTokenLength}. Give it fewer or shorter audiences and scopes.`
  )
}

function refuseMember(path: string, description: string): InvalidRequestError {
  return new InvalidRequestError({ description, issues: [{ path, message: description }] })
}

function checkAuthentication({ authMethod, grantTypes, jwks, jwksUri }: ClientShape): void {
  const hasKeys = jwks !== null || jwksUri !== null
  if (authMethod === 'private_key_jwt' && !hasKeys)
    throw refuseMember('jwks', 'private_key_jwt needs jwks or jwks_uri.')
  if (authMethod !== 'private_key_jwt' && hasKeys) {
    throw refuseMember('token_endpoint_auth_method', 'jwks and jwks_uri are only for private_key_jwt.')
  }
  if (jwks !== null && jwksUri !== null) throw refuseMember('jwks', 'jwks and jwks_uri exclude each other.')
  const isForPublic = (grant: string) => grant === 'refresh_token' || grant === 'authorization_code'
  if (authMethod === 'none' && !grantTypes.every(isForPublic)) {
    throw refuseMember(
      'grant_types',
      'A client that does not authenticate itself may have only the grant types authorization_code and refresh_token.'
    )
  }
  if (jwks !== null) checkKeys(jwks)
  if (jwksUri !== null) checkJwksUri(jwksUri)
}

/** Keys of other kinds are ignored (RFC 7517 §5), if one can be used. A private key is always rejected. */
function checkKeys({ keys }: JSONWebKeySet): void {
  const refuse = (description: string) => refuseMember('jwks', description)
  if (keys.length === 0 || keys.length > maxKeys) throw refuse(`jwks must hold 1 to ${maxKeys} keys.`)
  const faults = keys.map(findKeyFault)
  if (faults.includes('private')) {
    throw refuse(
      'jwks holds a private or symmetric key. Register only public keys, and make a new pair: this one has been exposed.'
    )
  }
  const usable = keys.filter((_, at) => faults[at] === undefined)
  if (usable.length === 0) throw refuse('jwks holds no key that is RSA of 2048 bits or more, P-256 or Ed25519.')
  // A key is found by its kid, and by the type that the algorithm asks for.
  const names = usable.map(({ kid, kty }) => JSON.stringify([kid, kty]))
  const isNamed = usable.length === 1 || usable.every(({ kid }) => typeof kid === 'string')
  if (!isNamed || new Set(names).size < usable.length) {
    throw refuse('Each of several keys of one type in jwks needs a kid of its own.')
  }
}

/** Over plain http anybody on the path could insert keys; loopback has no path. */
function checkJwksUri(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLoopback = url !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)
  const isFit = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)
  if (!isFit || url?.username || url?.password || url?.hash) {
    throw refuseMember('jwks_uri', 'jwks_uri must be an https URL without user and fragment.')
  }
}
