import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { Link, useLocation, useNavigate } from 'react-router'
import { isConflict } from '../api/api-error.ts'
import { newPasswordError, newPasswordWish } from '../components/password-field.tsx'
import { usernameError } from '../components/username-rule.ts'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { FormCard } from './form-card.tsx'
import { NewAccountFields } from './new-account-fields.tsx'
import { useOffers } from './offers.ts'
import { ProviderButtons } from './provider-buttons.tsx'
import { returnPathOf } from './return-path.ts'
import { ReturnTo } from './return-to.tsx'
import { useSessionState } from './session.ts'
import { useRegister } from './sign-in.ts'

export function RegisterPage() {
  const { data: state } = useSessionState()
  const { search } = useLocation()
  const offers = useOffers()
  if (state?.status === 'signed_in') return <ReturnTo path={returnPathOf(search)} />
  if (!offers) return <LoadingPage />
  const isOpen = offers.registration === 'open'
  return (
    <Page title={isOpen ? say('register.title') : say('register.closed')} width="narrow" leavesFocus={isOpen}>
      {isOpen ? <RegisterForm /> : <Text>{say('register.closedText')}</Text>}
      {isOpen && <ProviderButtons returnPath={returnPathOf(search)} />}
      <Text size="sm">
        {say('register.hasOne')}{' '}
        <Anchor component={Link} to={{ pathname: '/sign-in', search }} underline="always">
          {say('signIn.submit')}
        </Anchor>
      </Text>
    </Page>
  )
}

function RegisterForm() {
  const register = useRegister()
  const navigate = useNavigate()
  const { search } = useLocation()
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const form = usePageForm({
    initialValues: { username: '', password: '', email: '' },
    validate: {
      username: usernameError,
      password: (text, { username }) => newPasswordError(text, username),
      email: (text) => (text.trim() === '' || /^\S+@\S+$/.test(text.trim()) ? null : say('register.emailWish'))
    },
    wishes: {
      username: say('fields.usernameWish'),
      password: newPasswordWish(),
      email: say('register.emailWish')
    }
  })
  const submit = form.onSubmit(({ username, password, email }) => {
    if (register.isPending) return
    const body = { username: username.trim(), password, ...(email.trim() && { email: email.trim() }) }
    register.mutate(body, {
      onSuccess: (session) => !session && navigate({ pathname: '/sign-in', search }, { state: 'registered' }),
      onError: (error) => form.refuse(error, takenUsername(error))
    })
  })
  return (
    <FormCard onSubmit={submit}>
      <Stack>
        <NewAccountFields form={form} ref={first} />
        <TextInput
          label={say('register.email')}
          type="email"
          autoComplete="email"
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <FormProblem form={form} />
        <Button type="submit" fullWidth loading={register.isPending}>
          {say('register.submit')}
        </Button>
      </Stack>
    </FormCard>
  )
}

function takenUsername(error: unknown): Record<string, string> | undefined {
  return isConflict(error) ? { username: say('codes.username_taken') } : undefined
}
