import { Navigate, Outlet, useLocation } from 'react-router'
import { ErrorAlert } from '../components/error-alert.tsx'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { useUserLanguage } from './own-profile.ts'
import { signInPathFor } from './return-path.ts'
import { SignedInContext, shownSessionOf, useSessionState } from './session.ts'
import { SignInAgain } from './sign-in-again.tsx'
import { StepUp } from './step-up.tsx'

/** Shows the routes inside it to a user who is signed in, and the sign-in page to others. */
export function RequireSession() {
  const location = useLocation()
  const { data: state, error, isFetching, refetch } = useSessionState()
  if (!state && error) {
    return (
      <Page title={say('session.notAvailable')} width="narrow">
        <ErrorAlert error={error} onRetry={refetch} isRetrying={isFetching} />
      </Page>
    )
  }
  if (!state) return <LoadingPage />
  const session = shownSessionOf(state)
  if (!session) {
    const wasLeft = state.status === 'signed_out' && state.reason === 'signed_out'
    return <Navigate replace to={wasLeft ? '/sign-in' : signInPathFor(location)} />
  }
  return (
    <SignedInContext value={session}>
      <UserLanguage key={`language of ${session.user_id}`} />
      <Outlet key={session.user_id} />
      <StepUp />
      {state.status === 'signed_out' && <SignInAgain former={session} />}
    </SignedInContext>
  )
}

function UserLanguage() {
  useUserLanguage()
  return null
}
