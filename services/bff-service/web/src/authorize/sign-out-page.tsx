import { Alert, Button, Group, Paper, Stack, Text } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import { Link, useLocation } from 'react-router'
import { isMissing } from '../api/api-error.ts'
import type { LogoutRequest, SignedIn } from '../api/types.ts'
import { ClientBadge } from '../components/client-badge.tsx'
import { ErrorAlert } from '../components/error-alert.tsx'
import { Page } from '../layout/page.tsx'
import { useSessionState } from '../session/session.ts'
import { useSignOut } from '../session/sign-in.ts'
import { suggestLanguages } from '../texts/language.ts'
import { say } from '../texts/say.ts'
import { isRequestId, useLogoutRequest } from './authorization-api.ts'
import { ErrorDetails, type Sentences } from './error-details.tsx'
import { leaveFor } from './leave.ts'
import { Quiet } from './quiet.tsx'

const sentences: Sentences = {
  other: 'signOutError.other',
  invalid_request: 'signOutError.request',
  invalid_client: 'signOutError.client',
  request_over: 'signOutError.over',
  temporarily_unavailable: 'signOutError.unavailable',
  too_many_requests: 'signOutError.unavailable'
}

/** Where the issuer sends a browser whose user is to sign out of an app. Without a request it is about this browser alone. */
export function SignOutPage() {
  const { search } = useLocation()
  const query = new URLSearchParams(search)
  const id = query.get('request') ?? ''
  const request = useLogoutRequest(id)
  // A sign-out forgets what the pages know.
  const [asked, setAsked] = useState<LogoutRequest>()
  const { data: state, error: sessionError, refetch } = useSessionState()
  useEffect(() => {
    if (!request.data) return
    setAsked(request.data)
    suggestLanguages(request.data.ui_locales)
  }, [request.data])
  const isKnown = asked !== undefined || !isRequestId(id) || isMissing(request.error)
  const error = (!isKnown && request.error) || (!state && sessionError)
  if (error) {
    const retry = () => Promise.all([request.refetch(), refetch()])
    return (
      <Page title={say('session.notAvailable')} width="narrow">
        <ErrorAlert error={error} onRetry={retry} isRetrying={request.isFetching} />
      </Page>
    )
  }
  if (!state || !isKnown) return <Quiet />
  const fault = query.has('error') && <ErrorDetails search={search} sentences={sentences} />
  if (state.status === 'signed_in') return <SignedInUser asked={asked} session={state.session} fault={fault} />
  return asked?.return_host ? <Returning to={asked.complete_url} /> : <SignedOut asked={asked} fault={fault} />
}

interface AskedProps {
  asked: LogoutRequest | undefined
  fault: ReactNode
}

/** An app that got an ID token in this session may end it; anybody else can only ask for it. */
function SignedInUser({ asked, session, fault }: AskedProps & { session: SignedIn }) {
  const signOut = useSignOut()
  const { mutate } = signOut
  // The session of an app without refresh token may be long gone, and what browser it came from with it.
  const isForThisSession =
    asked !== undefined &&
    (asked.session_id === null ? asked.user_id === session.user_id : asked.session_id === session.session_id)
  useEffect(() => {
    if (isForThisSession) mutate()
  }, [isForThisSession, mutate])
  if (isForThisSession && !signOut.isError) return <Quiet />
  return (
    <Page title={say('signOut.title')} width="narrow">
      {fault}
      <Paper withBorder radius="lg" p={{ base: 'md', sm: 'xl' }}>
        <Stack>
          {asked?.client && (
            <ClientBadge name={asked.client.name}>
              <Text>{say('signOut.asks', { name: asked.client.name })}</Text>
            </ClientBadge>
          )}
          <Text>{say('signOut.text', { name: session.username })}</Text>
          {asked?.return_host && (
            <Text size="sm">
              {say('signOut.host')}{' '}
              <Text span size="sm" fw={600}>
                {asked.return_host}
              </Text>
            </Text>
          )}
          {signOut.isError && <ErrorAlert error={signOut.error} />}
          <Group grow preventGrowOverflow={false}>
            <Button component={Link} to="/" replace variant="default">
              {say('signOut.stay')}
            </Button>
            <Button loading={signOut.isPending} onClick={() => mutate()}>
              {say('shell.signOut')}
            </Button>
          </Group>
        </Stack>
      </Paper>
    </Page>
  )
}

function Returning({ to }: { to: string }) {
  useEffect(() => leaveFor(to, to), [to])
  return <Quiet />
}

function SignedOut({ asked, fault }: AskedProps) {
  return (
    <Page key="done" title={say('signOut.doneTitle')} width="narrow">
      {fault}
      <Text role="status">{say('signOut.doneText')}</Text>
      {asked?.is_return_refused && (
        <Alert color="yellow">
          <Text size="sm">{say('signOut.refused')}</Text>
        </Alert>
      )}
      <div>
        <Button component={Link} to="/sign-in" variant="default">
          {say('signOut.again')}
        </Button>
      </div>
    </Page>
  )
}
