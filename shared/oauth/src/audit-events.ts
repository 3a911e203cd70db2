/** What audit events can tell of. Each is named noun.past_participle. */
export const auditEventTypes = [
  /** A user signed in. */
  'session.started',
  /** A session was ended before it expired; the detail has the reason. */
  'session.ended',
  /** A sign-in was refused: the password was wrong, or the user is unknown or disabled. */
  'sign_in.failed',
  /** A refresh token was used again because its response was lost; the current one, which nobody had used, is invalid from then on. */
  'refresh_token.recovered',
  /** A refresh token that was used before came again; its session was ended. */
  'refresh_token.replayed',
  /** A client revoked one access token. */
  'access_token.revoked',
  /** A user allowed a client to know who they are, or to use an API for them; the detail has the scopes. */
  'consent.granted',
  /** A user took back what a client was allowed; its sessions with the user ended. */
  'consent.withdrawn',
  /** A code was exchanged again with the same proof: it was stolen, or its client sent it twice. Its session was ended. */
  'authorization_code.replayed',
  /** A client could not be notified that its session has ended; the detail has the reason. */
  'backchannel_logout.given_up',
  /** A user was created. */
  'user.registered',
  /** A user came from another system. */
  'user.imported',
  /** All users were read for a file; the detail says whether with the hashes of their passwords. */
  'users.exported',
  /** A user was disabled; all sessions of the user ended. */
  'user.disabled',
  /** A disabled user was enabled again. */
  'user.enabled',
  /** A user asked to be deleted; the detail says when it happens. All sessions of the user ended. */
  'user.deletion_requested',
  /** The deletion that a user had asked for was given up, since the user signed in. */
  'user.deletion_cancelled',
  /** A user was deleted, with all that was kept of the user except the ids in events. */
  'user.deleted',
  /** A user was given other roles; the detail has those before and after. */
  'user.roles_changed',
  /** A user changed the username. */
  'username.changed',
  /** A user, or an admin, changed or removed the display name of the user. */
  'display_name.changed',
  /** A user changed the password; the other sessions of the user ended. */
  'password.changed',
  /** A change of password was refused: the current password was wrong. */
  'password_change.failed',
  /** A change of the account was refused: the current password was wrong. */
  'reauthentication.failed',
  /** A mail that lets a user set a new password was written, since somebody asked for it. */
  'password_reset.requested',
  /** A mail that lets a user sign in was written, since somebody asked for it. */
  'mail_sign_in.requested',
  /** A user set a new password with what a mail had brought; all sessions of the user ended. */
  'password.reset',
  /** A user has shown that they read the mail of their address. */
  'email.verified',
  /** A user has shown that they read the mail of another address, which is that of the account now. */
  'email.changed',
  /** The address of before was restored with what a mail to it had brought, and the password set; all sessions of the user ended. */
  'email.change_undone',
  /** A user added a passkey; the detail has its id. */
  'passkey.added',
  /** A user removed a passkey; the detail has its id. */
  'passkey.removed',
  /** The counter of a passkey was lower than at its last use: it may have been copied. Passkeys that are synced do this, too. */
  'passkey.counter_fell',
  /** An identity at a provider was linked to a user; the detail names the provider. */
  'identity.linked',
  /** An identity was unlinked, by its user or an admin; the detail names the provider. */
  'identity.unlinked',
  /** The operator set the password of a user; all sessions of the user ended. */
  'password.set',
  /** A user set up an authenticator app as a second factor. */
  'totp.added',
  /** A user removed the authenticator app. */
  'totp.removed',
  /** A user made new recovery codes. */
  'recovery_codes.renewed',
  /** A recovery code stood in for a second factor. */
  'recovery_code.used',
  /** A sign-in was refused: its second factor was wrong or used before. */
  'second_factor.failed',
  /** An admin or the operator removed all second factors of a user; all sessions of the user ended. */
  'second_factors.reset',
  /** A user asked for the second factor not to be asked for on a device. */
  'trusted_device.added',
  /** A user no longer trusts a device. */
  'trusted_device.removed',
  /** A client was registered. */
  'client.created',
  /** A client was changed; the detail names what. */
  'client.changed',
  /** A client was disabled. */
  'client.disabled',
  /** A disabled client was enabled again. */
  'client.enabled',
  /** A client was given a new secret. */
  'client.secret_added',
  /** The older secret of a client was dropped, or gave way to a third one. */
  'client.secret_dropped',
  /** Every token that was issued to a client ended. */
  'client.tokens_ended',
  /** An API was registered. */
  'api.created',
  /** An API was changed; the detail names what. */
  'api.changed',
  /** An API was deleted, and its scopes were taken from every role. */
  'api.deleted',
  /** A role was made. */
  'role.created',
  /** A role was changed; the detail has the scopes that it gained and lost. */
  'role.changed',
  /** A role that no user had was deleted. */
  'role.deleted',
  /** An identity provider was registered. */
  'provider.created',
  /** An identity provider was changed; the detail names what. */
  'provider.changed',
  /** An identity provider was deleted; the detail has how many identities went with it. */
  'provider.deleted',
  /** Attempts to authenticate as a client were refused; the detail has their count. */
  'client_authentication.failed',
  /** Somebody was invited by mail to make an account; the detail has the roles. */
  'invitation.created',
  /** The mail of an invitation was sent again, with another link. */
  'invitation.sent',
  /** An invitation was withdrawn. */
  'invitation.withdrawn',
  /** A user made an account by an invitation; the detail has the roles that were given. */
  'invitation.accepted',
  /** A mail that was given up is sent again; the detail names it. */
  'mail.retried',
  /** A signing key was made and published. */
  'signing_key.published',
  /** The next signing key began to sign in place of the one before, by schedule, by hand, or because that one was revoked. */
  'signing_key.rotated',
  /** A signing key was encrypted under the current master key, in place of an older one. */
  'signing_key.resealed',
  /** A signing key was revoked in an emergency; every token that it signed is refused. */
  'signing_key.revoked',
  /** A signing key was removed: the last token that it signed is dead. */
  'signing_key.removed'
] as const
export type AuditEventType = (typeof auditEventTypes)[number]
