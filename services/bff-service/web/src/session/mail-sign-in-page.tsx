import { Alert, Anchor, Button, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { ErrorAlert } from '../components/error-alert.tsx'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { useLinkSecret } from './link-secret.ts'
import { refusalOfMail, useMailSignIn } from './mail-sign-in.ts'
import { useSessionState } from './session.ts'
import { begin } from './sign-in.ts'
import { type NeededFactor, neededFactorOf } from './sign-in-flow.ts'
import { SignInForm } from './sign-in-page.tsx'

/** Where the link in the mail leads. Only a click signs in, so that a link which a scanner opens changes nothing. */
export function MailSignInPage() {
  const client = useQueryClient()
  const { data: state, isPending } = useSessionState()
  const secret = useLinkSecret()
  const signIn = useMailSignIn()
  const [needed, setNeeded] = useState<NeededFactor>()
  const title = say('signIn.title')
  if (isPending) return <LoadingPage />
  if (state?.status === 'signed_in') {
    return (
      <Page key="done" title={title} width="narrow">
        <Alert color="green" role="status">
          <Text size="sm">{say('mailSignIn.done', { name: state.session.username })}</Text>
        </Alert>
        <Text size="sm">
          <Anchor component={Link} to="/" underline="always">
            {say('common.toAccount')}
          </Anchor>
        </Text>
      </Page>
    )
  }
  if (needed) {
    return (
      <Page key="factor" title={title} width="narrow" leavesFocus>
        <SignInForm needed={needed} />
      </Page>
    )
  }
  const click = () => {
    if (!secret || signIn.isPending) return
    signIn.mutate(
      { secret },
      {
        onSuccess: (session) => begin(client, session),
        onError: (error) => setNeeded(neededFactorOf(error))
      }
    )
  }
  return (
    <Page key="link" title={title} lead={secret && say('mailSignIn.lead')} width="narrow">
      {secret ? (
        <Stack>
          <div role="status">
            {signIn.isError && <ErrorAlert error={signIn.error} message={refusalOfMail(signIn.error, 'link')} />}
          </div>
          <Button fullWidth loading={signIn.isPending} onClick={click}>
            {say('signIn.submit')}
          </Button>
        </Stack>
      ) : (
        <Text>{say('proof.incomplete')}</Text>
      )}
      <Text size="sm">
        <Anchor component={Link} to="/sign-in" underline="always">
          {say('reset.back')}
        </Anchor>
      </Text>
    </Page>
  )
}
