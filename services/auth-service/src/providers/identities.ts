import type { ClientInfo } from '../client-info.ts'
import type { Language } from '../mail/mail.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'
import type { Arrival, Provider } from './provider.ts'

/** Who a user is at a provider. */
export interface Identity {
  readonly id: string
  readonly provider: Pick<Provider, 'id' | 'name' | 'kind'>
  /** The latest one that the provider sent. */
  readonly address: string | null
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
}

interface Cause {
  readonly language: Language | undefined
  readonly origin: ClientInfo
}

export interface SignInByIdentity extends Cause {
  readonly provider: Provider
  readonly arrival: Arrival
  readonly registration: 'open' | 'closed'
  /** For a user who is created. */
  readonly unusableHash: string
  /** Called before one is; when it throws, none is. */
  beforeCreation(): Promise<void>
}

export interface LinkRequest extends Cause {
  readonly provider: Provider
  readonly arrival: Arrival
  readonly userId: string
  /** The session that asked: it has to live. */
  readonly sessionId: string
  /** Its state at that time. */
  readonly credentialsState: string
}

/** The identities of users at providers. */
export interface Identities {
  /**
   * The user of an identity, in one transaction; at the first sign-in by linking-rules.ts. The user gets a mail about what changes.
   */
  resolve(signIn: SignInByIdentity): Promise<
    | {
        /** `disabled`: the user is. */
        readonly outcome: 'known' | 'linked' | 'created' | 'disabled'
        readonly userId: string
        /** When this was so: a session that starts with another one would live on after the identity is unlinked. */
        readonly credentialsState: string
      }
    | { readonly outcome: 'account_exists' | 'registration_closed' }
  >
  /** Links an identity to a user, and tells them by mail. */
  link(
    request: LinkRequest
  ): Promise<
    | { readonly outcome: 'linked' | 'linked_before'; readonly identity: Identity }
    | { readonly outcome: 'session_ended' | 'user_changed' | 'linked_to_another' | 'too_many' }
  >
  /** @returns the id of the user whose identity this is */
  ownerOf(arrival: Pick<Arrival, 'issuer' | 'subject'>): Promise<string | undefined>
  listOf(userId: string): Promise<readonly Identity[]>
  /** Unlinks an identity of a user, and tells them by mail. The last way to sign in stays. */
  unlink(request: {
    id: string
    userId: string
    sessionId: string
    language: Language | undefined
    origin: ClientInfo
  }): Promise<'unlinked' | 'unknown' | 'last_way_in' | 'session_ended'>
}

/** What admins do with them. */
export interface IdentityAdministration {
  /** Unlinks an identity of a user, tells them by mail, and ends all sessions of the user. The last way to sign in stays. */
  unlink(request: { id: string; userId: string; actorId: string }): Promise<
    | { readonly outcome: 'unknown' | 'last_way_in' }
    /** The actor is no longer an admin. */
    | { readonly outcome: 'not_an_admin' }
    | ({ readonly outcome: 'unlinked' } & EndedFamilies)
  >
}

/** The most identities of one user. */
export const maxIdentities = 20
