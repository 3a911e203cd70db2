import { Anchor, Text } from '@mantine/core'
import { Link } from 'react-router'
import type { AuditEvent, AuditSubject } from '../../api/types.ts'
import type { Column } from '../../components/data-table.tsx'
import { DateTime } from '../../components/date-time.tsx'
import { deviceOf } from '../../components/device.ts'
import { StatusBadge } from '../../components/status-badge.tsx'
import { say } from '../../texts/say.ts'
import { sentenceOf, toneOf } from './audit-sentences.ts'
import { EventDetail } from './event-detail.tsx'

export const auditColumns = (): Column<AuditEvent>[] => [
  { label: say('admin.audit.time'), render: ({ at }) => <DateTime value={at} /> },
  {
    label: say('admin.audit.event'),
    render: ({ type }) => (
      <>
        <StatusBadge tone={toneOf(type)}>{sentenceOf(type)}</StatusBadge>
        <Text size="xs" c="dimmed" mt={2}>
          {type}
        </Text>
      </>
    )
  },
  { label: say('admin.audit.user'), render: ({ user }) => <Subject subject={user} /> },
  { label: say('admin.audit.by'), render: ({ actor }) => <Subject subject={actor} /> },
  { label: say('admin.audit.origin'), render: (event) => <Origin event={event} /> },
  { label: say('admin.audit.details'), render: (event) => <EventDetail event={event} /> }
]

function Subject({ subject }: { subject: AuditSubject | null }) {
  if (!subject) return '–'
  return (
    <Anchor component={Link} to={`/admin/users/${encodeURIComponent(subject.id)}`} size="sm">
      {subject.username ?? subject.id}
    </Anchor>
  )
}

function Origin({ event: { address, user_agent } }: { event: AuditEvent }) {
  if (!address && !user_agent) return '–'
  return (
    <>
      {address}
      {user_agent && (
        <Text size="xs" c="dimmed" title={user_agent}>
          {deviceOf(user_agent)}
        </Text>
      )}
    </>
  )
}
