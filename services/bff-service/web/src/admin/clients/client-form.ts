import type { Client, ClientPolicy } from '../../api/types.ts'
import { linesOf } from '../../forms/lines.ts'
import type { FieldWishes } from '../../forms/refused-fields.ts'
import { say } from '../../texts/say.ts'
import { type RuleRow, ruleRowsOf, rulesOf, ruleValidation, ruleWishes } from './rule-rows.ts'

/** The fields of the form as they are typed. */
export interface ClientFormValues {
  client_id: string
  name: string
  token_endpoint_auth_method: Client['token_endpoint_auth_method']
  jwks: string
  jwks_uri: string
  grant_types: string[]
  scopes: string[]
  audiences: string[]
  resources: string[]
  may_act_for: string[]
  may_carry_roles: boolean
  may_unbind_tokens: boolean
  exchange_rules: RuleRow[]
  access_token_ttl_seconds: string
  application_type: Client['application_type']
  /** One per line. */
  redirect_uris: string
  post_logout_redirect_uris: string
  backchannel_logout_uri: string
  logo_uri: string
  policy_uri: string
  tos_uri: string
  require_pkce: boolean
  first_party: boolean
  id_token_ttl_seconds: string
}

export const emptyClient: ClientFormValues = {
  client_id: '',
  name: '',
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: '',
  jwks_uri: '',
  grant_types: ['client_credentials'],
  scopes: [],
  audiences: [],
  resources: [],
  may_act_for: [],
  may_carry_roles: false,
  may_unbind_tokens: false,
  exchange_rules: [],
  access_token_ttl_seconds: '',
  application_type: 'web',
  redirect_uris: '',
  post_logout_redirect_uris: '',
  backchannel_logout_uri: '',
  logo_uri: '',
  policy_uri: '',
  tos_uri: '',
  require_pkce: true,
  first_party: false,
  id_token_ttl_seconds: ''
}

export function formValuesOf(client: Client): ClientFormValues {
  return {
    ...client,
    jwks: client.jwks ? JSON.stringify(client.jwks, null, 2) : '',
    jwks_uri: client.jwks_uri ?? '',
    exchange_rules: ruleRowsOf(client.exchange_rules),
    access_token_ttl_seconds: client.access_token_ttl_seconds?.toString() ?? '',
    redirect_uris: client.redirect_uris.join('\n'),
    post_logout_redirect_uris: client.post_logout_redirect_uris.join('\n'),
    backchannel_logout_uri: client.backchannel_logout_uri ?? '',
    logo_uri: client.logo_uri ?? '',
    policy_uri: client.policy_uri ?? '',
    tos_uri: client.tos_uri ?? '',
    id_token_ttl_seconds: client.id_token_ttl_seconds?.toString() ?? ''
  }
}

/** What the API accepts. An empty field is no value. */
export function policyOf(values: ClientFormValues): ClientPolicy {
  const hasKeys = values.token_endpoint_auth_method === 'private_key_jwt'
  return {
    name: values.name.trim() || values.client_id.trim(),
    jwks: hasKeys && values.jwks.trim() ? JSON.parse(values.jwks) : null,
    jwks_uri: (hasKeys && values.jwks_uri.trim()) || null,
    grant_types: values.grant_types,
    scopes: values.scopes,
    audiences: values.audiences,
    resources: values.resources,
    may_act_for: values.may_act_for,
    may_carry_roles: values.may_carry_roles,
    may_unbind_tokens: values.may_unbind_tokens,
    exchange_rules: rulesOf(values.exchange_rules),
    access_token_ttl_seconds: secondsOf(values.access_token_ttl_seconds),
    application_type: values.application_type,
    redirect_uris: linesOf(values.redirect_uris),
    post_logout_redirect_uris: linesOf(values.post_logout_redirect_uris),
    backchannel_logout_uri: values.backchannel_logout_uri.trim() || null,
    logo_uri: values.logo_uri.trim() || null,
    policy_uri: values.policy_uri.trim() || null,
    tos_uri: values.tos_uri.trim() || null,
    require_pkce: values.require_pkce,
    first_party: values.first_party,
    id_token_ttl_seconds: secondsOf(values.id_token_ttl_seconds)
  }
}

function secondsOf(text: string): number | null {
  return text.trim() ? Number(text) : null
}

/** The members that are not as they were. */
export function changesOf(before: ClientPolicy, after: ClientPolicy): Partial<ClientPolicy> {
  const names = Object.keys(after) as (keyof ClientPolicy)[]
  const changed = names.filter((name) => sortedJson(before[name]) !== sortedJson(after[name]))
  return Object.fromEntries(changed.map((name) => [name, after[name]]))
}

/** JSON that does not depend on the order of members, which the issuer's database does not keep. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_name, item) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([one], [other]) => (one < other ? -1 : 1)))
      : item
  )
}

/** The rule of each field, in words for people, shown when the issuer rejects a value. */
export const clientWishes = (): FieldWishes<ClientFormValues> => ({
  client_id: say('admin.clients.wishes.id'),
  name: say('admin.clients.wishes.name'),
  token_endpoint_auth_method: say('admin.clients.wishes.method'),
  jwks: say('admin.clients.wishes.jwks'),
  jwks_uri: say('admin.clients.wishes.jwksUri'),
  grant_types: say('admin.clients.wishes.grants'),
  scopes: say('admin.clients.ruleWishes.scope'),
  audiences: say('admin.clients.wishes.audiences'),
  resources: say('admin.clients.wishes.resources'),
  may_act_for: say('admin.clients.wishes.mayActFor'),
  exchange_rules: say('admin.clients.wishes.rules'),
  ...ruleWishes(),
  access_token_ttl_seconds: say('admin.clients.wishes.lifetime'),
  redirect_uris: say('admin.clients.wishes.redirectUris'),
  post_logout_redirect_uris: say('admin.clients.wishes.logoutUris'),
  backchannel_logout_uri: say('admin.clients.wishes.webPage'),
  logo_uri: say('admin.clients.wishes.webPage'),
  policy_uri: say('admin.clients.wishes.webPage'),
  tos_uri: say('admin.clients.wishes.webPage'),
  require_pkce: say('admin.clients.wishes.pkce'),
  id_token_ttl_seconds: say('admin.clients.wishes.idTokenLifetime')
})

export const clientValidation = {
  client_id: (text: string) =>
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text.trim()) ? null : say('admin.clients.wishes.id'),
  jwks: (text: string, values: ClientFormValues) => {
    if (values.token_endpoint_auth_method !== 'private_key_jwt') return null
    if (!text.trim()) return values.jwks_uri.trim() ? null : say('admin.clients.wishes.keysMissing')
    if (values.jwks_uri.trim()) return say('admin.clients.wishes.keysTwice')
    return keySetError(text)
  },
  grant_types: (grants: string[], { resources }: ClientFormValues) =>
    hasOwnTokens(grants) || exchanges(grants) || signsIn(grants) || resources.length > 0
      ? null
      : say('admin.clients.wishes.grants'),
  audiences: (audiences: string[], { grant_types: grants, exchange_rules: rules }: ClientFormValues) =>
    audiences.length > 0 || !(hasOwnTokens(grants) || (exchanges(grants) && rules.length === 0))
      ? null
      : say('admin.clients.wishes.audienceMissing'),
  resources: (resources: string[], { grant_types: grants }: ClientFormValues) =>
    resources.length > 0 || !exchanges(grants) ? null : say('admin.clients.wishes.resourceMissing'),
  may_act_for: (clients: string[], { grant_types: grants }: ClientFormValues) =>
    clients.length > 0 || !exchanges(grants) ? null : say('admin.clients.wishes.mayActForMissing'),
  exchange_rules: ruleValidation,
  access_token_ttl_seconds: (text: string) => (isNumber(text) ? null : say('admin.clients.wishes.lifetime')),
  redirect_uris: (text: string, { grant_types: grants }: ClientFormValues) =>
    signsIn(grants) && linesOf(text).length === 0 ? say('admin.clients.wishes.redirectUris') : null,
  id_token_ttl_seconds: (text: string) => (isNumber(text) ? null : say('admin.clients.wishes.idTokenLifetime'))
}

function isNumber(text: string): boolean {
  return /^\d*$/.test(text.trim())
}

/** Whether users sign in to the client. */
export function signsIn(grants: string[]): boolean {
  return grants.includes('authorization_code')
}

function hasOwnTokens(grants: string[]): boolean {
  return grants.includes('client_credentials')
}

export function exchanges(grants: string[]): boolean {
  return grants.includes('urn:ietf:params:oauth:grant-type:token-exchange')
}

/** The private members of a JWK (RFC 7518 §6). */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** A private key is rejected before it is sent anywhere. */
function keySetError(text: string): string | null {
  const keys = keysOf(text)
  if (!keys) return say('admin.clients.wishes.noKeySet')
  return keys.some((key) => privateMembers.some((member) => member in key))
    ? say('admin.clients.wishes.privateKey')
    : null
}

function keysOf(text: string): Record<string, unknown>[] | undefined {
  try {
    const { keys } = JSON.parse(text)
    return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null) ? keys : undefined
  } catch {
    return undefined
  }
}
