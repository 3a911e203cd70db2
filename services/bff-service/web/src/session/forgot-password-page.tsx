import { Anchor, Button, Text } from '@mantine/core'
import { Link } from 'react-router'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { AskForMail } from './ask-for-mail.tsx'
import { NewPasswordForm } from './new-password-form.tsx'
import { useOffers } from './offers.ts'
import { useRequestPasswordReset, useResetPassword } from './password-reset.ts'

export function ForgotPasswordPage() {
  const offers = useOffers()
  const reset = useRequestPasswordReset()
  const confirm = useResetPassword()
  if (!offers) return <LoadingPage />
  if (!offers.mail) {
    return (
      <Page title={say('reset.title')} width="narrow">
        <Text>{say('reset.noMail')}</Text>
        <BackToSignIn />
      </Page>
    )
  }
  if (reset.data) {
    return (
      <Page key="asked" title={say('reset.look')} width="narrow">
        <Text role="status">{say('reset.sent', { count: Math.round(reset.data.expires_in / 60) })}</Text>
        <NewPasswordForm proof={{ flow: reset.data.flow }} change={confirm} />
        <Button variant="subtle" onClick={() => reset.reset()}>
          {say('proof.another')}
        </Button>
        <BackToSignIn />
      </Page>
    )
  }
  return (
    <Page key="ask" title={say('reset.title')} width="narrow" leavesFocus>
      <AskForMail mail={reset} submitText={say('reset.send')} />
      <BackToSignIn />
    </Page>
  )
}

function BackToSignIn() {
  return (
    <Text size="sm">
      <Anchor component={Link} to="/sign-in" underline="always">
        {say('reset.back')}
      </Anchor>
    </Text>
  )
}
