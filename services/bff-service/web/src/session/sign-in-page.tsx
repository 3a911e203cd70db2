import { Alert, Anchor, Button, Paper, Stack, Text, TextInput } from '@mantine/core'
import { IconMail } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { Link, useLocation } from 'react-router'
import { ApiError } from '../api/api-error.ts'
import type { SignedIn } from '../api/types.ts'
import { PasswordField } from '../components/password-field.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { EnrolmentForm } from './enrolment-form.tsx'
import { FactorForm } from './factor-form.tsx'
import { FormCard } from './form-card.tsx'
import { MailSignInForm } from './mail-sign-in-form.tsx'
import { useOffers } from './offers.ts'
import { PasskeyButton } from './passkey-button.tsx'
import { hasPasskeys } from './passkey-ceremonies.ts'
import { usePasskeySignIn } from './passkeys.ts'
import { neededAfterProvider, ProviderButtons, ProviderProblem } from './provider-buttons.tsx'
import { registerPathFor, returnPathOf } from './return-path.ts'
import { ReturnTo } from './return-to.tsx'
import { useSessionState } from './session.ts'
import { begin, type Credentials, useSignIn } from './sign-in.ts'
import { type NeededFactor, neededFactorOf } from './sign-in-flow.ts'

export function SignInPage() {
  const { data: state, isPending } = useSessionState()
  const { search, state: notice } = useLocation()
  if (isPending) return <LoadingPage />
  if (state?.status === 'signed_in') return <ReturnTo path={returnPathOf(search)} />
  return (
    <Page title={say('signIn.title')} width="narrow" leavesFocus>
      {state?.reason === 'ended' && (
        <Alert color="yellow">
          <Text size="sm">{say('signIn.ended')}</Text>
        </Alert>
      )}
      {notice === 'registered' && (
        <Alert color="green">
          <Text size="sm">{say('signIn.registered')}</Text>
        </Alert>
      )}
      {notice === 'password_reset' && (
        <Alert color="green">
          <Text size="sm">{say('signIn.passwordReset')}</Text>
        </Alert>
      )}
      <WaysToSignIn returnPath={returnPathOf(search)} />
    </Page>
  )
}

interface WaysToSignInProps {
  username?: string
  /** A path of this origin, where a sign-in by another page comes back to. */
  returnPath: string
}

/** All ways to sign in, and to get an account. */
export function WaysToSignIn({ username = '', returnPath }: WaysToSignInProps) {
  const location = useLocation()
  const offers = useOffers()
  return (
    <>
      <ProviderProblem />
      <SignInForm username={username} needed={neededAfterProvider(location)} />
      <ProviderButtons returnPath={returnPath} />
      {offers?.mail && (
        <Text size="sm">
          <Anchor component={Link} to="/forgot-password" underline="always">
            {say('signIn.forgot')}
          </Anchor>
        </Text>
      )}
      {offers?.registration === 'open' && (
        <Text size="sm">
          {say('signIn.isNew')}{' '}
          <Anchor component={Link} to={registerPathFor(returnPath)} underline="always">
            {say('signIn.create')}
          </Anchor>
        </Text>
      )}
    </>
  )
}

interface SignInFormProps {
  /** Is in the field when the form opens. */
  username?: string
  /** What a sign-in that began elsewhere still needs. */
  needed?: NeededFactor | undefined
}

/** Signs in with a password, a passkey or a mail and, if it is needed, with a second factor. */
export function SignInForm({ username, needed: neededFirst }: SignInFormProps) {
  const client = useQueryClient()
  const [needed, setNeeded] = useState(neededFirst)
  /** The name that was typed when the mail was chosen; `undefined` while it is not. */
  const [mailName, setMailName] = useState<string>()
  const done = (session: SignedIn) => begin(client, session)
  if (!needed && mailName !== undefined) {
    return (
      <MailSignInForm name={mailName} onNeeded={setNeeded} onDone={done} onRestart={() => setMailName(undefined)} />
    )
  }
  if (!needed) return <PasswordForm username={username} onNeeded={setNeeded} onMail={setMailName} />
  const restart = () => {
    setNeeded(undefined)
    setMailName(undefined)
  }
  return (
    <Paper withBorder radius="lg" p={{ base: 'md', sm: 'xl' }}>
      {needed.enrolment ? (
        <EnrolmentForm needsMailCode={needed.enrolment === 'mail_code'} onDone={done} onRestart={restart} />
      ) : (
        <FactorForm factors={needed.factors} mayTrustDevice onDone={done} onRestart={restart} />
      )}
    </Paper>
  )
}

interface PasswordFormProps {
  username: string | undefined
  onNeeded: (needed: NeededFactor) => void
  /** The person wants a mail instead; with what is in the field. */
  onMail: (name: string) => void
}

function PasswordForm({ username = '', onNeeded, onMail }: PasswordFormProps) {
  const offers = useOffers()
  const signIn = useSignIn()
  const mayUsePasskey = offers?.passkeys === true && hasPasskeys()
  const passkey = usePasskeySignIn(mayUsePasskey)
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const form = usePageForm<Credentials>({
    initialValues: { username, password: '' },
    validate: {
      username: (text) => (text.trim() ? null : say('fields.usernameMissing')),
      password: (text) => (text ? null : say('fields.passwordMissing'))
    }
  })
  const submit = form.onSubmit((values) => {
    if (signIn.isPending) return
    signIn.mutate(values, {
      onError: (error) => {
        const needed = neededFactorOf(error)
        if (needed) onNeeded(needed)
        else form.refuse(error)
      }
    })
  })
  return (
    <FormCard onSubmit={submit}>
      <Stack>
        <TextInput
          label={say('fields.username')}
          description={offers?.mail ? say('signIn.orAddress') : undefined}
          autoComplete="username webauthn"
          autoCapitalize="none"
          spellCheck={false}
          required
          maxLength={256}
          key={form.key('username')}
          {...form.getInputProps('username')}
          ref={first}
        />
        <PasswordField
          label={say('fields.password')}
          autoComplete="current-password"
          key={form.key('password')}
          {...form.getInputProps('password')}
        />
        <FormProblem form={form} message={refusalOf(form.problem)} />
        <Button type="submit" fullWidth loading={signIn.isPending}>
          {say('signIn.submit')}
        </Button>
        {mayUsePasskey && <PasskeyButton label={say('passkeys.use')} {...passkey} />}
        {offers?.mail_sign_in && (
          <Button
            variant="default"
            fullWidth
            leftSection={<IconMail size={18} aria-hidden />}
            onClick={() => onMail(form.getValues().username)}
          >
            {say('mailSignIn.choose')}
          </Button>
        )}
      </Stack>
    </FormCard>
  )
}

function refusalOf(error: unknown): string | undefined {
  const isRefused = error instanceof ApiError && error.status === 401
  return isRefused ? say('signIn.wrong') : undefined
}
