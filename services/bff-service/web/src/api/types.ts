import type { Activity, Client as IssuedClient, Session, SigningKey } from './auth-service.ts'

/** The JSON of the APIs, as it comes. That of the auth-service is made from its OpenAPI description. */
export type * from './auth-service.ts'

/** `GET /bff/session` of the bff-service. */
export interface SignedIn {
  user_id: string
  username: string
  roles: string[]
  session_id: string
}

/** `GET /me` of the example API. */
export interface ApiIdentity {
  id: string
  username: string
  roles: string[]
  scope: string
  session_id: string
}

/** One of the user's own sessions, or one that an admin looks at. */
export type ListedSession = Session & { current?: boolean }

export type KeyState = SigningKey['state']

export type ActivityWindow = Activity['window']

export type Client = IssuedClient & SignInPolicy
export type ClientWithSecret = Client & { client_secret?: string }
export type ClientPage = { clients: Client[]; next_cursor: string | null }

/** What a client needs so that users sign in to it. */
interface SignInPolicy {
  application_type: 'web' | 'native'
  redirect_uris: string[]
  post_logout_redirect_uris: string[]
  backchannel_logout_uri: string | null
  logo_uri: string | null
  policy_uri: string | null
  tos_uri: string | null
  require_pkce: boolean
  first_party: boolean
  id_token_ttl_seconds: number | null
}

/** What may be changed of a client. */
export type ClientPolicy = Omit<
  Client,
  'client_id' | 'token_endpoint_auth_method' | 'secret_ids' | 'created_at' | 'disabled_at' | 'first_token_at'
>

/** `GET /bff/authorization-requests/{id}` of the bff-service: an app that asks for a sign-in. */
export interface AuthorizationRequest {
  client: RequestingClient
  /** Where the browser goes afterwards. */
  redirect_host: string
  login_hint: string | null
  ui_locales: string[]
  prompt: string[]
  /** Of the issuer, as the bff-service has checked. */
  complete_url: string
  expires_in: number
}

export interface RequestingClient {
  client_id: string
  name: string
  logo_uri: string | null
  policy_uri: string | null
  tos_uri: string | null
}

/** A scope that an app asks for or has, in the words of its API; those of the issuer itself have no API. */
export interface RequestedScope {
  scope: string
  api: string | null
  api_name: string | null
  description: string
}

/** The same request once a user has taken it. */
export interface ClaimedRequest {
  next: 'complete' | 'consent' | 'choose_account'
  client: RequestingClient
  redirect_host: string
  username: string
  scopes: RequestedScope[]
  complete_url: string
}

export interface App {
  client_id: string
  name: string
  logo_uri: string | null
  scopes: RequestedScope[]
  granted_at: string
  last_used_at: string | null
  sessions: number
}

export interface AppPage {
  apps: App[]
  next_cursor: string | null
}
