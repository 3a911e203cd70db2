import { type AuditEventType, auditEventTypes } from '@countersign/oauth/audit-events'

const sentences: Record<AuditEventType, string> = {
  'session.started': 'Signed in',
  'session.ended': 'Session ended',
  'sign_in.failed': 'Sign-in failed',
  'refresh_token.recovered': 'Lost refresh response recovered',
  'refresh_token.replayed': 'Refresh token replayed',
  'access_token.revoked': 'Access token revoked',
  'consent.granted': 'App allowed',
  'consent.withdrawn': 'App no longer allowed',
  'authorization_code.replayed': 'Code of a sign-in used twice: session ended',
  'backchannel_logout.given_up': 'App not told that its session has ended',
  'user.registered': 'User registered',
  'user.imported': 'User imported',
  'users.exported': 'Users exported',
  'user.disabled': 'User disabled',
  'user.enabled': 'User enabled',
  'user.deletion_requested': 'Deletion asked for',
  'user.deletion_cancelled': 'Deletion given up',
  'user.deleted': 'User deleted',
  'user.roles_changed': 'Roles changed',
  'username.changed': 'Username changed',
  'password.changed': 'Password changed',
  'password_change.failed': 'Password change failed',
  'reauthentication.failed': 'Wrong password when it was asked for once more',
  'password_reset.requested': 'Password reset asked for',
  'mail_sign_in.requested': 'Sign-in by mail asked for',
  'password.reset': 'Password reset by mail',
  'email.verified': 'E-mail address verified',
  'email.changed': 'E-mail address changed',
  'email.change_undone': 'Change of e-mail address undone',
  'identity.linked': 'Identity linked',
  'identity.unlinked': 'Identity unlinked',
  'password.set': 'Password set by the operator',
  'passkey.added': 'Passkey added',
  'passkey.removed': 'Passkey removed',
  'passkey.counter_fell': 'Counter of a passkey fell',
  'totp.added': 'Authenticator app added',
  'totp.removed': 'Authenticator app removed',
  'recovery_codes.renewed': 'Recovery codes renewed',
  'recovery_code.used': 'Recovery code used',
  'second_factor.failed': 'Second factor failed',
  'second_factors.reset': 'Second factors reset',
  'trusted_device.added': 'Device trusted',
  'trusted_device.removed': 'Device no longer trusted',
  'client.created': 'Client registered',
  'client.changed': 'Client changed',
  'client.disabled': 'Client disabled',
  'client.enabled': 'Client enabled',
  'client.secret_added': 'Client secret added',
  'client.secret_dropped': 'Older client secret dropped',
  'client.tokens_ended': 'Tokens of a client ended',
  'api.created': 'API registered',
  'api.changed': 'API changed',
  'api.deleted': 'API deleted',
  'role.created': 'Role made',
  'role.changed': 'Role changed',
  'role.deleted': 'Role deleted',
  'provider.created': 'Sign-in with a service set up',
  'provider.changed': 'Sign-in with a service changed',
  'provider.deleted': 'Sign-in with a service deleted',
  'client_authentication.failed': 'Client authentication failed',
  'invitation.created': 'Invitation mailed',
  'invitation.sent': 'Invitation mailed again',
  'invitation.withdrawn': 'Invitation withdrawn',
  'invitation.accepted': 'Invitation accepted',
  'mail.retried': 'Mail sent again',
  'signing_key.published': 'Signing key published',
  'signing_key.rotated': 'Signing keys rotated',
  'signing_key.resealed': 'Signing key encrypted again',
  'signing_key.revoked': 'Signing key revoked',
  'signing_key.removed': 'Signing key removed'
}

/** The event in words; an unknown type is shown as it is. */
export function sentenceOf(type: string): string {
  return (sentences as Record<string, string>)[type] ?? type
}

export const eventTypeOptions = [
  { value: '', label: 'All events' },
  ...auditEventTypes.map((type) => ({ value: type, label: `${sentenceOf(type)} (${type})` }))
]

const alarming = new Set(['refresh_token.replayed', 'signing_key.revoked'])
const cautious = new Set([
  'sign_in.failed',
  'password_change.failed',
  'reauthentication.failed',
  'client_authentication.failed',
  'user.disabled',
  'email.changed',
  'email.change_undone',
  'identity.linked',
  'user.deletion_requested',
  'user.deleted',
  'provider.created',
  'provider.changed',
  'client.disabled',
  'access_token.revoked'
])

export function toneOf(type: string): 'bad' | 'caution' | 'neutral' {
  if (alarming.has(type)) return 'bad'
  return cautious.has(type) ? 'caution' : 'neutral'
}
