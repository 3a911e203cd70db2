import { Alert, Anchor, Button, Group, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useLocation } from 'react-router'
import { ApiError, isMissing, needsRecentSignIn } from '../api/api-error.ts'
import type { AuthorizationRequest, SignedIn } from '../api/types.ts'
import { ClientBadge } from '../components/client-badge.tsx'
import { ErrorAlert } from '../components/error-alert.tsx'
import { Page } from '../layout/page.tsx'
import { useUserLanguage } from '../session/own-profile.ts'
import { pathOf } from '../session/return-path.ts'
import { SignedInContext, useSessionState } from '../session/session.ts'
import { WaysToSignIn } from '../session/sign-in-page.tsx'
import { StepUp } from '../session/step-up.tsx'
import { suggestLanguages } from '../texts/language.ts'
import { say } from '../texts/say.ts'
import { AccountChoice } from './account-choice.tsx'
import { isRequestId, useAuthorizationRequest, useChangeAccount, useClaim } from './authorization-api.ts'
import { Consent } from './consent.tsx'
import { cancelUrlOf, leaveFor } from './leave.ts'
import { Leaving, Quiet } from './quiet.tsx'

/** Where the issuer sends a browser whose user is to sign in to an app. */
export function AuthorizePage() {
  const { search } = useLocation()
  const id = new URLSearchParams(search).get('request') ?? ''
  const query = useAuthorizationRequest(id)
  const { data: state, error: sessionError, refetch } = useSessionState()
  const asked = query.data
  // Who signs in on this page has chosen an account by that.
  const [hasAsked, setHasAsked] = useState(false)
  useEffect(() => {
    if (asked) suggestLanguages(asked.ui_locales)
  }, [asked])
  if (!isRequestId(id) || isMissing(query.error)) return <RequestOver />
  const error = (!asked && query.error) || (!state && sessionError)
  if (error) {
    const retry = () => Promise.all([query.refetch(), refetch()])
    return (
      <Page title={say('session.notAvailable')} width="narrow">
        <ErrorAlert error={error} onRetry={retry} isRetrying={query.isFetching} />
      </Page>
    )
  }
  if (!asked || !state) return <Quiet />
  const session = state.status === 'signed_in' ? state.session : undefined
  const isSilent = asked.prompt.includes('none')
  if (!session)
    return isSilent ? (
      <Leaving to={asked.complete_url} asked={asked} isSilent />
    ) : (
      <SignIn id={id} asked={asked} onShown={setHasAsked} />
    )
  return isSilent ? (
    <SilentlySignedIn id={id} asked={asked} session={session} />
  ) : (
    <SignedInContext value={session}>
      <UserLanguage key={`language of ${session.user_id}`} />
      <StepUp />
      <Claimed key={session.user_id} id={id} asked={asked} session={session} isChosen={hasAsked} />
    </SignedInContext>
  )
}

function UserLanguage() {
  useUserLanguage()
  return null
}

interface AskedProps {
  id: string
  asked: AuthorizationRequest
}

function SignIn({ id, asked, onShown }: AskedProps & { onShown: (isShown: true) => void }) {
  useEffect(() => onShown(true), [onShown])
  const { name, logo_uri: logo } = asked.client
  return (
    <Page title={say('signIn.title')} width="narrow" leavesFocus>
      <ClientBadge name={name} logo={logo}>
        <Text>{say('authorize.signIn', { name })}</Text>
      </ClientBadge>
      <WaysToSignIn
        username={asked.login_hint ?? ''}
        returnPath={pathOf({ pathname: '/authorize', search: `?request=${id}` })}
      />
      <CancelLink asked={asked} />
    </Page>
  )
}

function CancelLink({ asked }: { asked: AuthorizationRequest }) {
  const { complete_url: url, client } = asked
  return (
    <Text size="sm">
      <Anchor
        component="button"
        type="button"
        underline="always"
        size="sm"
        onClick={() => leaveFor(cancelUrlOf(url), url)}
      >
        {say('authorize.cancel', { name: client.name })}
      </Anchor>
    </Text>
  )
}

interface ClaimedProps extends AskedProps {
  session: SignedIn
}

/** Nothing is shown and nothing is asked: the issuer says to the app what is missing. */
function SilentlySignedIn({ id, asked, session }: ClaimedProps) {
  const { data, isPending } = useClaim(id, session.user_id)
  if (isPending) return null
  return <Leaving to={data?.complete_url ?? asked.complete_url} asked={asked} isSilent />
}

function Claimed({ id, asked, session, isChosen }: ClaimedProps & { isChosen: boolean }) {
  const { data, error, isFetching, refetch } = useClaim(id, session.user_id)
  if (data?.next === 'complete') return <Leaving to={data.complete_url} asked={asked} />
  if (data?.next === 'consent') return <Consent id={id} asked={asked} claimed={data} />
  if (data) return <AccountChoice id={id} asked={asked} claimed={data} isMade={isChosen} />
  if (!error) return <Quiet />
  if (isMissing(error)) return <RequestOver />
  if (isTaken(error)) return <OfAnotherAccount id={id} asked={asked} session={session} />
  if (needsRecentSignIn(error)) {
    return (
      <Page key="again" title={say('stepUp.title')} width="narrow">
        <Text>{say('authorize.again', { name: asked.client.name })}</Text>
        <Group>
          <Button loading={isFetching} onClick={() => refetch()}>
            {say('stepUp.submit')}
          </Button>
          <OtherAccountButton id={id} />
        </Group>
        <CancelLink asked={asked} />
      </Page>
    )
  }
  return (
    <Page key="failed" title={say('session.notAvailable')} width="narrow">
      <ErrorAlert error={error} onRetry={refetch} isRetrying={isFetching} />
      <CancelLink asked={asked} />
    </Page>
  )
}

function isTaken(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'request_taken'
}

function OfAnotherAccount({ id, asked, session }: ClaimedProps) {
  return (
    <Page title={say('authorize.otherTitle')} width="narrow">
      <Text>{say('authorize.otherText', { name: session.username, client: asked.client.name })}</Text>
      <div>
        <OtherAccountButton id={id} />
      </div>
      <CancelLink asked={asked} />
    </Page>
  )
}

function OtherAccountButton({ id }: { id: string }) {
  const change = useChangeAccount(id)
  return (
    <>
      <Button variant="default" loading={change.isPending} onClick={() => change.mutate()}>
        {say('authorize.useOther')}
      </Button>
      {change.isError && <ErrorAlert error={change.error} />}
    </>
  )
}

/** The request is unknown, was used, or has expired: which of these is nobody's business. */
function RequestOver() {
  return (
    <Page key="over" title={say('authorize.overTitle')} width="narrow">
      <Alert color="yellow" role="alert">
        <Text size="sm">{say('authorize.overText')}</Text>
      </Alert>
    </Page>
  )
}
