import type { AuditEvent } from '../../api/types.ts'
import { Facts } from '../../components/facts.tsx'
import { say } from '../../texts/say.ts'
import classes from './event-detail.module.css'

/** The other members of an event, folded. */
export function EventDetail({ event }: { event: AuditEvent }) {
  const facts = [
    ...(event.session_id ? [[say('admin.audit.session'), event.session_id] as const] : []),
    ...(event.client_id ? [[say('admin.audit.client'), event.client_id] as const] : []),
    ...Object.entries(event.detail ?? {}).map(([name, value]) => [nameOf(name), textOf(value)] as const)
  ]
  if (facts.length === 0) return '–'
  return (
    <details className={classes.details}>
      <summary>{say('admin.audit.show')}</summary>
      <Facts items={facts} />
    </details>
  )
}

function nameOf(member: string): string {
  const words = member.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ') || say('admin.common.nothing')
  return typeof value === 'object' && value !== null
    ? JSON.stringify(value)
    : String(value ?? say('admin.common.nothing'))
}
