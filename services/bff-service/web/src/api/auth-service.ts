// The JSON of the auth-service. Made by `npm run docs` out of its OpenAPI description: change it there.

export type ClientGrantType =
  | 'client_credentials'
  | 'authorization_code'
  | 'refresh_token'
  | 'urn:ietf:params:oauth:grant-type:token-exchange'

export type RevocationEvents = string

export interface Registration {
  username: string
  /**
   * 8 to 256 characters, and not one of the most used passwords
   */
  password: string
  email?: string
}

export interface Login {
  username: string
  password: string
  /**
   * from the last sign-in with this browser or app: its user gets in while others guess
   */
  device_token?: string
  /**
   * from a sign-in with `trust_device`: the second factor is not asked for then
   */
  trusted_device?: string
  /**
   * the identifier of the API that the token is for; without it the first API and this issuer
   */
  resource?: string
  /**
   * space-separated scopes of that API; those that no role of the user holds drop out
   */
  scope?: string
}

export interface SecondFactor {
  flow: string
  /**
   * the code that the authenticator app shows
   */
  totp?: string
  /**
   * each is valid once
   */
  recovery_code?: string
  passkey?: PasskeyAssertion
  /**
   * whether the second factor is not to be asked for on this device for 30 days
   */
  trust_device?: boolean
  /**
   * from the last sign-in with this browser or app: its user gets in while others guess
   */
  device_token?: string
}
/**
 * signs what `POST /auth/login/passkey/options` gave for the flow
 */
export interface PasskeyAssertion {
  id: string
  type: 'public-key'
  response: {
    clientDataJSON: string
    authenticatorData: string
    signature: string
    userHandle?: string | null
  }
}
/**
 * `AuthenticationResponseJSON` of WebAuthn; other members are ignored
 *
 * This interface was referenced by `Schemas`'s JSON-Schema
 * via the `definition` "PasskeyAssertion".
 */
export interface PasskeyAssertion1 {
  id: string
  type: 'public-key'
  response: {
    clientDataJSON: string
    authenticatorData: string
    signature: string
    userHandle?: string | null
  }
}

export interface EnrolmentMail {
  flow: string
}

export interface Enrolment {
  flow: string
  /**
   * from the mail, where there has to be one
   */
  code?: string
}

export interface EnrolmentConfirmation {
  flow: string
  /**
   * the code that the authenticator app shows
   */
  totp: string
  /**
   * whether the second factor is not to be asked for on this device for 30 days
   */
  trust_device?: boolean
  /**
   * from the last sign-in with this browser or app: its user gets in while others guess
   */
  device_token?: string
}

export interface MailSignInRequest {
  email?: string
  username?: string
}

export interface MailSignIn {
  flow: string
  /**
   * what follows # in the link
   */
  secret?: string
  code?: string
  /**
   * from the last sign-in with this browser or app: its user gets in while others guess
   */
  device_token?: string
  /**
   * from a sign-in with `trust_device`: the second factor is not asked for then
   */
  trusted_device?: string
  /**
   * the identifier of the API that the token is for; without it the first API and this issuer
   */
  resource?: string
  /**
   * space-separated scopes of that API; those that no role of the user holds drop out
   */
  scope?: string
}

export interface StepUp {
  password: string
  /**
   * from the last sign-in with this browser or app: its user gets in while others guess
   */
  device_token?: string
}

export interface PasskeyOptionsRequest {
  /**
   * of a sign-in that needs a second factor
   */
  flow?: string
}

export interface PasskeyLogin {
  credential: PasskeyAssertion1
  /**
   * from the last sign-in with this browser or app: its user gets in while others guess
   */
  device_token?: string
  /**
   * the identifier of the API that the token is for; without it the first API and this issuer
   */
  resource?: string
  /**
   * space-separated scopes of that API; those that no role of the user holds drop out
   */
  scope?: string
}

export interface PasskeyStepUp {
  credential: PasskeyAssertion1
  /**
   * from the last sign-in with this browser or app: its user gets in while others guess
   */
  device_token?: string
}

export interface NewPasskey {
  name: string
  credential: PasskeyRegistration
}
/**
 * `RegistrationResponseJSON` of WebAuthn; other members are ignored
 *
 * This interface was referenced by `Schemas`'s JSON-Schema
 * via the `definition` "PasskeyRegistration".
 */
export interface PasskeyRegistration {
  id: string
  type: 'public-key'
  response: {
    clientDataJSON: string
    attestationObject: string
    /**
     * @maxItems 10
     */
    transports?: string[]
  }
}

export interface PasskeyChange {
  name: string
}

export interface ProfileChange {
  /**
   * of mail and pages; null means that of each request
   */
  language?: ('en' | 'de') | null
  /**
   * null means the username
   */
  display_name?: string | null
}

export interface UsernameChange {
  username: string
}

export interface PasswordChange {
  current_password: string
  new_password: string
}

export interface TotpConfirmation {
  /**
   * the code that the authenticator app shows
   */
  totp: string
}

export interface PasswordResetRequest {
  email?: string
  username?: string
}

export interface PasswordReset {
  /**
   * what follows # in the link
   */
  secret?: string
  flow?: string
  code?: string
  new_password: string
}

export interface EmailConfirmation {
  /**
   * what follows # in the link
   */
  secret?: string
  flow?: string
  code?: string
}

export interface EmailChange {
  email: string
}

export interface EmailUndo {
  /**
   * what follows # in the link
   */
  secret: string
  new_password: string
}

export interface InvitationLink {
  /**
   * what follows # in the link
   */
  secret: string
}

export interface InvitationAcceptance {
  /**
   * what follows # in the link
   */
  secret: string
  username: string
  password: string
}

export interface ProviderStepUp {
  transaction: string
  /**
   * what the provider has added to the redirect URI, or posted to it
   */
  parameters: {
    [k: string]: string
  }
  /**
   * from the last sign-in with this browser or app: its user gets in while others guess
   */
  device_token?: string
}

export interface ProviderStart {
  /**
   * the identifier of the API that the token is for; without it the first API and this issuer
   */
  resource?: string
  /**
   * space-separated scopes of that API; those that no role of the user holds drop out
   */
  scope?: string
}

export interface ProviderFinish {
  transaction: string
  /**
   * what the provider has added to the redirect URI, or posted to it
   */
  parameters: {
    [k: string]: string
  }
  /**
   * from the last sign-in with this browser or app: its user gets in while others guess
   */
  device_token?: string
  /**
   * from a sign-in with `trust_device`: the second factor is not asked for then
   */
  trusted_device?: string
}

export interface IdentityLink {
  transaction: string
  /**
   * what the provider has added to the redirect URI, or posted to it
   */
  parameters: {
    [k: string]: string
  }
}

export interface Decision {
  decision: 'allow' | 'deny'
}

export interface ImportedUser {
  external_id: string
  username: string
  display_name?: string
  email?: string
  email_verified?: boolean
  password_hash?: string
  /**
   * @maxItems 16
   */
  roles?: string[]
  created_at?: string
  disabled?: boolean
}

export interface UserChange {
  disabled?: boolean
  /**
   * @maxItems 16
   */
  roles?: string[]
  /**
   * null removes it
   */
  display_name?: string | null
}

export interface NewInvitation {
  email: string
  /**
   * a suggestion
   */
  username?: string
  /**
   * given if the inviter is still an admin then
   *
   * @maxItems 16
   */
  roles?: string[]
  /**
   * of the mail, and of the user
   */
  language?: 'en' | 'de'
}

export interface NewApi {
  identifier: string
  name?: string
  /**
   * users' tokens for it carry those of their roles that hold a scope of it
   */
  carries_roles?: boolean
  /**
   * @maxItems 40
   */
  scopes?: ApiScope[]
}

export interface ApiScope {
  name: string
  /**
   * a sentence that people understand
   */
  description: string
}

export interface ApiChange {
  name?: string
  /**
   * users' tokens for it carry those of their roles that hold a scope of it
   */
  carries_roles?: boolean
  /**
   * all that it has afterwards
   *
   * @maxItems 40
   */
  scopes?: ApiScope[]
  /**
   * end the sessions of users who lose a scope now; without it the scope is gone at their next refresh
   */
  end_sessions?: boolean
}

export interface NewRole {
  name: string
  description?: string | ''
  /**
   * @maxItems 100
   */
  scopes?: HeldScope[]
}

export interface HeldScope {
  api: string
  scope: string
}

export interface RoleChange {
  description?: string | ''
  /**
   * all that it holds afterwards
   *
   * @maxItems 100
   */
  scopes?: HeldScope[]
  /**
   * end the sessions of users who lose a scope now; without it the scope is gone at their next refresh
   */
  end_sessions?: boolean
}

export interface NewProvider {
  /**
   * in its redirect URI
   */
  id: string
  kind: 'oidc' | 'google' | 'microsoft' | 'apple' | 'github'
  /**
   * required for `oidc`; the others have one
   */
  issuer?: string
  /**
   * required for `oidc`; the others have one
   */
  name?: string
  client_id: string
  /**
   * sealed at rest, and never shown
   */
  client_secret?: string
  /**
   * in the place of a client secret at Apple; sealed at rest, and never shown
   */
  apple_key?: {
    team_id: string
    key_id: string
    private_key: string
  }
  /**
   * default: what its kind needs
   *
   * @maxItems 32
   */
  scopes?: string[]
  /**
   * whether an address of these domains belongs to its user is for this provider to say
   *
   * @maxItems 100
   */
  authoritative_domains?: string[]
  /**
   * what its ID tokens say of second factors counts here
   */
  trusts_amr?: boolean
}

export interface ProviderChange {
  /**
   * as people know it
   */
  name?: string
  client_id?: string
  /**
   * sealed at rest, and never shown
   */
  client_secret?: string
  /**
   * in the place of a client secret at Apple; sealed at rest, and never shown
   */
  apple_key?: {
    team_id: string
    key_id: string
    private_key: string
  }
  /**
   * default: what its kind needs
   *
   * @maxItems 32
   */
  scopes?: string[]
  /**
   * whether an address of these domains belongs to its user is for this provider to say
   *
   * @maxItems 100
   */
  authoritative_domains?: string[]
  /**
   * what its ID tokens say of second factors counts here
   */
  trusts_amr?: boolean
  enabled?: boolean
}

export interface NewClient {
  client_id: string
  name?: string
  token_endpoint_auth_method: 'private_key_jwt' | 'client_secret_basic' | 'client_secret_post' | 'none'
  /**
   * public keys (RFC 7517)
   */
  jwks?: {
    /**
     * @maxItems 20
     */
    keys: {
      [k: string]: unknown
    }[]
  }
  jwks_uri?: string
  /**
   * @maxItems 50
   */
  grant_types: ClientGrantType[]
  /**
   * @maxItems 50
   */
  scopes?: string[]
  /**
   * what its tokens may be for
   *
   * @maxItems 50
   */
  audiences?: string[]
  /**
   * what it is itself: tokens for these it may introspect
   *
   * @maxItems 50
   */
  resources?: string[]
  /**
   * clients whose users it may act for
   *
   * @maxItems 50
   */
  may_act_for?: string[]
  /**
   * its tokens for users carry the users' roles
   */
  may_carry_roles?: boolean
  /**
   * it may exchange a token that is bound to a key without a proof of that key
   */
  may_unbind_tokens?: boolean
  /**
   * from which API to which other one it may exchange users' tokens
   *
   * @maxItems 50
   */
  exchange_rules?: ExchangeRule[]
  access_token_ttl_seconds?: number
  /**
   * `native` for apps on devices
   */
  application_type?: 'web' | 'native'
  /**
   * where users are sent back to, compared as text
   *
   * @maxItems 50
   */
  redirect_uris?: string[]
  /**
   * @maxItems 50
   */
  post_logout_redirect_uris?: string[]
  backchannel_logout_uri?: string
  logo_uri?: string
  policy_uri?: string
  tos_uri?: string
  /**
   * `false` only for old clients that authenticate themselves
   */
  require_pkce?: boolean
  /**
   * users are not asked for their consent
   */
  first_party?: boolean
  id_token_ttl_seconds?: number
}

export interface ExchangeRule {
  /**
   * what the user's token is for: one of the client's resources
   */
  from: string
  /**
   * a scope that the user's token has to have
   */
  scope?: string
  /**
   * the API that the new token is for
   */
  to: string
  /**
   * what it may have there, as far as the user holds it
   *
   * @minItems 1
   * @maxItems 50
   */
  scopes: string[]
}

export interface ClientChange {
  name?: string
  jwks?: {
    /**
     * @maxItems 20
     */
    keys: {
      [k: string]: unknown
    }[]
  } | null
  jwks_uri?: string | null
  /**
   * @maxItems 50
   */
  grant_types?: ClientGrantType[]
  /**
   * @maxItems 50
   */
  scopes?: string[]
  /**
   * @maxItems 50
   */
  audiences?: string[]
  /**
   * @maxItems 50
   */
  resources?: string[]
  /**
   * @maxItems 50
   */
  may_act_for?: string[]
  may_carry_roles?: boolean
  may_unbind_tokens?: boolean
  /**
   * @maxItems 50
   */
  exchange_rules?: ExchangeRule[]
  access_token_ttl_seconds?: number | null
  application_type?: 'web' | 'native'
  /**
   * @maxItems 50
   */
  redirect_uris?: string[]
  /**
   * @maxItems 50
   */
  post_logout_redirect_uris?: string[]
  backchannel_logout_uri?: string | null
  logo_uri?: string | null
  policy_uri?: string | null
  tos_uri?: string | null
  require_pkce?: boolean
  first_party?: boolean
  id_token_ttl_seconds?: number | null
  disabled?: boolean
}

export interface RevocableIdentifiers {
  jti: string
  kid: string
  sid?: string
  /**
   * the `sid` of each who acts for the token's subject
   *
   * @maxItems 4
   */
  actors?: string[]
}

export interface RegistrationState {
  registration: 'open' | 'closed'
  /**
   * whether a forgotten password can be reset, and an address verified, by mail
   */
  mail: boolean
  /**
   * whether users can sign in with a link or a code that is mailed to them
   */
  mail_sign_in: boolean
  /**
   * whether users can sign in with passkeys
   */
  passkeys: boolean
}

export interface RegisteredUser {
  id: string
  username: string
  roles: string[]
}

export interface Error {
  error: string
  error_description: string
  issues?: {
    path: string
    message: string
  }[]
}

export interface SignInResponse {
  access_token: string
  token_type: 'Bearer' | 'DPoP'
  /**
   * lifetime of the access token in seconds
   */
  expires_in: number
  scope?: string
  refresh_token: string
  id_token?: string
  /**
   * only when `trust_device` was asked for; opaque; valid for 30 days
   */
  trusted_device?: string
  /**
   * opaque; to be kept for 90 days, also past the session, and sent with the next sign-in
   */
  device_token: string
}

export interface FactorRequired {
  error: 'factor_required'
  error_description: string
  /**
   * a secret of this client; to be sent with the next step
   */
  flow: string
  /**
   * seconds until the sign-in has to begin again
   */
  expires_in: number
  /**
   * any of them completes the sign-in, at `POST /auth/login/factor`
   */
  factors: ('totp' | 'passkey' | 'recovery_code')[]
  /**
   * set when the user has no second factor and has to set one up, at `POST /auth/login/enrolment`; `mail_code`: with a code that `POST /auth/login/enrolment/mail` sends
   */
  enrolment: ('open' | 'mail_code') | null
}

export interface EnrolmentMailSent {
  /**
   * seconds until the code is no longer valid
   */
  expires_in: number
}

export interface TotpSetUp {
  /**
   * in base32, for typing
   */
  secret: string
  /**
   * `otpauth://totp/…`, for a QR code
   */
  uri: string
}

export interface EnrolledSignIn {
  access_token: string
  token_type: 'Bearer' | 'DPoP'
  /**
   * lifetime of the access token in seconds
   */
  expires_in: number
  scope?: string
  refresh_token: string
  id_token?: string
  /**
   * only when `trust_device` was asked for; opaque; valid for 30 days
   */
  trusted_device?: string
  /**
   * opaque; to be kept for 90 days, also past the session, and sent with the next sign-in
   */
  device_token: string
  /**
   * each is valid once, in place of a second factor; shown only now
   */
  recovery_codes: string[]
}

export interface MailRequested {
  /**
   * to be sent with the code of the mail, which is valid with it alone
   */
  flow: string
  /**
   * seconds until link and code are no longer valid
   */
  expires_in: number
}

export interface PasskeyRequestOptions {
  /**
   * `PublicKeyCredentialRequestOptionsJSON` of WebAuthn
   */
  options: {
    [k: string]: unknown
  }
}

export interface Passkeys {
  passkeys: Passkey[]
  rp_id: string
  /**
   * the user's id, as authenticators keep it
   */
  user_handle: string
}

export interface Passkey {
  id: string
  name: string
  credential_id: string
  /**
   * whether it is on more than one device, as the authenticator says
   */
  synced: boolean
  created_at: string
  last_used_at: string | null
}

export interface PasskeyCreationOptions {
  /**
   * `PublicKeyCredentialCreationOptionsJSON` of WebAuthn
   */
  options: {
    [k: string]: unknown
  }
}

export interface TokenResponse {
  access_token: string
  token_type: 'Bearer' | 'DPoP'
  /**
   * lifetime of the access token in seconds
   */
  expires_in: number
  scope?: string
  refresh_token: string
  id_token?: string
}

export interface OwnSessionPage {
  sessions: OwnSession[]
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null
}

export interface OwnSession {
  id: string
  client_id: string
  created_at: string
  last_used_at: string
  expires_at: string
  address: string
  user_agent: string
  current: boolean
}

export interface OwnProfile {
  id: string
  username: string
  roles: string[]
  display_name: string | null
  email: string | null
  email_verified: boolean
  /**
   * of mail and pages; null means that of each request
   */
  language: string | null
  created_at: string
  session_id: string
}

export interface AccountData {
  profile: {
    id: string
    username: string
    roles: string[]
    display_name: string | null
    email: string | null
    email_verified: boolean
    /**
     * of mail and pages; null means that of each request
     */
    language: string | null
    created_at: string
  }
  /**
   * those that are live, the newest first
   */
  sessions: Session[]
  /**
   * without their keys, which are of no use to anybody
   */
  passkeys: Passkey[]
  /**
   * at other services
   */
  identities: LinkedIdentity[]
  /**
   * that the user has let in
   */
  apps: App[]
  totp: {
    created_at: string
    last_used_at: string | null
  } | null
  trusted_devices: {
    id: string
    created_at: string
    last_used_at: string
    expires_at: string
    address: string
    user_agent: string
  }[]
  /**
   * what the audit log has about the user, the newest first
   */
  events: OwnEvent[]
  /**
   * `cursor` of the response with older events; null if there are none
   */
  next_cursor: string | null
}

export interface Session {
  id: string
  client_id: string
  created_at: string
  last_used_at: string
  expires_at: string
  address: string
  user_agent: string
}

export interface LinkedIdentity {
  id: string
  provider: {
    id: string
    name: string
    kind: 'oidc' | 'google' | 'microsoft' | 'apple' | 'github'
  }
  /**
   * as the provider said it last
   */
  address: string | null
  created_at: string
  last_used_at: string | null
}

export interface App {
  client_id: string
  name: string
  logo_uri: string | null
  scopes: GrantedScope[]
  granted_at: string
  last_used_at: string | null
  /**
   * how many of its sessions with the user are live
   */
  sessions: number
}

export interface GrantedScope {
  /**
   * empty for an API that has no scopes
   */
  scope: string
  api: string | null
  api_name: string | null
  description: string
}

export interface OwnEvent {
  at: string
  type:
    | 'session.started'
    | 'session.ended'
    | 'sign_in.failed'
    | 'refresh_token.recovered'
    | 'refresh_token.replayed'
    | 'access_token.revoked'
    | 'consent.granted'
    | 'consent.withdrawn'
    | 'authorization_code.replayed'
    | 'backchannel_logout.given_up'
    | 'user.registered'
    | 'user.imported'
    | 'users.exported'
    | 'user.disabled'
    | 'user.enabled'
    | 'user.deletion_requested'
    | 'user.deletion_cancelled'
    | 'user.deleted'
    | 'user.roles_changed'
    | 'username.changed'
    | 'display_name.changed'
    | 'password.changed'
    | 'password_change.failed'
    | 'reauthentication.failed'
    | 'password_reset.requested'
    | 'mail_sign_in.requested'
    | 'password.reset'
    | 'email.verified'
    | 'email.changed'
    | 'email.change_undone'
    | 'passkey.added'
    | 'passkey.removed'
    | 'passkey.counter_fell'
    | 'identity.linked'
    | 'identity.unlinked'
    | 'password.set'
    | 'totp.added'
    | 'totp.removed'
    | 'recovery_codes.renewed'
    | 'recovery_code.used'
    | 'second_factor.failed'
    | 'second_factors.reset'
    | 'trusted_device.added'
    | 'trusted_device.removed'
    | 'client.created'
    | 'client.changed'
    | 'client.disabled'
    | 'client.enabled'
    | 'client.secret_added'
    | 'client.secret_dropped'
    | 'client.tokens_ended'
    | 'api.created'
    | 'api.changed'
    | 'api.deleted'
    | 'role.created'
    | 'role.changed'
    | 'role.deleted'
    | 'provider.created'
    | 'provider.changed'
    | 'provider.deleted'
    | 'client_authentication.failed'
    | 'invitation.created'
    | 'invitation.sent'
    | 'invitation.withdrawn'
    | 'invitation.accepted'
    | 'mail.retried'
    | 'signing_key.published'
    | 'signing_key.rotated'
    | 'signing_key.resealed'
    | 'signing_key.revoked'
    | 'signing_key.removed'
  /**
   * whether an admin did it
   */
  by_somebody_else: boolean
  session_id: string | null
  client_id: string | null
  address: string | null
  user_agent: string | null
  detail: {
    [k: string]: unknown
  } | null
}

export interface AccountDeletion {
  /**
   * when the account is deleted; a sign-in before that keeps it
   */
  deletion_at: string
}

export interface ChangedUsername {
  username: string
}

export interface SecondFactors {
  totp: {
    created_at: string
    last_used_at: string | null
  } | null
  recovery_codes_left: number
  /**
   * also when it is a passkey: recovery codes can be made then
   */
  has_second_factor: boolean
  /**
   * whether the last second factor cannot be removed
   */
  is_required: boolean
  /**
   * on which it is not asked for at sign-in
   */
  trusted_devices: {
    id: string
    created_at: string
    last_used_at: string
    expires_at: string
    address: string
    user_agent: string
  }[]
}

export interface RecoveryCodes {
  /**
   * each is valid once, in place of a second factor; shown only now
   */
  recovery_codes: string[]
}

export interface ShownInvitation {
  email: string
  /**
   * a suggestion
   */
  username: string | null
  expires_at: string
}

export interface OfferedProviders {
  providers: {
    id: string
    name: string
    kind: 'oidc' | 'google' | 'microsoft' | 'apple' | 'github'
  }[]
}

export interface StartedAtProvider {
  /**
   * where the browser goes
   */
  authorization_url: string
  /**
   * a secret that only this browser may keep, for the next step
   */
  transaction: string
  /**
   * seconds until the transaction is no longer valid
   */
  expires_in: number
}

export interface IdentityList {
  identities: LinkedIdentity[]
}

export interface AuthorizationRequest {
  client: RequestingClient
  /**
   * the host that the user is sent back to, or the scheme of a native app
   */
  redirect_host: string
  login_hint: string | null
  ui_locales: string[]
  prompt: string[]
  /**
   * where the browser goes next, as it is
   */
  complete_url: string
  /**
   * in seconds
   */
  expires_in: number
}

export interface RequestingClient {
  client_id: string
  name: string
  logo_uri: string | null
  policy_uri: string | null
  tos_uri: string | null
}

export interface ClaimedAuthorizationRequest {
  next: 'complete' | 'consent' | 'choose_account'
  client: RequestingClient
  /**
   * the host that the user is sent back to, or the scheme of a native app
   */
  redirect_host: string
  username: string
  scopes: GrantedScope[]
  /**
   * where the browser goes next, as it is
   */
  complete_url: string
}

export interface Decided {
  /**
   * where the browser goes next, as it is
   */
  complete_url: string
}

export interface LogoutRequest {
  client: RequestingClient | null
  /**
   * the session of the browser in which the app got the ID token that it sent; in it nobody is asked
   */
  session_id: string | null
  /**
   * the user of that ID token, who need not be asked where the session is not known any more
   */
  user_id: string | null
  /**
   * the host that the user is sent to afterwards
   */
  return_host: string | null
  /**
   * whether the app has named an address that it has not registered
   */
  is_return_refused: boolean
  ui_locales: string[]
  /**
   * where the browser goes next, as it is
   */
  complete_url: string
}

export interface AppPage {
  apps: App[]
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null
}

export interface UserPage {
  users: User[]
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null
}

export interface User {
  id: string
  username: string
  roles: string[]
  display_name: string | null
  email: string | null
  created_at: string
  disabled_at: string | null
  /**
   * when the user is deleted, who has asked for it; a sign-in before that keeps the account
   */
  deletion_at: string | null
}

export interface ImportedLine {
  line: number
  external_id: string | null
  outcome: 'created' | 'unchanged' | 'username_taken' | 'address_taken' | 'duplicate' | 'refused'
  /**
   * why it was refused
   */
  reason?: string
}

export interface ExportedUser {
  external_id: string
  username: string
  display_name?: string
  email?: string
  email_verified?: boolean
  password_hash?: string
  /**
   * @maxItems 16
   */
  roles?: string[]
  created_at?: string
  disabled?: boolean
}

export interface UserCredentials {
  /**
   * whether the user has one
   */
  password: boolean
  passkeys: {
    id: string
    name: string
    /**
     * whether it is on more than one device, as the authenticator says
     */
    synced: boolean
    created_at: string
    last_used_at: string | null
  }[]
  /**
   * at other services, by which the user signs in
   */
  identities: LinkedIdentity[]
  /**
   * the authenticator app
   */
  totp: {
    created_at: string
    last_used_at: string | null
  } | null
  recovery_codes_left: number
  /**
   * whether the user signs in with a passkey, and with nothing else
   */
  only_passkeys: boolean
}

export interface SecondFactorsReset {
  /**
   * how many second factors there were
   */
  removed: number
  ended_sessions: number
}

export interface SessionPage {
  sessions: Session[]
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null
}

export interface InvitationPage {
  invitations: Invitation[]
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null
}

export interface Invitation {
  id: string
  email: string
  /**
   * a suggestion
   */
  username: string | null
  roles: string[]
  language: string | null
  /**
   * null for the operator at the command line
   */
  invited_by: {
    id: string
    /**
     * null when there is no such user
     */
    username: string | null
  } | null
  created_at: string
  expires_at: string
}

export interface ApiPage {
  apis: Api[]
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null
}

export interface Api {
  id: string
  identifier: string
  name: string
  carries_roles: boolean
  scopes: {
    name: string
    description: string
  }[]
  created_at: string
}

export interface ChangedApi {
  id: string
  identifier: string
  name: string
  carries_roles: boolean
  scopes: {
    name: string
    description: string
  }[]
  created_at: string
  sessions_ended: number
  /**
   * more sessions are ending; until then their access tokens are accepted
   */
  sessions_remain: boolean
}

export interface RolePage {
  roles: Role[]
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null
}

export interface Role {
  name: string
  description: string
  scopes: {
    api: string
    scope: string
  }[]
  created_at: string
}

export interface ChangedRole {
  name: string
  description: string
  scopes: {
    api: string
    scope: string
  }[]
  created_at: string
  sessions_ended: number
  /**
   * more sessions are ending; until then their access tokens are accepted
   */
  sessions_remain: boolean
}

export interface ProviderList {
  providers: Provider[]
}

export interface Provider {
  id: string
  kind: 'oidc' | 'google' | 'microsoft' | 'apple' | 'github'
  name: string
  issuer: string
  client_id: string
  has_secret: boolean
  scopes: string[]
  authoritative_domains: string[]
  trusts_amr: boolean
  enabled: boolean
  /**
   * to be registered there; null where PAGES_URL is not set
   */
  redirect_uri: string | null
  /**
   * how many of its users sign in here
   */
  identities: number
  created_at: string
}

export interface KeyList {
  keys: SigningKey[]
  /**
   * when the next key may sign
   */
  rotation_possible_at: string | null
  /**
   * when it will, by the schedule
   */
  next_rotation_at: string | null
}

export interface SigningKey {
  kid: string
  state: 'next' | 'signing' | 'retired' | 'revoked'
  algorithm: 'RS256'
  bits: number
  created_at: string
  signs_from: string | null
  retired_at: string | null
  revoked_at: string | null
  /**
   * @deprecated
   * the name of `revoked_at` in 0.1
   */
  pulled_at: string | null
}

export interface ClientPage {
  clients: Client[]
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null
}

export interface Client {
  client_id: string
  name: string
  token_endpoint_auth_method: 'private_key_jwt' | 'client_secret_basic' | 'client_secret_post' | 'none'
  jwks: {
    keys: {
      [k: string]: unknown
    }[]
  } | null
  jwks_uri: string | null
  grant_types: string[]
  scopes: string[]
  audiences: string[]
  resources: string[]
  may_act_for: string[]
  may_carry_roles: boolean
  may_unbind_tokens: boolean
  exchange_rules: {
    from: string
    scope?: string
    to: string
    scopes: string[]
  }[]
  access_token_ttl_seconds: number | null
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
  /**
   * names of its secrets, the newest one first
   */
  secret_ids: string[]
  created_at: string
  disabled_at: string | null
  /**
   * when it got its first token at `POST /oauth/token`
   */
  first_token_at: string | null
}

export interface ClientWithSecret {
  client_id: string
  name: string
  token_endpoint_auth_method: 'private_key_jwt' | 'client_secret_basic' | 'client_secret_post' | 'none'
  jwks: {
    keys: {
      [k: string]: unknown
    }[]
  } | null
  jwks_uri: string | null
  grant_types: string[]
  scopes: string[]
  audiences: string[]
  resources: string[]
  may_act_for: string[]
  may_carry_roles: boolean
  may_unbind_tokens: boolean
  exchange_rules: {
    from: string
    scope?: string
    to: string
    scopes: string[]
  }[]
  access_token_ttl_seconds: number | null
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
  /**
   * names of its secrets, the newest one first
   */
  secret_ids: string[]
  created_at: string
  disabled_at: string | null
  /**
   * when it got its first token at `POST /oauth/token`
   */
  first_token_at: string | null
  /**
   * shown once; it is kept nowhere
   */
  client_secret?: string
}

export interface ChangedClient {
  client_id: string
  name: string
  token_endpoint_auth_method: 'private_key_jwt' | 'client_secret_basic' | 'client_secret_post' | 'none'
  jwks: {
    keys: {
      [k: string]: unknown
    }[]
  } | null
  jwks_uri: string | null
  grant_types: string[]
  scopes: string[]
  audiences: string[]
  resources: string[]
  may_act_for: string[]
  may_carry_roles: boolean
  may_unbind_tokens: boolean
  exchange_rules: {
    from: string
    scope?: string
    to: string
    scopes: string[]
  }[]
  access_token_ttl_seconds: number | null
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
  /**
   * names of its secrets, the newest one first
   */
  secret_ids: string[]
  created_at: string
  disabled_at: string | null
  /**
   * when it got its first token at `POST /oauth/token`
   */
  first_token_at: string | null
  sessions_ended: number
  /**
   * more sessions are ending; until then their access tokens are accepted
   */
  sessions_remain: boolean
}

export interface DeadMailPage {
  mails: DeadMail[]
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null
}

export interface DeadMail {
  id: string
  recipient: string
  template:
    | 'account_deleted'
    | 'account_kept'
    | 'deletion_requested'
    | 'email_change'
    | 'email_changed'
    | 'email_changed_again'
    | 'email_verification'
    | 'factor_enrolment'
    | 'identity_linked'
    | 'identity_unlinked'
    | 'identity_unlinked_by_admin'
    | 'invitation'
    | 'mail_sign_in'
    | 'passkey_added'
    | 'passkey_removed'
    | 'password_changed'
    | 'password_reset'
    | 'recovery_code_used'
    | 'recovery_codes_renewed'
    | 'second_factor_added'
    | 'second_factor_removed'
    | 'second_factors_reset'
    | 'username_changed'
  created_at: string
  dead_at: string
  attempts: number
  /**
   * why, such as EENVELOPE 550, or expired
   */
  reason: string
  /**
   * false if it had a link or code, which was erased
   */
  can_be_retried: boolean
}

export interface RetriedMail {
  id: string
}

export interface Installation {
  /**
   * this issuer's identifier, as tokens name it
   */
  issuer: string
  /**
   * the API of sign-ins that name none
   */
  first_api: string
}

export interface Statistics {
  at: string
  users: {
    total: number
    disabled: number
  }
  sessions: {
    live: number
  }
  last_day: {
    sign_ins: number
    failed_sign_ins: number
    revocations: number
  }
  keys: {
    kid: string
    state: 'next' | 'signing' | 'retired' | 'revoked'
    created_at: string
    signs_from: string | null
  }[]
}

export interface Activity {
  window: 'hour' | 'day'
  /**
   * when the first step began
   */
  since: string
  /**
   * when the last step, which is under way, will end
   */
  until: string
  step_seconds: number
  /**
   * a count for each step, the oldest first; replicas save theirs every few seconds. A sign-in failed when its pair was wrong or there were too many that were
   */
  series: {
    sign_ins: {
      succeeded: number[]
      failed: number[]
    }
    refreshes: {
      rotated: number[]
      retried: number[]
      recovered: number[]
      replayed: number[]
      refused: number[]
    }
    revocations: {
      sessions: number[]
      tokens: number[]
      keys: number[]
      clients: number[]
    }
  }
}

export interface AuditPage {
  events: AuditEvent[]
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null
}

export interface AuditEvent {
  id: string
  at: string
  type:
    | 'session.started'
    | 'session.ended'
    | 'sign_in.failed'
    | 'refresh_token.recovered'
    | 'refresh_token.replayed'
    | 'access_token.revoked'
    | 'consent.granted'
    | 'consent.withdrawn'
    | 'authorization_code.replayed'
    | 'backchannel_logout.given_up'
    | 'user.registered'
    | 'user.imported'
    | 'users.exported'
    | 'user.disabled'
    | 'user.enabled'
    | 'user.deletion_requested'
    | 'user.deletion_cancelled'
    | 'user.deleted'
    | 'user.roles_changed'
    | 'username.changed'
    | 'display_name.changed'
    | 'password.changed'
    | 'password_change.failed'
    | 'reauthentication.failed'
    | 'password_reset.requested'
    | 'mail_sign_in.requested'
    | 'password.reset'
    | 'email.verified'
    | 'email.changed'
    | 'email.change_undone'
    | 'passkey.added'
    | 'passkey.removed'
    | 'passkey.counter_fell'
    | 'identity.linked'
    | 'identity.unlinked'
    | 'password.set'
    | 'totp.added'
    | 'totp.removed'
    | 'recovery_codes.renewed'
    | 'recovery_code.used'
    | 'second_factor.failed'
    | 'second_factors.reset'
    | 'trusted_device.added'
    | 'trusted_device.removed'
    | 'client.created'
    | 'client.changed'
    | 'client.disabled'
    | 'client.enabled'
    | 'client.secret_added'
    | 'client.secret_dropped'
    | 'client.tokens_ended'
    | 'api.created'
    | 'api.changed'
    | 'api.deleted'
    | 'role.created'
    | 'role.changed'
    | 'role.deleted'
    | 'provider.created'
    | 'provider.changed'
    | 'provider.deleted'
    | 'client_authentication.failed'
    | 'invitation.created'
    | 'invitation.sent'
    | 'invitation.withdrawn'
    | 'invitation.accepted'
    | 'mail.retried'
    | 'signing_key.published'
    | 'signing_key.rotated'
    | 'signing_key.resealed'
    | 'signing_key.revoked'
    | 'signing_key.removed'
  /**
   * the user it is about
   */
  user: AuditSubject | null
  /**
   * who did it, when that is somebody else
   */
  actor: AuditSubject | null
  session_id: string | null
  client_id: string | null
  address: string | null
  user_agent: string | null
  detail: {
    [k: string]: unknown
  } | null
}

export interface AuditSubject {
  id: string
  /**
   * null when there is no such user
   */
  username: string | null
}

export interface PushedAuthorizationRequest {
  request_uri: string
  /**
   * in seconds
   */
  expires_in: number
}

export interface AccessTokenResponse {
  access_token: string
  token_type: 'Bearer' | 'DPoP'
  /**
   * lifetime of the access token in seconds
   */
  expires_in: number
  scope?: string
  refresh_token?: string
  id_token?: string
  issued_token_type?: string
}

export interface Introspection {
  active: boolean
  [k: string]: unknown
}

export interface Userinfo {
  sub: string
  name?: string
  preferred_username?: string
  email?: string
  email_verified?: boolean
}

export interface KeySet {
  keys: {
    kty: 'RSA'
    use: 'sig'
    alg: 'RS256'
    kid: string
    n: string
    e: string
  }[]
}

export interface RevocationResponse {
  revoked: boolean
}

export interface Identity {
  sub: string
  client_id: string
  username?: string
  scope?: string
  roles?: string[]
}

export interface IssuerMetadata {
  issuer: string
  token_endpoint: string
  revocation_endpoint: string
  introspection_endpoint: string
  revocation_feed_endpoint: string
  revocation_check_endpoint: string
  jwks_uri: string
  grant_types_supported: string[]
  authorization_endpoint?: string
  pushed_authorization_request_endpoint?: string
  userinfo_endpoint?: string
  end_session_endpoint?: string
  backchannel_logout_supported?: boolean
  backchannel_logout_session_supported?: boolean
  response_types_supported: string[]
  response_modes_supported?: string[]
  scopes_supported?: string[]
  code_challenge_methods_supported?: string[]
  prompt_values_supported?: string[]
  acr_values_supported?: string[]
  claims_supported?: string[]
  authorization_response_iss_parameter_supported?: boolean
  claims_parameter_supported?: boolean
  request_parameter_supported?: boolean
  request_uri_parameter_supported?: boolean
  token_endpoint_auth_methods_supported: string[]
  token_endpoint_auth_signing_alg_values_supported: string[]
  revocation_endpoint_auth_methods_supported: string[]
  revocation_endpoint_auth_signing_alg_values_supported: string[]
  introspection_endpoint_auth_methods_supported: string[]
  introspection_endpoint_auth_signing_alg_values_supported: string[]
  dpop_signing_alg_values_supported: string[]
  subject_types_supported: string[]
  id_token_signing_alg_values_supported: string[]
}
