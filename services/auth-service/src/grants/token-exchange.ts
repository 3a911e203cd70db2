import { type AccessTokenResponse, InvalidRequestError } from '@countersign/oauth'
import type { ActorClaim, VerifiedAccessToken } from '@countersign/verifier'
import { tokenExchangeGrant } from '../clients/client.ts'
import type { ConfirmedClient } from '../clients/client-store.ts'
import { createAccessTokenResponse } from '../tokens/access-token-response.ts'
import type { AccessTokenIssuer } from '../tokens/access-tokens.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import { audienceOf, type OwnAccessTokens } from '../tokens/own-access-tokens.ts'
import { readResources } from '../tokens/requested-grant.ts'
import { type ExchangeRulesDeps, exchangeByRule } from './exchange-rules.ts'
import { narrowAudience, narrowScopes, type RequestedScope, requireGrantType } from './requested-scope.ts'

/** The only kind of token that can be exchanged and issued (RFC 8693 §3). */
const accessTokenTypeUrn = 'urn:ietf:params:oauth:token-type:access_token'

/** The longest chain of actors. */
const maxActors = 4

export interface TokenExchangeDeps extends ExchangeRulesDeps {
  accessTokens: AccessTokenIssuer
  accessTokenTtlSeconds: number
  ownTokens: OwnAccessTokens
}

export interface TokenExchangeRequest extends RequestedScope {
  /** Authenticated: this client will act. */
  readonly client: ConfirmedClient
  readonly subjectToken: string
  readonly subjectTokenType: string
  readonly requestedTokenType: string | undefined
  /** The token is bound to this key (RFC 9449 §5). */
  readonly dpopKey: DpopKey | undefined
}

/**
 * Token exchange (RFC 8693): a service that got a user's token gets one of its own, by which it acts for that user. It never
 * has a longer lifetime than the subject token, and ends with the user's session and with the acting client's credentials. Its
 * scope and audience are no wider either, unless a rule of the client leads to another API, where the user holds them. It has the user's roles, or another binding to a key, only if the client's registration says so.
 * @throws {UnauthorizedClientError} when the client may not use the grant
 * @throws {InvalidRequestError} for a subject token that is not valid, or that this client may not act for
 * @throws {InvalidScopeError} {@link InvalidTargetError} for more than the subject token or the client has
 */
export async function exchangeToken(
  deps: TokenExchangeDeps,
  request: TokenExchangeRequest
): Promise<AccessTokenResponse> {
  const { client, dpopKey } = request
  requireGrantType(client, tokenExchangeGrant)
  requireAccessTokenType(request.subjectTokenType, 'subject_token_type')
  if (request.requestedTokenType !== undefined)
    requireAccessTokenType(request.requestedTokenType, 'requested_token_type')
  const subject = await readSubject(deps, request.subjectToken)
  requireMayAct(client, subject)
  requireBinding(client, subject, dpopKey)
  const { scopes, audience, roles } = await grant(deps, request, subject)
  await dpopKey?.markUsed()
  const lifetime = client.accessTokenTtlSeconds ?? deps.accessTokenTtlSeconds
  const response = await createAccessTokenResponse(deps.accessTokens, {
    subject: subject.sub,
    username: subject.preferred_username,
    roles: client.mayCarryRoles ? roles : undefined,
    clientId: client.id,
    sid: subject.sid ?? client.credentialId,
    scope: scopes.join(' '),
    audience,
    authentication: { at: subject.auth_time, acr: subject.acr, amr: subject.amr },
    issuedAt: client.issuedAt,
    expiresAt: Math.min(subject.exp, client.issuedAt + lifetime),
    signingKid: client.signingKid,
    jkt: dpopKey?.jkt,
    actor: actorFor(client, subject.act)
  })
  return { ...response, issued_token_type: accessTokenTypeUrn }
}

interface Granted {
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly roles: readonly string[] | undefined
}

/** For an API that the subject token is for, or for another one by a rule of the client. */
function grant(
  deps: TokenExchangeDeps,
  { client, scope, resource }: TokenExchangeRequest,
  subject: VerifiedAccessToken
): Granted | Promise<Granted> {
  const [target, ...others] = readResources(resource) ?? []
  const isOther = target !== undefined && others.length === 0 && !audienceOf(subject).includes(target)
  if (isOther) return exchangeByRule(deps, { client, subject, scope, target })
  return {
    scopes: narrowScopes(intersect(subject.scope?.split(' ') ?? [], client.scopes), scope),
    audience: narrowAudience(intersect(audienceOf(subject), client.audiences), resource),
    roles: subject.roles
  }
}

function requireAccessTokenType(type: string, parameter: string): void {
  if (type === accessTokenTypeUrn) return
  throw new InvalidRequestError({ description: `The ${parameter} must be ${accessTokenTypeUrn}.` })
}

async function readSubject({ ownTokens }: TokenExchangeDeps, token: string): Promise<VerifiedAccessToken> {
  const subject = await ownTokens.read(token)
  if (!subject) throw new InvalidRequestError({ description: 'The subject_token is not valid.' })
  return subject
}

/** The client has to be one that got the token, by the token's audience, and that may act for users of the token's client. */
function requireMayAct(client: ConfirmedClient, subject: VerifiedAccessToken): void {
  const isAddressed = audienceOf(subject).some((one) => client.resources.includes(one))
  if (!isAddressed) {
    throw new InvalidRequestError({ description: 'The subject_token was not issued for this client.' })
  }
  if (!client.mayActFor.includes(subject.client_id)) {
    throw new InvalidRequestError({ description: 'This client may not act for the subject of this token.' })
  }
}

/** A token that is bound to a key is exchanged by a request that proves this very key, and the new one is bound to it too. */
function requireBinding(
  { mayUnbindTokens }: ConfirmedClient,
  { cnf }: VerifiedAccessToken,
  dpopKey: DpopKey | undefined
): void {
  if (cnf === undefined || cnf.jkt === dpopKey?.jkt || mayUnbindTokens) return
  throw new InvalidRequestError({
    description:
      'The subject_token is bound to a key that this request does not prove, and this client may not unbind it.'
  })
}

function actorFor(client: ConfirmedClient, before: ActorClaim | undefined): ActorClaim {
  let actors = 1
  for (let actor = before; actor; actor = actor.act) actors++
  if (actors > maxActors) throw new InvalidRequestError({ description: 'The chain of actors is too long.' })
  return { sub: client.id, sid: client.credentialId, ...(before && { act: before }) }
}

function intersect(some: readonly string[], others: readonly string[]): string[] {
  return some.filter((one) => others.includes(one))
}
