import { Anchor, Button, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { ApiError } from '../api/api-error.ts'
import type { TotpSetUp as SetUp, SignedIn } from '../api/types.ts'
import { CodeField, codeError, codeWish, digitsOf } from '../components/code-field.tsx'
import { ErrorAlert } from '../components/error-alert.tsx'
import { RecoveryCodes } from '../components/recovery-codes.tsx'
import { TotpCodeField, totpError } from '../components/totp-code-field.tsx'
import { TotpSetUp } from '../components/totp-set-up.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { say } from '../texts/say.ts'
import { holdSession } from './session.ts'
import { isFlowEnd, useConfirmEnrolment, useEnrol, useMailEnrolmentCode } from './sign-in-flow.ts'

interface EnrolmentFormProps {
  needsMailCode: boolean
  onDone: (session: SignedIn) => void
  onRestart: () => void
}

/** Sets up the second factor that a sign-in needs, step by step. */
export function EnrolmentForm({ needsMailCode, onDone, onRestart }: EnrolmentFormProps) {
  const [setUp, setSetUp] = useState<SetUp>()
  const [done, setDone] = useState<{ session: SignedIn; codes: string[] }>()
  // The session has started when the codes are shown, which are shown only once.
  useEffect(() => () => holdSession(false), [])
  if (done) {
    const goOn = () => {
      holdSession(false)
      onDone(done.session)
    }
    return (
      <Stack>
        <RecoveryCodes codes={done.codes} />
        <Button onClick={goOn}>{say('recoveryCodes.saved')}</Button>
      </Stack>
    )
  }
  return (
    <Stack>
      <Text size="sm">{say('enrolment.text')}</Text>
      {setUp ? (
        <Confirm
          setUp={setUp}
          onDone={(enrolled) => {
            holdSession(true)
            setDone(enrolled)
          }}
        />
      ) : needsMailCode ? (
        <MailCode onSetUp={setSetUp} />
      ) : (
        <Begin onSetUp={setSetUp} />
      )}
      <Anchor component="button" type="button" size="sm" onClick={onRestart}>
        {say('factor.restart')}
      </Anchor>
    </Stack>
  )
}

function Begin({ onSetUp }: { onSetUp: (setUp: SetUp) => void }) {
  const enrol = useEnrol()
  return (
    <Stack>
      {enrol.error && <ErrorAlert error={enrol.error} message={endOf(enrol.error)} />}
      <Button loading={enrol.isPending} onClick={() => enrol.mutate({}, { onSuccess: onSetUp })}>
        {say('enrolment.begin')}
      </Button>
    </Stack>
  )
}

function MailCode({ onSetUp }: { onSetUp: (setUp: SetUp) => void }) {
  const mail = useMailEnrolmentCode()
  const enrol = useEnrol()
  const form = usePageForm({
    initialValues: { code: '' },
    validate: { code: codeError },
    wishes: { code: codeWish() }
  })
  const submit = form.onSubmit(({ code }) => {
    if (enrol.isPending) return
    enrol.mutate({ code: digitsOf(code) }, { onSuccess: onSetUp, onError: (error) => form.refuse(error) })
  })
  if (!mail.isSuccess) {
    return (
      <Stack>
        <Text size="sm">{say('enrolment.mailText')}</Text>
        {mail.error && <ErrorAlert error={mail.error} message={endOf(mail.error)} />}
        <Button loading={mail.isPending} onClick={() => mail.mutate()}>
          {say('enrolment.mail')}
        </Button>
      </Stack>
    )
  }
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack>
        <CodeField autoFocus key={form.key('code')} {...form.getInputProps('code')} />
        <FormProblem form={form} message={endOf(form.problem) ?? wrongOf(form.problem)} />
        <Button type="submit" loading={enrol.isPending}>
          {say('enrolment.begin')}
        </Button>
      </Stack>
    </form>
  )
}

function Confirm({ setUp, onDone }: { setUp: SetUp; onDone: (done: { session: SignedIn; codes: string[] }) => void }) {
  const confirm = useConfirmEnrolment()
  const form = usePageForm({
    initialValues: { totp: '' },
    validate: { totp: totpError },
    wishes: { totp: say('totp.wrong') }
  })
  const submit = form.onSubmit(({ totp }) => {
    if (confirm.isPending) return
    confirm.mutate(
      { totp: digitsOf(totp) },
      {
        onSuccess: ({ recovery_codes: codes, ...session }) => onDone({ session, codes }),
        onError: (error) => form.refuse(error)
      }
    )
  })
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack>
        <TotpSetUp setUp={setUp} />
        <TotpCodeField key={form.key('totp')} {...form.getInputProps('totp')} />
        <FormProblem form={form} message={endOf(form.problem)} />
        <Button type="submit" loading={confirm.isPending}>
          {say('enrolment.confirm')}
        </Button>
      </Stack>
    </form>
  )
}

function endOf(error: unknown): string | undefined {
  return isFlowEnd(error) ? say('factor.ended') : undefined
}

function wrongOf(error: unknown): string | undefined {
  return error instanceof ApiError && error.status === 400 ? say('proof.badCode') : undefined
}
