import type { User } from '../../api/types.ts'
import { useCursorPages } from '../../components/cursor-pages.tsx'
import { SessionPages } from '../../components/session-pages.tsx'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { useEndUserSessions, useUserSessions } from './users-api.ts'

export function UserSessions({ user }: { user: User }) {
  const pages = useCursorPages()
  const sessions = useUserSessions(user.id, pages.cursor)
  const end = useEndUserSessions(user.id)
  const hasSome = (sessions.data?.sessions.length ?? 0) > 0
  return (
    <Section title={say('admin.users.sessions')} actions={hasSome && <EndAllButton user={user} />}>
      <SessionPages pages={pages} sessions={sessions} end={end} />
    </Section>
  )
}

function EndAllButton({ user }: { user: User }) {
  return (
    <ConfirmButton
      label={say('admin.users.endAll')}
      variant="light"
      color="red"
      size="xs"
      title={say('admin.users.endAllTitle', { name: user.username })}
      confirmLabel={say('admin.users.endAllSubmit')}
      change={useEndUserSessions(user.id)}
      variablesOf={() => undefined}
      success={say('admin.users.allEnded', { name: user.username })}
    >
      {say('admin.users.endAllText')}
    </ConfirmButton>
  )
}
