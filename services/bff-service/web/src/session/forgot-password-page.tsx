import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { Link } from 'react-router'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { FormCard } from './form-card.tsx'
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
    validate: { name: (text) => (text.trim() ? null : say('reset.nameMissing')) }
  })
  const submit = form.onSubmit(({ name }) => {
    if (reset.isPending) return
    reset.mutate({ username: name.trim() }, { onError: (error) => form.refuse(error) })
  })
  return (
    <FormCard onSubmit={submit}>
      <Stack>
        <TextInput
          label={say('reset.name')}
          description={say('reset.nameUse')}
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
          {say('reset.send')}
        </Button>
      </Stack>
    </FormCard>
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
