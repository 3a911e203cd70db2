import { audiencePattern, audienceRule } from '@countersign/oauth'
import type { JSONWebKeySet } from 'jose'
import { z } from 'zod'
import { applicationTypes, type Client, clientAuthMethods, clientGrantTypes } from '../clients/client.ts'
import type { ClientChange, NewClient } from '../clients/client-administration.ts'
import { maxKeys, neededMembers } from '../clients/key-rules.ts'
import { isLoopbackUri, maxRedirectUriLength } from '../clients/redirect-uris.ts'
import { clientIdPattern } from '../identifiers.ts'
import { maxAccessTokenTtlSeconds } from '../tokens/access-tokens.ts'
import { scopeName } from './apis.ts'
import { endedSessions } from './ended-sessions.ts'
import { nextCursor, pageLimit } from './pages.ts'
import { plainText } from './texts.ts'

/** The clients on the wire. */

const clientId = z.string().regex(clientIdPattern, { error: 'must be 1 to 64 of A-Z, a-z, 0-9, . _ and -' })
const name = plainText(100)
const grantType = z.enum(clientGrantTypes).meta({ id: 'ClientGrantType' })
/** Printable ASCII, as a URI is (RFC 3986 §2): z.url takes whatever the URL parser would mend. */
const uri = z
  .url()
  .max(512)
  .refine((text) => /^[\x21-\x7e]+$/.test(text), { error: 'must be printable ASCII' })
const resource = z.string().regex(audiencePattern, { error: `must be ${audienceRule}` })
const list = <T extends z.ZodType>(item: T) => z.array(item).max(50).refine(isSet, { error: 'must name each once' })
const keyMember = z
  .string()
  .max(2048)
  .refine((text) => /^[\x20-\x7e]*$/.test(text), { error: 'must be printable ASCII' })
/** What else a key has, such as certificates, is ignored (RFC 7517 §4). */
const jwks = z
  .object({ keys: z.array(z.record(z.string(), z.unknown())).max(maxKeys) })
  .transform(({ keys }) => ({ keys: keys.map(neededMembers) }))
  .pipe(z.object({ keys: z.array(z.record(z.string(), z.union([keyMember, z.array(keyMember).max(20)]))) }))
  .transform((keySet) => keySet as JSONWebKeySet)
  .meta({ description: 'public keys (RFC 7517)' })
const exchangeRules = list(
  z
    .strictObject({
      from: resource.meta({ description: "what the user's token is for: one of the client's resources" }),
      scope: scopeName.optional().meta({ description: "a scope that the user's token has to have" }),
      to: resource.meta({ description: 'the API that the new token is for' }),
      scopes: list(scopeName).min(1).meta({ description: 'what it may have there, as far as the user holds it' })
    })
    .meta({ id: 'ExchangeRule' })
)
/** A key is published for as long after its retirement, so that whatever it signed can be verified. */
const ttlRule = { error: `must be a whole number of seconds from 30 to ${maxAccessTokenTtlSeconds}` }
const ttl = z.int(ttlRule).min(30, ttlRule).max(maxAccessTokenTtlSeconds, ttlRule)
const redirectUri = z
  .string()
  .min(1)
  .max(maxRedirectUriLength)
  .refine((text) => /^[\x21-\x7e]+$/.test(text), { error: 'must be printable ASCII' })
/** Shown to users, or called by the issuer: never a script, and nothing that anybody on the path could change. */
const webPage = uri.refine((text) => text.startsWith('https://') || isLoopbackUri(text), { error: 'must be https' })

function isSet(items: readonly unknown[]): boolean {
  return new Set(items.map((item) => JSON.stringify(item))).size === items.length
}

/** Of `/admin/clients/:client_id` */
export const clientParams = z.object({
  client_id: z.string().regex(clientIdPattern, { error: 'There is no client with this id.' })
})

/** `POST /admin/clients` */
export const clientBody = z
  .strictObject({
    client_id: clientId,
    name: name.optional(),
    token_endpoint_auth_method: z.enum(clientAuthMethods),
    jwks: jwks.optional(),
    jwks_uri: uri.optional(),
    grant_types: list(grantType),
    scopes: list(scopeName).default([]),
    audiences: list(resource).default([]).meta({ description: 'what its tokens may be for' }),
    resources: list(resource)
      .default([])
      .meta({ description: 'what it is itself: tokens for these it may introspect' }),
    may_act_for: list(clientId).default([]).meta({ description: 'clients whose users it may act for' }),
    may_carry_roles: z.boolean().default(false).meta({ description: "its tokens for users carry the users' roles" }),
    may_unbind_tokens: z
      .boolean()
      .default(false)
      .meta({ description: 'it may exchange a token that is bound to a key without a proof of that key' }),
    exchange_rules: exchangeRules
      .default([])
      .meta({ description: "from which API to which other one it may exchange users' tokens" }),
    access_token_ttl_seconds: ttl.optional(),
    application_type: z.enum(applicationTypes).default('web').meta({ description: '`native` for apps on devices' }),
    redirect_uris: list(redirectUri)
      .default([])
      .meta({ description: 'where users are sent back to, compared as text' }),
    post_logout_redirect_uris: list(redirectUri).default([]),
    backchannel_logout_uri: webPage.optional(),
    logo_uri: webPage.optional(),
    policy_uri: webPage.optional(),
    tos_uri: webPage.optional(),
    require_pkce: z
      .boolean()
      .default(true)
      .meta({ description: '`false` only for old clients that authenticate themselves' }),
    first_party: z.boolean().default(false).meta({ description: 'users are not asked for their consent' }),
    id_token_ttl_seconds: ttl.optional()
  })
  .meta({ id: 'NewClient' })
export type ClientBody = z.infer<typeof clientBody>

/** `PATCH /admin/clients/:client_id`: a member that is absent stays as it is. */
export const clientChangeBody = z
  .strictObject({
    name: name.optional(),
    jwks: jwks.nullable().optional(),
    jwks_uri: uri.nullable().optional(),
    grant_types: list(grantType).optional(),
    scopes: list(scopeName).optional(),
    audiences: list(resource).optional(),
    resources: list(resource).optional(),
    may_act_for: list(clientId).optional(),
    may_carry_roles: z.boolean().optional(),
    may_unbind_tokens: z.boolean().optional(),
    exchange_rules: exchangeRules.optional(),
    access_token_ttl_seconds: ttl.nullable().optional(),
    application_type: z.enum(applicationTypes).optional(),
    redirect_uris: list(redirectUri).optional(),
    post_logout_redirect_uris: list(redirectUri).optional(),
    backchannel_logout_uri: webPage.nullable().optional(),
    logo_uri: webPage.nullable().optional(),
    policy_uri: webPage.nullable().optional(),
    tos_uri: webPage.nullable().optional(),
    require_pkce: z.boolean().optional(),
    first_party: z.boolean().optional(),
    id_token_ttl_seconds: ttl.nullable().optional(),
    disabled: z.boolean().optional()
  })
  .refine((change) => Object.keys(change).length > 0, { error: 'must hold something to change' })
  .meta({ id: 'ClientChange' })
export type ClientChangeBody = z.infer<typeof clientChangeBody>

/** `POST /admin/clients/:client_id/secrets`; may be empty. */
export const newSecretBody = z.strictObject({
  replaces: z
    .string()
    .max(8)
    .optional()
    .meta({ description: 'the newest of `secret_ids`: that secret ends, and the one before it stays valid' })
})
export type NewSecretBody = z.infer<typeof newSecretBody>

/** `GET /admin/clients` */
export const clientListQuery = z.strictObject({
  cursor: clientId.optional().meta({ description: '`next_cursor` of the page before' }),
  limit: pageLimit(20)
})
export type ClientListQuery = z.infer<typeof clientListQuery>

export const client = z
  .object({
    client_id: z.string(),
    name: z.string(),
    token_endpoint_auth_method: z.enum(clientAuthMethods),
    jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).nullable(),
    jwks_uri: z.string().nullable(),
    grant_types: z.array(z.string()),
    scopes: z.array(z.string()),
    audiences: z.array(z.string()),
    resources: z.array(z.string()),
    may_act_for: z.array(z.string()),
    may_carry_roles: z.boolean(),
    may_unbind_tokens: z.boolean(),
    exchange_rules: z.array(
      z.object({ from: z.string(), scope: z.string().optional(), to: z.string(), scopes: z.array(z.string()) })
    ),
    access_token_ttl_seconds: z.int().nullable(),
    application_type: z.enum(applicationTypes),
    redirect_uris: z.array(z.string()),
    post_logout_redirect_uris: z.array(z.string()),
    backchannel_logout_uri: z.string().nullable(),
    logo_uri: z.string().nullable(),
    policy_uri: z.string().nullable(),
    tos_uri: z.string().nullable(),
    require_pkce: z.boolean(),
    first_party: z.boolean(),
    id_token_ttl_seconds: z.int().nullable(),
    secret_ids: z.array(z.string()).meta({ description: 'names of its secrets, the newest one first' }),
    created_at: z.iso.datetime(),
    disabled_at: z.iso.datetime().nullable(),
    first_token_at: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'when it got its first token at `POST /oauth/token`' })
  })
  .meta({ id: 'Client' })

/** What was changed, and how many sessions ended for it. */
export const changedClient = client.extend(endedSessions).meta({ id: 'ChangedClient' })

export const clientWithSecret = client
  .extend({
    client_secret: z.string().optional().meta({ description: 'shown once; it is kept nowhere' })
  })
  .meta({ id: 'ClientWithSecret' })

export const clientList = z.object({ clients: z.array(client), next_cursor: nextCursor }).meta({ id: 'ClientPage' })

/** A client on the wire; never with anything that it authenticates itself by but public keys. */
export function clientOnWire(client: Client) {
  return {
    client_id: client.id,
    name: client.name,
    token_endpoint_auth_method: client.authMethod,
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
    grant_types: client.grantTypes,
    scopes: client.scopes,
    audiences: client.audiences,
    resources: client.resources,
    may_act_for: client.mayActFor,
    may_carry_roles: client.mayCarryRoles,
    may_unbind_tokens: client.mayUnbindTokens,
    exchange_rules: client.exchangeRules,
    access_token_ttl_seconds: client.accessTokenTtlSeconds,
    application_type: client.applicationType,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    backchannel_logout_uri: client.backchannelLogoutUri,
    logo_uri: client.logoUri,
    policy_uri: client.policyUri,
    tos_uri: client.tosUri,
    require_pkce: client.requirePkce,
    first_party: client.isFirstParty,
    id_token_ttl_seconds: client.idTokenTtlSeconds,
    secret_ids: client.secretIds,
    created_at: client.createdAt.toISOString(),
    disabled_at: client.disabledAt?.toISOString() ?? null,
    first_token_at: client.firstTokenAt?.toISOString() ?? null
  }
}

/** The client that a body of `POST` registers. */
export function newClientOf(body: ClientBody, secretHashes: readonly string[]): NewClient {
  return {
    id: body.client_id,
    name: body.name ?? body.client_id,
    authMethod: body.token_endpoint_auth_method,
    jwks: body.jwks ?? null,
    jwksUri: body.jwks_uri ?? null,
    secretHashes,
    grantTypes: body.grant_types,
    scopes: body.scopes,
    audiences: body.audiences,
    resources: body.resources,
    mayActFor: body.may_act_for,
    mayCarryRoles: body.may_carry_roles,
    mayUnbindTokens: body.may_unbind_tokens,
    exchangeRules: body.exchange_rules,
    accessTokenTtlSeconds: body.access_token_ttl_seconds ?? null,
    applicationType: body.application_type,
    redirectUris: body.redirect_uris,
    postLogoutRedirectUris: body.post_logout_redirect_uris,
    backchannelLogoutUri: body.backchannel_logout_uri ?? null,
    logoUri: body.logo_uri ?? null,
    policyUri: body.policy_uri ?? null,
    tosUri: body.tos_uri ?? null,
    requirePkce: body.require_pkce,
    isFirstParty: body.first_party,
    idTokenTtlSeconds: body.id_token_ttl_seconds ?? null
  }
}

/** What a body of `PATCH` changes. */
export function clientChangeOf(body: ClientChangeBody): ClientChange {
  const change = {
    name: body.name,
    jwks: body.jwks,
    jwksUri: body.jwks_uri,
    grantTypes: body.grant_types,
    scopes: body.scopes,
    audiences: body.audiences,
    resources: body.resources,
    mayActFor: body.may_act_for,
    mayCarryRoles: body.may_carry_roles,
    mayUnbindTokens: body.may_unbind_tokens,
    exchangeRules: body.exchange_rules,
    accessTokenTtlSeconds: body.access_token_ttl_seconds,
    applicationType: body.application_type,
    redirectUris: body.redirect_uris,
    postLogoutRedirectUris: body.post_logout_redirect_uris,
    backchannelLogoutUri: body.backchannel_logout_uri,
    logoUri: body.logo_uri,
    policyUri: body.policy_uri,
    tosUri: body.tos_uri,
    requirePkce: body.require_pkce,
    isFirstParty: body.first_party,
    idTokenTtlSeconds: body.id_token_ttl_seconds,
    isDisabled: body.disabled
  }
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as ClientChange
}
