import type { User } from '../../api/types.ts'
import { useCursorPages } from '../../components/cursor-pages.tsx'
import { SessionPages } from '../../components/session-pages.tsx'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { Section } from '../../layout/section.tsx'
import { useEndUserSessions, useUserSessions } from './users-api.ts'

export function UserSessions({ user }: { user: User }) {
  const pages = useCursorPages()
  const sessions = useUserSessions(user.id, pages.cursor)
  const end = useEndUserSessions(user.id)
  const hasSome = (sessions.data?.sessions.length ?? 0) > 0
  return (
    <Section title="Sessions" actions={hasSome && <EndAllButton user={user} />}>
      <SessionPages pages={pages} sessions={sessions} end={end} />
    </Section>
  )
}

function EndAllButton({ user }: { user: User }) {
  return (
    <ConfirmButton
      label="End all sessions"
      variant="light"
      color="red"
      size="xs"
      title={`End all sessions of ${user.username}?`}
      confirmLabel="End sessions"
      change={useEndUserSessions(user.id)}
      variablesOf={() => undefined}
      success={`All sessions of ${user.username} have ended.`}
    >
      Their tokens are refused at once. The user can sign in again.
    </ConfirmButton>
  )
}
