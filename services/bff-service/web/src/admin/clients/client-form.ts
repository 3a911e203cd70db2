import type { Client, ClientPolicy } from '../../api/types.ts'
import { linesOf } from '../../forms/lines.ts'
import type { FieldWishes } from '../../forms/refused-fields.ts'
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
  /** One a line. */
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

/** What the API takes. An empty field is no value. */
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

const webPageWish = 'Give an https URL, or leave this empty.'

/** The rule of each field, in words for people, shown when the issuer rejects a value. */
export const clientWishes: FieldWishes<ClientFormValues> = {
  client_id: 'Use 1 to 64 of A-Z, a-z, 0-9, . _ and -, a letter or digit first.',
  name: 'Use 1 to 100 characters.',
  token_endpoint_auth_method: 'Choose how the client shows that it is itself.',
  jwks: 'Give 1 to 20 public keys: RSA of 2048 bits or more, P-256 or Ed25519; each of several with a kid of its own.',
  jwks_uri: 'Give an https URL without a user and a fragment, such as https://reports.example.com/jwks.json.',
  grant_types: 'Choose client credentials or token exchange, or give a resource whose tokens it inspects.',
  scopes: 'A scope has up to 64 characters without spaces, quotes and backslashes.',
  audiences:
    'An audience is the name of an API as its tokens have it, such as https://api.example.com or my-api, without spaces, quotes and #. Fewer and shorter ones fit into a token.',
  resources:
    'A resource is the name of an API as its tokens have it, such as https://reports.example.com or my-api, without spaces, quotes and #.',
  may_act_for: 'Name clients by their ids: 1 to 64 of A-Z, a-z, 0-9, . _ and -.',
  exchange_rules: 'Exchange rules need the grant type “token exchange”, and each of them stands here once.',
  ...ruleWishes,
  access_token_ttl_seconds: 'Give 30 to 3600 seconds, or leave this empty.',
  redirect_uris:
    'Give one address a line, whole and without a fragment: https, http on localhost, or for a native app a scheme such as com.example.app:/callback.',
  post_logout_redirect_uris:
    'Give one address a line, whole and without a fragment: https, http on localhost, or for a native app a scheme such as com.example.app:/signed-out.',
  backchannel_logout_uri: webPageWish,
  logo_uri: webPageWish,
  policy_uri: webPageWish,
  tos_uri: webPageWish,
  require_pkce: 'A client that does not authenticate itself always needs PKCE.',
  id_token_ttl_seconds: 'Give 30 to 86400 seconds, or leave this empty.'
}

export const clientValidation = {
  client_id: (text: string) => (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text.trim()) ? null : clientWishes.client_id),
  jwks: (text: string, values: ClientFormValues) => {
    if (values.token_endpoint_auth_method !== 'private_key_jwt') return null
    if (!text.trim()) return values.jwks_uri.trim() ? null : 'Give the public keys here, or their address below.'
    if (values.jwks_uri.trim()) return 'Give the keys or their address, not both.'
    return keySetError(text)
  },
  grant_types: (grants: string[], { resources }: ClientFormValues) =>
    hasOwnTokens(grants) || exchanges(grants) || signsIn(grants) || resources.length > 0
      ? null
      : clientWishes.grant_types,
  audiences: (audiences: string[], { grant_types: grants, exchange_rules: rules }: ClientFormValues) =>
    audiences.length > 0 || !(hasOwnTokens(grants) || (exchanges(grants) && rules.length === 0))
      ? null
      : 'The client needs an audience: what its tokens are for.',
  resources: (resources: string[], { grant_types: grants }: ClientFormValues) =>
    resources.length > 0 || !exchanges(grants)
      ? null
      : 'Token exchange needs a resource: what the client is itself, as tokens name it.',
  may_act_for: (clients: string[], { grant_types: grants }: ClientFormValues) =>
    clients.length > 0 || !exchanges(grants) ? null : 'Token exchange needs the clients whose users it may act for.',
  exchange_rules: ruleValidation,
  access_token_ttl_seconds: (text: string) => (isNumber(text) ? null : clientWishes.access_token_ttl_seconds),
  redirect_uris: (text: string, { grant_types: grants }: ClientFormValues) =>
    signsIn(grants) && linesOf(text).length === 0 ? clientWishes.redirect_uris : null,
  id_token_ttl_seconds: (text: string) => (isNumber(text) ? null : clientWishes.id_token_ttl_seconds)
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
  if (!keys) return 'This is not a key set. One looks like {"keys": [{"kty": "EC", …}]}.'
  return keys.some((key) => privateMembers.some((member) => member in key))
    ? 'This holds a private key. Give the public part alone.'
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
