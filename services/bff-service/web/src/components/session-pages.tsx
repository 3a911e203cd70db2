import type { UseQueryResult } from '@tanstack/react-query'
import type { Session, SessionPage } from '../api/types.ts'
import { say } from '../texts/say.ts'
import { type CursorPages, Pager } from './cursor-pages.tsx'
import { deviceOf } from './device.ts'
import { QueryResult } from './query-result.tsx'
import { SessionList } from './session-list.tsx'
import { showError, showSuccess } from './show-message.ts'

interface SessionPagesProps {
  pages: CursorPages
  sessions: UseQueryResult<SessionPage>
  /** Ends the session of an id. */
  end: {
    mutate: (id: string, options: { onSuccess: () => void; onError: (error: Error) => void }) => void
    isPending: boolean
    variables: string | undefined
  }
}

/** A page of sessions, each with a button that ends it. */
export function SessionPages({ pages, sessions, end }: SessionPagesProps) {
  const endSession = (session: Session) =>
    end.mutate(session.id, {
      onSuccess: () => showSuccess(say('sessions.ended', { device: deviceOf(session.user_agent) })),
      onError: (error) => showError(say('sessions.notEnded'), error)
    })
  return (
    <QueryResult query={sessions}>
      {({ sessions: list, next_cursor }) => (
        <>
          <SessionList sessions={list} endingId={end.isPending ? end.variables : undefined} onEnd={endSession} />
          <Pager pages={pages} next={next_cursor} isLoading={sessions.isPlaceholderData} of={say('sessions.list')} />
        </>
      )}
    </QueryResult>
  )
}
