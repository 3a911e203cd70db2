import { Alert, Button, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import { useNavigate } from 'react-router'
import { ApiError, isConflict } from '../api/api-error.ts'
import { request } from '../api/request.ts'
import type { InvitationAcceptance, RegisteredUser, ShownInvitation } from '../api/types.ts'
import { ErrorAlert } from '../components/error-alert.tsx'
import { newPasswordError, newPasswordWish } from '../components/password-field.tsx'
import { usernameError } from '../components/username-rule.ts'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { LoadingPage } from '../layout/loading-page.tsx'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { FormCard } from './form-card.tsx'
import { useLinkSecret } from './link-secret.ts'
import { NewAccountFields } from './new-account-fields.tsx'
import { useSessionState } from './session.ts'

/** Where the link in the mail of an invitation leads. Opening it changes nothing. */
export function AcceptInvitationPage() {
  const secret = useLinkSecret()
  if (secret) return <Invitation key={secret} secret={secret} />
  return (
    <Page title={say('invitation.title')} width="narrow">
      <Text>{say('proof.incomplete')}</Text>
    </Page>
  )
}

function Invitation({ secret }: { secret: string }) {
  const { data: state, isPending } = useSessionState()
  const invitation = useQuery({
    // Not by the secret, which should be kept nowhere else.
    queryKey: ['invitation', useId()],
    queryFn: ({ signal }) =>
      request<ShownInvitation>('/bff/invitations/show', { method: 'POST', body: { secret }, signal }),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY
  })
  const accept = useMutation({
    mutationFn: (body: InvitationAcceptance) =>
      request<RegisteredUser>('/bff/invitations/accept', { method: 'POST', body }),
    gcTime: 0
  })
  if (isPending || invitation.isPending) return <LoadingPage />
  const other = state?.status === 'signed_in' ? state.session.username : undefined
  if (accept.data && other) {
    return (
      <Page key="done" title={say('invitation.title')} width="narrow">
        <Alert color="green" role="status">
          <Text size="sm">{say('invitation.doneBeside', { name: accept.data.username, other })}</Text>
        </Alert>
      </Page>
    )
  }
  if (!invitation.data) {
    const message = isBadLink(invitation.error) ? say('invitation.badLink') : undefined
    return (
      <Page key="refused" title={say('invitation.title')} width="narrow">
        <ErrorAlert error={invitation.error} message={message} {...(!message && { onRetry: invitation.refetch })} />
      </Page>
    )
  }
  return (
    <Page
      key="accept"
      title={say('invitation.title')}
      lead={say('invitation.lead', { email: invitation.data.email })}
      width="narrow"
    >
      {other && (
        <Alert color="yellow">
          <Text size="sm">{say('invitation.beside', { other })}</Text>
        </Alert>
      )}
      <AcceptForm secret={secret} suggestion={invitation.data.username ?? ''} accept={accept} isSignedIn={!!other} />
    </Page>
  )
}

interface AcceptFormProps {
  secret: string
  suggestion: string
  accept: {
    mutate: (body: InvitationAcceptance, options: { onSuccess: () => unknown; onError: (error: Error) => void }) => void
    isPending: boolean
  }
  isSignedIn: boolean
}

function AcceptForm({ secret, suggestion, accept, isSignedIn }: AcceptFormProps) {
  const navigate = useNavigate()
  const form = usePageForm({
    initialValues: { username: suggestion, password: '' },
    validate: {
      username: usernameError,
      password: (text, { username }) => newPasswordError(text, username)
    },
    wishes: { username: say('fields.usernameWish'), password: newPasswordWish() }
  })
  const submit = form.onSubmit(({ username, password }) => {
    if (accept.isPending) return
    accept.mutate(
      { secret, username: username.trim(), password },
      {
        onSuccess: () => !isSignedIn && navigate('/sign-in', { replace: true, state: 'registered' }),
        onError: (error) => form.refuse(error, takenUsername(error))
      }
    )
  })
  return (
    <FormCard onSubmit={submit}>
      <Stack>
        <NewAccountFields form={form} />
        <FormProblem form={form} message={isBadLink(form.problem) ? say('invitation.badLink') : undefined} />
        <Button type="submit" fullWidth loading={accept.isPending}>
          {say('register.submit')}
        </Button>
      </Stack>
    </FormCard>
  )
}

function takenUsername(error: unknown): Record<string, string> | undefined {
  const isTaken = isConflict(error) && (error as ApiError).code === 'username_taken'
  return isTaken ? { username: say('codes.username_taken') } : undefined
}

/** Whether the service rejects the secret: what people typed is checked before. */
function isBadLink(error: unknown): boolean {
  return error instanceof ApiError && error.status === 400 && error.issues.every(({ path }) => path === 'secret')
}
