import { useCursorPages } from '../components/cursor-pages.tsx'
import { SessionPages } from '../components/session-pages.tsx'
import { ConfirmButton } from '../forms/confirm-button.tsx'
import { Section } from '../layout/section.tsx'
import { say } from '../texts/say.ts'
import { useEndOtherSessions, useEndOwnSession, useOwnSessions } from './account-api.ts'

export function SessionsSection() {
  const pages = useCursorPages()
  const sessions = useOwnSessions(pages.cursor)
  const end = useEndOwnSession()
  const hasOthers = !pages.isFirst || (sessions.data?.sessions.some(({ current }) => !current) ?? false)
  return (
    <Section title={say('sessions.title')} lead={say('sessions.lead')} actions={hasOthers && <EndOthersButton />}>
      <SessionPages pages={pages} sessions={sessions} end={end} />
    </Section>
  )
}

function EndOthersButton() {
  return (
    <ConfirmButton
      label={say('sessions.endOthers')}
      variant="default"
      size="xs"
      title={say('sessions.endOthersTitle')}
      confirmLabel={say('sessions.endOthersSubmit')}
      change={useEndOtherSessions()}
      variablesOf={() => undefined}
      success={say('sessions.othersEnded')}
    >
      {say('sessions.endOthersText')}
    </ConfirmButton>
  )
}
