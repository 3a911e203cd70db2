import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { Link } from 'react-router'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { FormCard } from './form-card.tsx'
import { NewPasswordForm } from './new-password-form.tsx'
import { useOffers } from './offers.ts'
import { useRequestPasswordReset, useResetPassword } from './password-reset.ts'

const title = 'Reset your password'

export function ForgotPasswordPage() {
  const offers = useOffers()
  const reset = useRequestPasswordReset()
  const confirm = useResetPassword()
  if (!offers) return <LoadingPage />
  if (!offers.mail) {
    return (
      <Page title={title} width="narrow">
        <Text>This installation sends no mail. Ask an administrator for a new password.</Text>
        <BackToSignIn />
      </Page>
    )
  }
  if (reset.data) {
    return (
      <Page key="asked" title="Look into your mail" width="narrow">
        <Text role="status">
          If there is such an account, and its e-mail address is confirmed, a mail is on its way. Open the link in it,
          or enter its code here. Both are good for {Math.round(reset.data.expires_in / 60)} minutes.
        </Text>
        <NewPasswordForm proof={{ flow: reset.data.flow }} change={confirm} />
        <Button variant="subtle" onClick={() => reset.reset()}>
          Ask for another mail
        </Button>
        <BackToSignIn />
      </Page>
    )
  }
  return (
    <Page key="ask" title={title} width="narrow" leavesFocus>
      <AskForMail reset={reset} />
      <BackToSignIn />
    </Page>
  )
}

function AskForMail({ reset }: { reset: ReturnType<typeof useRequestPasswordReset> }) {
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const form = usePageForm({
    initialValues: { name: '' },
    validate: { name: (text) => (text.trim() ? null : 'Enter your e-mail address or your username.') }
  })
  const submit = form.onSubmit(({ name }) => {
    if (reset.isPending) return
    reset.mutate({ username: name.trim() }, { onError: (error) => form.refuse(error) })
  })
  return (
    <FormCard onSubmit={submit}>
      <Stack>
        <TextInput
          label="E-mail address or username"
          description="A mail goes to the confirmed address of the account."
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          maxLength={256}
          key={form.key('name')}
          {...form.getInputProps('name')}
          ref={first}
        />
        <FormProblem form={form} />
        <Button type="submit" fullWidth loading={reset.isPending}>
          Send the mail
        </Button>
      </Stack>
    </FormCard>
  )
}

function BackToSignIn() {
  return (
    <Text size="sm">
      <Anchor component={Link} to="/sign-in" underline="always">
        Back to the sign-in
      </Anchor>
    </Text>
  )
}
