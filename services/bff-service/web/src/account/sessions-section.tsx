import { useCursorPages } from '../components/cursor-pages.tsx'
import { SessionPages } from '../components/session-pages.tsx'
import { ConfirmButton } from '../forms/confirm-button.tsx'
import { Section } from '../layout/section.tsx'
import { useEndOtherSessions, useEndOwnSession, useOwnSessions } from './account-api.ts'

export function SessionsSection() {
  const pages = useCursorPages()
  const sessions = useOwnSessions(pages.cursor)
  const end = useEndOwnSession()
  const hasOthers = !pages.isFirst || (sessions.data?.sessions.some(({ current }) => !current) ?? false)
  return (
    <Section
      title="Sessions"
      lead="Where you are signed in. End what you do not recognise, and change your password then."
      actions={hasOthers && <EndOthersButton />}
    >
      <SessionPages pages={pages} sessions={sessions} end={end} />
    </Section>
  )
}

function EndOthersButton() {
  return (
    <ConfirmButton
      label="End all other sessions"
      variant="default"
      size="xs"
      title="End all other sessions?"
      confirmLabel="End sessions"
      change={useEndOtherSessions()}
      variablesOf={() => undefined}
      success="All other sessions have ended."
    >
      Every other browser and device has to sign in again. This browser stays signed in.
    </ConfirmButton>
  )
}
