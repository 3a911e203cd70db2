/** The JSON of the APIs, as it comes. */

export interface SignedIn {
  user_id: string
  username: string
  roles: string[]
  session_id: string
}

export interface Page {
  next_cursor: string | null
}

export interface OwnProfile {
  id: string
  username: string
  roles: string[]
  email: string | null
  created_at: string
  session_id: string
}

export interface ApiIdentity {
  id: string
  username: string
  roles: string[]
  scope: string
  session_id: string
}

export interface Session {
  id: string
  client_id: string
  created_at: string
  last_used_at: string
  expires_at: string
  address: string
  user_agent: string
  /** Absent where an admin looks at the sessions of a user. */
  current?: boolean
}

export interface SessionPage extends Page {
  sessions: Session[]
}

export interface User {
  id: string
  username: string
  email: string | null
  roles: string[]
  created_at: string
  disabled_at: string | null
}

export interface UserPage extends Page {
  users: User[]
}

export type KeyState = 'spare' | 'signing' | 'retired' | 'pulled'

export interface SigningKey {
  kid: string
  state: KeyState
  algorithm: string
  bits: number
  created_at: string
  signs_from: string | null
  retired_at: string | null
  pulled_at: string | null
}

export interface KeyList {
  keys: SigningKey[]
  rotation_possible_at: string | null
  next_rotation_at: string | null
}

export interface ClientPolicy {
  name: string
  jwks: { keys: Record<string, unknown>[] } | null
  jwks_uri: string | null
  grant_types: string[]
  scopes: string[]
  audiences: string[]
  resources: string[]
  may_act_for: string[]
  may_carry_roles: boolean
  may_unbind_tokens: boolean
  access_token_ttl_seconds: number | null
}

export interface Client extends ClientPolicy {
  client_id: string
  token_endpoint_auth_method: string
  /** Names of its secrets, the newest one first. */
  secret_ids: string[]
  created_at: string
  disabled_at: string | null
}

export interface ClientWithSecret extends Client {
  client_secret?: string
}

export interface ClientPage extends Page {
  clients: Client[]
}

export interface Statistics {
  at: string
  users: { total: number; disabled: number }
  sessions: { live: number }
  last_day: { sign_ins: number; failed_sign_ins: number; revocations: number }
}

export type ActivityWindow = 'hour' | 'day'

export interface Activity {
  window: ActivityWindow
  since: string
  until: string
  step_seconds: number
  series: {
    sign_ins: Record<'succeeded' | 'failed', number[]>
    refreshes: Record<'rotated' | 'retried' | 'recovered' | 'replayed' | 'refused', number[]>
    revocations: Record<'sessions' | 'tokens' | 'keys' | 'clients', number[]>
  }
}

export interface AuditSubject {
  id: string
  username: string | null
}

export interface AuditEvent {
  id: string
  at: string
  type: string
  user: AuditSubject | null
  actor: AuditSubject | null
  session_id: string | null
  client_id: string | null
  address: string | null
  user_agent: string | null
  detail: Record<string, unknown> | null
}

export interface AuditPage extends Page {
  events: AuditEvent[]
}
