import { Modal, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FocusEvent, useCallback, useEffect, useRef, useState } from 'react'
import { useLocation, useNavigate } from 'react-router'
import { ApiError, isSessionEnd } from '../api/api-error.ts'
import { request, stepUpWith } from '../api/request.ts'
import type { SignedIn } from '../api/types.ts'
import { PasswordField } from '../components/password-field.tsx'
import { DialogButtons } from '../forms/dialog-buttons.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { say } from '../texts/say.ts'
import { EnrolmentForm } from './enrolment-form.tsx'
import { FactorForm } from './factor-form.tsx'
import { PasskeyButton } from './passkey-button.tsx'
import { useHasPasskey, usePasskeyStepUp } from './passkeys.ts'
import { neededAfterProvider, ProviderProblem, ProviderStepUpButtons } from './provider-buttons.tsx'
import { enterSession, useSignedIn } from './session.ts'
import { type NeededFactor, neededFactorOf } from './sign-in-flow.ts'

type Settle = (isDone: boolean) => void

/** Asks for the password above the page, for requests that need a recent sign-in; they wait for it. */
export function StepUp() {
  const returned = useReturnFromProvider()
  const [isOpen, setIsOpen] = useState(returned.isReturn)
  const waiting = useRef<Settle[]>([])
  const settle: Settle = useCallback(
    (isDone) => {
      for (const one of waiting.current.splice(0)) one(isDone)
      setIsOpen(false)
      returned.forget()
    },
    [returned.forget]
  )
  useEffect(() => {
    stepUpWith(
      () =>
        new Promise((resolve) => {
          waiting.current.push(resolve)
          setIsOpen(true)
        })
    )
    return () => {
      stepUpWith(async () => false)
      settle(false)
    }
  }, [settle])
  return (
    <Modal
      opened={isOpen}
      onClose={() => settle(false)}
      closeOnEscape={false}
      onKeyDown={({ key }) => key === 'Escape' && settle(false)}
      onFocusCapture={keepEscapeHere}
      title={say('stepUp.title')}
      zIndex={900}
    >
      <StepUpForm settle={settle} neededFirst={returned.needed} />
    </Modal>
  )
}

/** Escape would close a dialog under this one, too; the library leaves out events of elements with this mark. */
export function keepEscapeHere({ target }: FocusEvent<HTMLElement>): void {
  target.setAttribute('data-mantine-stop-propagation', 'true')
}

/** A browser that has come back from another service without a new session: what is missing, or the reason, is in the address. */
function useReturnFromProvider() {
  const location = useLocation()
  const navigate = useNavigate()
  const latest = useRef({ location, navigate })
  latest.current = { location, navigate }
  const forget = useCallback(() => {
    const { pathname, search } = latest.current.location
    const parameters = new URLSearchParams(search)
    if (!parameters.has('step_up_problem')) return
    parameters.delete('step_up_problem')
    void latest.current.navigate({ pathname, search: parameters.toString() }, { replace: true })
  }, [])
  return {
    isReturn: new URLSearchParams(location.search).has('step_up_problem'),
    needed: neededAfterProvider(location, 'step_up_problem'),
    forget
  }
}

function StepUpForm({ settle, neededFirst }: { settle: Settle; neededFirst: NeededFactor | undefined }) {
  const client = useQueryClient()
  const [needed, setNeeded] = useState(neededFirst)
  const done = (session: SignedIn) => {
    enterSession(client, session)
    settle(true)
  }
  if (!needed) return <StepUpPassword settle={settle} onDone={done} onNeeded={setNeeded} />
  const restart = () => setNeeded(undefined)
  if (needed.enrolment) {
    return <EnrolmentForm needsMailCode={needed.enrolment === 'mail_code'} onDone={done} onRestart={restart} />
  }
  return <FactorForm factors={needed.factors} mayTrustDevice={false} onDone={done} onRestart={restart} />
}

interface StepUpPasswordProps {
  settle: Settle
  onDone: (session: SignedIn) => void
  onNeeded: (needed: NeededFactor) => void
}

function StepUpPassword({ settle, onDone, onNeeded }: StepUpPasswordProps) {
  const { username } = useSignedIn()
  const hasPasskey = useHasPasskey()
  const passkey = usePasskeyStepUp()
  const stepUp = useMutation({
    mutationFn: (body: { password: string }) => request<SignedIn>('/bff/session/step-up', { method: 'POST', body }),
    gcTime: 0,
    onSuccess: onDone,
    onError: (error) => isSessionEnd(error) && settle(false)
  })
  const form = usePageForm({
    initialValues: { password: '' },
    validate: { password: (text) => (text ? null : say('fields.passwordMissing')) }
  })
  const submit = form.onSubmit((values) => {
    if (stepUp.isPending) return
    stepUp.mutate(values, {
      onError: (error) => {
        const needed = neededFactorOf(error)
        if (needed) onNeeded(needed)
        else form.refuse(error)
      }
    })
  })
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack>
        <ProviderProblem parameter="step_up_problem" />
        <Text size="sm">{say('stepUp.text', { name: username })}</Text>
        {hasPasskey && (
          <PasskeyButton
            label={say('passkeys.use')}
            isPending={passkey.isPending}
            error={passkey.error}
            onClick={() => passkey.mutate(undefined, { onSuccess: onDone })}
          />
        )}
        <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
        <PasswordField
          label={say('fields.password')}
          autoComplete="current-password"
          data-autofocus
          key={form.key('password')}
          {...form.getInputProps('password')}
        />
        <FormProblem form={form} message={refusalOf(form.problem)} />
        <DialogButtons
          label={say('stepUp.submit')}
          isPending={stepUp.isPending}
          isDestructive={false}
          onClose={() => settle(false)}
        />
        <ProviderStepUpButtons />
      </Stack>
    </form>
  )
}

function refusalOf(error: unknown): string | undefined {
  const isWrong = error instanceof ApiError && error.status === 401
  return isWrong ? say('stepUp.wrong') : undefined
}
