import type { ClientInfo } from '../client-info.ts'
import type { Bytes } from '../hashes.ts'
import type { Language } from '../mail/mail.ts'
import type { UserProfile } from './user-store.ts'
import type { Username } from './usernames.ts'

/** How long an invitation is valid after its mail. */
export const invitationLifetimeSeconds = 7 * 86_400

/** An account that somebody may make who reads the mail of an address. */
export interface Invitation {
  readonly id: string
  readonly email: string
  /** What the inviter suggests. */
  readonly username: string | null
  readonly roles: readonly string[]
  readonly language: string | null
  /** `null` is the operator at the command line; without a username the inviter was deleted. */
  readonly invitedBy: { readonly id: string; readonly username: string | null } | null
  readonly createdAt: Date
  readonly expiresAt: Date
}

export interface NewInvitation {
  readonly email: string
  readonly username: Username | undefined
  readonly roles: readonly string[]
  /** Language of the mail, and of the user. */
  readonly language: Language | undefined
}

export interface InvitationPlace {
  readonly at: Date
  readonly id: string
}

export type InvitationRefusal = 'not_an_admin' | 'already_invited' | 'address_taken' | 'too_many'

/** What makes an account of an invitation. */
export interface Acceptance {
  readonly linkHash: Bytes
  readonly username: Username
  readonly passwordHash: string
  /** Language of the page, for an invitation without one. */
  readonly language: Language | undefined
  readonly origin: ClientInfo
}

export type AcceptanceOutcome =
  | { readonly outcome: 'accepted'; readonly user: UserProfile }
  | { readonly outcome: 'invalid' | 'username_taken' | 'address_taken' }

/** The invitations that wait. `actorId` is absent for the operator at the command line. */
export interface Invitations {
  /** Mails an invitation. */
  create(
    invitation: NewInvitation,
    actorId: string | undefined
  ): Promise<{ outcome: 'created'; invitation: Invitation } | { outcome: InvitationRefusal }>
  /** The latest first, with those that have expired. */
  list(page: {
    after: InvitationPlace | undefined
    limit: number
  }): Promise<{ readonly invitations: readonly Invitation[]; readonly next: InvitationPlace | undefined }>
  /** Mails another link, which is valid for another seven days; the former one ends. The actor becomes the inviter. */
  sendAgain(
    id: string,
    actorId: string | undefined
  ): Promise<
    { outcome: 'sent'; invitation: Invitation } | { outcome: 'unknown' | 'not_an_admin' | 'address_taken' | 'too_many' }
  >
  withdraw(id: string, actorId: string | undefined): Promise<'withdrawn' | 'unknown' | 'not_an_admin'>
  /** Looks at an invitation that is valid now, and leaves it. */
  find(linkHash: Bytes): Promise<Invitation | undefined>
  /**
   * Makes the account, with a verified address, and ends the invitation. The roles are given if the inviter is an enabled admin at
   * this moment. Of many that try at once, one succeeds.
   */
  accept(acceptance: Acceptance): Promise<AcceptanceOutcome>
}
