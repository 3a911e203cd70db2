import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Session, User } from '../../api/types.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { deviceOf } from '../../components/device.ts'
import { QueryResult } from '../../components/query-result.tsx'
import { SessionList } from '../../components/session-list.tsx'
import { showError, showSuccess } from '../../components/show-message.ts'
import { Section } from '../../layout/section.tsx'
import { useEndUserSessions, useUserSessions } from './users-api.ts'

export function UserSessions({ user }: { user: User }) {
  const pages = useCursorPages()
  const sessions = useUserSessions(user.id, pages.cursor)
  const end = useEndUserSessions(user.id)
  const endSession = (session: Session) =>
    end.mutate(session.id, {
      onSuccess: () => showSuccess(`The session has ended: ${deviceOf(session.user_agent)}.`),
      onError: (error) => showError('The session has not ended', error)
    })
  const hasSome = (sessions.data?.sessions.length ?? 0) > 0
  return (
    <Section title="Sessions" actions={hasSome && <EndAllButton user={user} />}>
      <QueryResult query={sessions}>
        {({ sessions: list, next_cursor }) => (
          <>
            <SessionList sessions={list} endingId={end.isPending ? end.variables : undefined} onEnd={endSession} />
            <Pager pages={pages} next={next_cursor} isLoading={sessions.isPlaceholderData} of="sessions" />
          </>
        )}
      </QueryResult>
    </Section>
  )
}

function EndAllButton({ user }: { user: User }) {
  const [isOpen, { open, close }] = useDisclosure()
  const end = useEndUserSessions(user.id)
  const confirm = () =>
    end.mutate(undefined, {
      onSuccess: () => {
        close()
        showSuccess(`All sessions of ${user.username} have ended.`)
      }
    })
  return (
    <>
      <Button variant="light" color="red" size="xs" onClick={open}>
        End all sessions
      </Button>
      <ConfirmDialog
        title={`End all sessions of ${user.username}?`}
        confirmLabel="End sessions"
        isOpen={isOpen}
        isPending={end.isPending}
        error={end.error}
        onConfirm={confirm}
        onClose={close}
      >
        <Text size="sm">Their tokens are refused at once. The user can sign in again.</Text>
      </ConfirmDialog>
    </>
  )
}
