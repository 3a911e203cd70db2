import { Button, Text } from '@mantine/core'
import type { ListedSession } from '../api/types.ts'
import { say } from '../texts/say.ts'
import { DateTime } from './date-time.tsx'
import { deviceOf } from './device.ts'
import classes from './session-list.module.css'
import { StatusBadge } from './status-badge.tsx'

interface SessionListProps {
  sessions: ListedSession[]
  /** The session that is being ended. */
  endingId: string | undefined
  onEnd: (session: ListedSession) => void
}

export function SessionList({ sessions, endingId, onEnd }: SessionListProps) {
  if (sessions.length === 0) return <Text c="dimmed">{say('sessions.empty')}</Text>
  return (
    <ul className={classes.list}>
      {sessions.map((session) => (
        <li key={session.id} className={classes.row}>
          <Description session={session} />
          {!session.current && (
            <Button
              variant="default"
              size="xs"
              aria-label={say('sessions.endOf', { device: deviceOf(session.user_agent), address: session.address })}
              loading={endingId === session.id}
              disabled={endingId !== undefined && endingId !== session.id}
              onClick={() => onEnd(session)}
            >
              {say('sessions.end')}
            </Button>
          )}
        </li>
      ))}
    </ul>
  )
}

function Description({ session }: { session: ListedSession }) {
  return (
    <div className={classes.description}>
      <div className={classes.device}>
        <Text span fw={600} title={session.user_agent}>
          {deviceOf(session.user_agent)}
        </Text>
        {session.current && <StatusBadge tone="good">{say('sessions.current')}</StatusBadge>}
      </div>
      <Text size="sm" c="dimmed">
        {session.address} · {say('sessions.lastUsed')} <DateTime value={session.last_used_at} isRelative /> ·{' '}
        {say('sessions.signedIn')} <DateTime value={session.created_at} />
      </Text>
    </div>
  )
}
