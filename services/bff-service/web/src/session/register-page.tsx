import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect, useRef } from 'react'
import { Link, Navigate, useLocation, useNavigate } from 'react-router'
import { ApiError, fieldErrorsOf } from '../api/api-error.ts'
import { ErrorAlert } from '../components/error-alert.tsx'
import { newPasswordError, PasswordField, passwordRule } from '../components/password-field.tsx'
import { Page } from '../layout/page.tsx'
import { FormCard } from './form-card.tsx'
import { returnPathOf } from './return-path.ts'
import { useSessionState } from './session.ts'
import { useRegister } from './sign-in.ts'

export function RegisterPage() {
  const { data: state } = useSessionState()
  const { search } = useLocation()
  if (state?.status === 'signed_in') return <Navigate replace to={returnPathOf(search)} />
  return (
    <Page title="Create an account" width="narrow" leavesFocus>
      <RegisterForm />
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
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { username: '', password: '', email: '' },
    validate: {
      username: (text) => (text.trim() ? null : 'Choose a username.'),
      password: newPasswordError,
      email: (text) =>
        text.trim() === '' || /^\S+@\S+$/.test(text.trim()) ? null : 'Enter an address like a@b.example.'
    }
  })
  const submit = form.onSubmit(({ username, password, email }) => {
    if (register.isPending) return
    const body = { username: username.trim(), password, ...(email.trim() && { email: email.trim() }) }
    register.mutate(body, {
      onSuccess: (session) => !session && navigate({ pathname: '/sign-in', search }, { state: 'registered' }),
      onError: (error) => form.setErrors(takenUsername(error) ?? fieldErrorsOf(error))
    })
  })
  return (
    <FormCard onSubmit={submit}>
      <Stack>
        {register.error && <ErrorAlert error={register.error} />}
        <TextInput
          label="Username"
          description="1 to 64 letters, digits or the signs . _ - @ +"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          key={form.key('username')}
          {...form.getInputProps('username')}
          name="username"
          ref={first}
        />
        <PasswordField
          label="Password"
          description={passwordRule}
          autoComplete="new-password"
          key={form.key('password')}
          {...form.getInputProps('password')}
          name="password"
        />
        <TextInput
          label="E-mail (optional)"
          type="email"
          autoComplete="email"
          key={form.key('email')}
          {...form.getInputProps('email')}
          name="email"
        />
        <Button type="submit" fullWidth loading={register.isPending}>
          Create account
        </Button>
      </Stack>
    </FormCard>
  )
}

function takenUsername(error: unknown): Record<string, string> | undefined {
  const isTaken = error instanceof ApiError && error.status === 409
  return isTaken ? { username: 'This username is taken. Choose another one.' } : undefined
}
