import type { Client, Installation } from '../../api/types.ts'
import type { TextKey } from '../../texts/say.ts'
import { type ClientFormValues, emptyClient, exchanges, signsIn } from './client-form.ts'
import { firstPartyClientId } from './client-terms.ts'

/** What clients are registered for, and an app behind the bff-service, which needs none. */
export type ClientKind = 'web' | 'spa' | 'native' | 'service' | 'acting' | 'api' | 'bff'

/** A verifier with this scope follows the issuer's list of revoked tokens. */
const feedScope = 'revocations:read'

export const kindLabels: Record<ClientKind, TextKey> = {
  web: 'admin.clients.kinds.web',
  spa: 'admin.clients.kinds.spa',
  native: 'admin.clients.kinds.native',
  service: 'admin.clients.kinds.service',
  acting: 'admin.clients.kinds.acting',
  api: 'admin.clients.kinds.api',
  bff: 'admin.clients.kinds.bff'
}

export const kindSentences: Record<ClientKind, TextKey> = {
  web: 'admin.clients.kindTexts.web',
  spa: 'admin.clients.kindTexts.spa',
  native: 'admin.clients.kindTexts.native',
  service: 'admin.clients.kindTexts.service',
  acting: 'admin.clients.kindTexts.acting',
  api: 'admin.clients.kindTexts.api',
  bff: 'admin.clients.kindTexts.bff'
}

const signInGrants = ['authorization_code', 'refresh_token']

const {
  grant_types,
  scopes,
  audiences,
  may_act_for,
  token_endpoint_auth_method,
  application_type,
  require_pkce,
  backchannel_logout_uri,
  redirect_uris,
  post_logout_redirect_uris,
  logo_uri,
  policy_uri,
  tos_uri,
  first_party,
  id_token_ttl_seconds
} = emptyClient

/** What another kind may have left in fields that are not shown. */
const common = {
  grant_types,
  scopes,
  audiences,
  may_act_for,
  token_endpoint_auth_method,
  application_type,
  require_pkce,
  backchannel_logout_uri
}
const notForUsers = {
  ...common,
  redirect_uris,
  post_logout_redirect_uris,
  logo_uri,
  policy_uri,
  tos_uri,
  first_party,
  id_token_ttl_seconds
}
const onDevices = { ...common, grant_types: signInGrants, token_endpoint_auth_method: 'none' } as const

/** What the form begins with. */
export function presetOf(kind: ClientKind, installation: Installation | undefined): Partial<ClientFormValues> {
  switch (kind) {
    case 'web':
      return { ...common, grant_types: signInGrants, token_endpoint_auth_method: 'client_secret_basic' }
    case 'spa':
      return onDevices
    case 'native':
      return { ...onDevices, application_type: 'native' }
    case 'acting':
      return {
        ...notForUsers,
        grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange'],
        may_act_for: [firstPartyClientId]
      }
    case 'api':
      return { ...notForUsers, scopes: [feedScope], audiences: installation ? [installation.issuer] : [] }
    default:
      return notForUsers
  }
}

export type SignInKind = 'web' | 'spa' | 'native'

export function isSignInKind(kind: ClientKind | undefined): kind is SignInKind {
  return kind === 'web' || kind === 'spa' || kind === 'native'
}

/** What a registered client is; `undefined` when it gets no token. */
export function kindOf(client: Client): Exclude<ClientKind, 'bff'> | undefined {
  const { grant_types, scopes } = client
  if (signsIn(grant_types)) return signInKindOf(client)
  if (exchanges(grant_types)) return 'acting'
  if (!grant_types.includes('client_credentials')) return undefined
  return scopes.includes(feedScope) ? 'api' : 'service'
}

function signInKindOf({ token_endpoint_auth_method: method, application_type: type }: Client): SignInKind {
  if (method !== 'none') return 'web'
  return type === 'native' ? 'native' : 'spa'
}
