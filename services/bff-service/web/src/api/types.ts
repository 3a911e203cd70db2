import type { Activity, Client, Session, SigningKey } from './auth-service.ts'

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

/** What may be changed of a client. */
export type ClientPolicy = Omit<
  Client,
  'client_id' | 'token_endpoint_auth_method' | 'secret_ids' | 'created_at' | 'disabled_at' | 'first_token_at'
>
