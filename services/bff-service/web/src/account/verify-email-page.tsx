import { Alert, Anchor, Text } from '@mantine/core'
import { Link, useLocation } from 'react-router'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { keepLinkSecret, useLinkSecret } from '../session/link-secret.ts'
import { ProviderButtons } from '../session/provider-buttons.tsx'
import { pathOf } from '../session/return-path.ts'
import { useSessionState } from '../session/session.ts'
import { SignInForm } from '../session/sign-in-page.tsx'
import { say } from '../texts/say.ts'
import { useConfirmEmailChange, useVerifyEmail } from './account-api.ts'
import { VerifyEmailForm } from './verify-email-form.tsx'

/** Where the links in the mails lead. Who is not signed in in this browser signs in on this page, which keeps the link's secret. */
export function VerifyEmailPage() {
  return <ConfirmAddress title={say('verify.title')} secret={useLinkSecret()} verify={useVerifyEmail()} />
}

export function ChangeEmailPage() {
  return (
    <ConfirmAddress title={say('changeEmail.confirmTitle')} secret={useLinkSecret()} verify={useConfirmEmailChange()} />
  )
}

interface ConfirmAddressProps {
  title: string
  secret: string | undefined
  verify: ReturnType<typeof useVerifyEmail | typeof useConfirmEmailChange>
}

function ConfirmAddress({ title, secret, verify }: ConfirmAddressProps) {
  const { data: state, isPending } = useSessionState()
  const { pathname } = useLocation()
  if (isPending) return <LoadingPage />
  if (verify.isSuccess) {
    return (
      <Page key="done" title={title} width="narrow">
        <Alert color="green" role="status">
          <Text size="sm">{say('verify.done')}</Text>
        </Alert>
        <ToAccount />
      </Page>
    )
  }
  if (!secret) {
    return (
      <Page key="incomplete" title={title} width="narrow">
        <Text>{say('proof.incomplete')}</Text>
        <ToAccount />
      </Page>
    )
  }
  if (state?.status !== 'signed_in') {
    return (
      <Page key="sign-in" title={title} lead={say('verify.signIn')} width="narrow" leavesFocus>
        <SignInForm />
        <ProviderButtons
          returnPath={pathOf({ pathname, search: '' })}
          onLeave={() => keepLinkSecret(pathname, secret)}
        />
      </Page>
    )
  }
  return (
    <Page key="confirm" title={title} lead={say('verify.signedInAs', { name: state.session.username })} width="narrow">
      <VerifyEmailForm key={secret} proof={{ secret }} verify={verify} />
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
