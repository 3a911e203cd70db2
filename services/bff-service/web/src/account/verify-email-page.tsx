import { Alert, Anchor, Text } from '@mantine/core'
import { Link } from 'react-router'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { useLinkSecret } from '../session/link-secret.ts'
import { useSessionState } from '../session/session.ts'
import { SignInForm } from '../session/sign-in-page.tsx'
import { say } from '../texts/say.ts'
import { useVerifyEmail } from './account-api.ts'
import { VerifyEmailForm } from './verify-email-form.tsx'

/** Where the link in the mail leads. Who is not signed in in this browser signs in on this page, which keeps the link's secret. */
export function VerifyEmailPage() {
  const secret = useLinkSecret()
  return <ConfirmAddress key={secret} secret={secret} />
}

function ConfirmAddress({ secret }: { secret: string | undefined }) {
  const { data: state, isPending } = useSessionState()
  const verify = useVerifyEmail()
  if (isPending) return <LoadingPage />
  if (verify.isSuccess) {
    return (
      <Page key="done" title={say('verify.title')} width="narrow">
        <Alert color="green" role="status">
          <Text size="sm">{say('verify.done')}</Text>
        </Alert>
        <ToAccount />
      </Page>
    )
  }
  if (!secret) {
    return (
      <Page key="incomplete" title={say('verify.title')} width="narrow">
        <Text>{say('proof.incomplete')}</Text>
        <ToAccount />
      </Page>
    )
  }
  if (state?.status !== 'signed_in') {
    return (
      <Page key="sign-in" title={say('verify.title')} lead={say('verify.signIn')} width="narrow" leavesFocus>
        <SignInForm />
      </Page>
    )
  }
  return (
    <Page
      key="confirm"
      title={say('verify.title')}
      lead={say('verify.signedInAs', { name: state.session.username })}
      width="narrow"
    >
      <VerifyEmailForm proof={{ secret }} verify={verify} />
      <ToAccount />
    </Page>
  )
}

function ToAccount() {
  return (
    <Text size="sm">
      <Anchor component={Link} to="/" underline="always">
        {say('common.toAccount')}
      </Anchor>
    </Text>
  )
}
