import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Session } from '../api/types.ts'
import { ConfirmDialog } from '../components/confirm-dialog.tsx'
import { Pager, useCursorPages } from '../components/cursor-pages.tsx'
import { deviceOf } from '../components/device.ts'
import { QueryResult } from '../components/query-result.tsx'
import { SessionList } from '../components/session-list.tsx'
import { showError, showSuccess } from '../components/show-message.ts'
import { Section } from '../layout/section.tsx'
import { useEndOtherSessions, useEndOwnSession, useOwnSessions } from './account-api.ts'

export function SessionsSection() {
  const pages = useCursorPages()
  const sessions = useOwnSessions(pages.cursor)
  const end = useEndOwnSession()
  const endSession = (session: Session) =>
    end.mutate(session.id, {
      onSuccess: () => showSuccess(`The session has ended: ${deviceOf(session.user_agent)}.`),
      onError: (error) => showError('The session has not ended', error)
    })
  const hasOthers = !pages.isFirst || (sessions.data?.sessions.some(({ current }) => !current) ?? false)
  return (
    <Section
      title="Sessions"
      lead="Where you are signed in. End what you do not recognise, and change your password then."
      actions={hasOthers && <EndOthersButton />}
    >
      <QueryResult query={sessions}>
        {({ sessions: list, next_cursor }) => (
          <>
            <SessionList sessions={list} endingId={end.isPending ? end.variables : undefined} onEnd={endSession} />
            <Pager pages={pages} next={next_cursor} isLoading={sessions.isFetching} of="sessions" />
          </>
        )}
      </QueryResult>
    </Section>
  )
}

function EndOthersButton() {
  const [isOpen, { open, close }] = useDisclosure()
  const end = useEndOtherSessions()
  const confirm = () =>
    end.mutate(undefined, {
      onSuccess: () => {
        close()
        showSuccess('All other sessions have ended.')
      }
    })
  return (
    <>
      <Button variant="default" size="xs" onClick={open}>
        End all other sessions
      </Button>
      <ConfirmDialog
        title="End all other sessions?"
        confirmLabel="End sessions"
        isOpen={isOpen}
        isPending={end.isPending}
        error={end.error}
        onConfirm={confirm}
        onClose={close}
      >
        <Text size="sm">Every other browser and device has to sign in again. This browser stays signed in.</Text>
      </ConfirmDialog>
    </>
  )
}
