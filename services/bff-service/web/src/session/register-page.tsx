import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { Link, useLocation, useNavigate } from 'react-router'
import { isConflict } from '../api/api-error.ts'
import { newPasswordError, newPasswordWish, PasswordField, passwordRule } from '../components/password-field.tsx'
import { usernameError, usernameRule, usernameWish } from '../components/username-rule.ts'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { FormCard } from './form-card.tsx'
import { useOffers } from './offers.ts'
import { returnPathOf } from './return-path.ts'
import { ReturnTo } from './return-to.tsx'
import { useSessionState } from './session.ts'
import { useRegister } from './sign-in.ts'

const wishes = {
  username: usernameWish,
  password: newPasswordWish,
  email: 'Enter an address like a@b.example, or leave this empty.'
}

export function RegisterPage() {
  const { data: state } = useSessionState()
  const { search } = useLocation()
  const offers = useOffers()
  if (state?.status === 'signed_in') return <ReturnTo path={returnPathOf(search)} />
  if (!offers) return <LoadingPage />
  const isOpen = offers.registration === 'open'
  return (
    <Page title={isOpen ? 'Create an account' : 'Registration is closed'} width="narrow" leavesFocus={isOpen}>
      {isOpen ? (
        <RegisterForm />
      ) : (
        <Text>People cannot create accounts here themselves. Ask an administrator for one.</Text>
      )}
      <Text size="sm">
        You have one already?{' '}
        <Anchor component={Link} to={{ pathname: '/sign-in', search }} underline="always">
          Sign in
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
      email: (text) => (text.trim() === '' || /^\S+@\S+$/.test(text.trim()) ? null : wishes.email)
    },
    wishes
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
        <TextInput
          label="Username"
          description={usernameRule}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          key={form.key('username')}
          {...form.getInputProps('username')}
          ref={first}
        />
        <PasswordField
          label="Password"
          description={passwordRule}
          autoComplete="new-password"
          key={form.key('password')}
          {...form.getInputProps('password')}
        />
        <TextInput
          label="E-mail (optional)"
          type="email"
          autoComplete="email"
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <FormProblem form={form} />
        <Button type="submit" fullWidth loading={register.isPending}>
          Create account
        </Button>
      </Stack>
    </FormCard>
  )
}

function takenUsername(error: unknown): Record<string, string> | undefined {
  return isConflict(error)
    ? { username: 'This username is taken. Choose another one, or sign in if the account is yours.' }
    : undefined
}
