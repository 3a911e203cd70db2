import type { Client, ClientPolicy } from '../../api/types.ts'

/** The fields of the form as they are typed. */
export interface ClientFormValues {
  client_id: string
  name: string
  token_endpoint_auth_method: string
  jwks: string
  jwks_uri: string
  grant_types: string[]
  scopes: string[]
  audiences: string[]
  resources: string[]
  may_act_for: string[]
  may_carry_roles: boolean
  may_unbind_tokens: boolean
  access_token_ttl_seconds: string
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
  access_token_ttl_seconds: ''
}

export function formValuesOf(client: Client): ClientFormValues {
  return {
    ...client,
    jwks: client.jwks ? JSON.stringify(client.jwks, null, 2) : '',
    jwks_uri: client.jwks_uri ?? '',
    access_token_ttl_seconds: client.access_token_ttl_seconds?.toString() ?? ''
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
    access_token_ttl_seconds: values.access_token_ttl_seconds ? Number(values.access_token_ttl_seconds) : null
  }
}

/** The members that are not as they were. */
export function changesOf(before: ClientPolicy, after: ClientPolicy): Partial<ClientPolicy> {
  const names = Object.keys(after) as (keyof ClientPolicy)[]
  const changed = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  return Object.fromEntries(changed.map((name) => [name, after[name]]))
}

export const clientValidation = {
  client_id: (text: string) =>
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text.trim())
      ? null
      : 'Use 1 to 64 of A-Z, a-z, 0-9, . _ and -, a letter or digit first.',
  jwks: (text: string, values: ClientFormValues) => {
    if (values.token_endpoint_auth_method !== 'private_key_jwt') return null
    if (!text.trim()) return values.jwks_uri.trim() ? null : 'Give the public keys here, or their address below.'
    if (values.jwks_uri.trim()) return 'Give the keys or their address, not both.'
    return isJson(text) ? null : 'This is no JSON. A key set looks like {"keys": [{"kty": "EC", …}]}.'
  },
  access_token_ttl_seconds: (text: string) =>
    text === '' || /^\d+$/.test(text) ? null : 'Use a whole number of seconds, or leave it empty.'
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
