import { type AuditEventType, auditEventTypes } from '@countersign/oauth/audit-events'
import { say } from '../../texts/say.ts'

/** The event in words; an unknown type is shown as it is. */
export function sentenceOf(type: string): string {
  return isEventType(type) ? say(`admin.events.${type}`) : type
}

function isEventType(type: string): type is AuditEventType {
  return (auditEventTypes as readonly string[]).includes(type)
}

export const eventTypeOptions = () => [
  { value: '', label: say('admin.audit.all') },
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
