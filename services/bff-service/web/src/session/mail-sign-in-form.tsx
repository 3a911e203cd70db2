import { Anchor, Button, Stack, Text } from '@mantine/core'
import type { SignedIn } from '../api/types.ts'
import { CodeField, codeError, codeWish, digitsOf } from '../components/code-field.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { say } from '../texts/say.ts'
import { AskForMail } from './ask-for-mail.tsx'
import { FormCard } from './form-card.tsx'
import { refusalOfMail, useMailSignIn, useRequestMailSignIn } from './mail-sign-in.ts'
import { type NeededFactor, neededFactorOf } from './sign-in-flow.ts'

interface MailSignInFormProps {
  /** Is in the field when the form opens. */
  name: string
  onNeeded: (needed: NeededFactor) => void
  onDone: (session: SignedIn) => void
  /** The person wants to sign in another way. */
  onRestart: () => void
}

/** Has a mail sent, and takes the code in it. */
export function MailSignInForm({ name, onNeeded, onDone, onRestart }: MailSignInFormProps) {
  const mail = useRequestMailSignIn()
  return (
    <Stack>
      {mail.data ? (
        <CodeForm minutes={Math.round(mail.data.expires_in / 60)} onNeeded={onNeeded} onDone={onDone} />
      ) : (
        <AskForMail name={name} mail={mail} submitText={say('mailSignIn.send')} />
      )}
      {mail.data && (
        <Button variant="subtle" onClick={() => mail.reset()}>
          {say('proof.another')}
        </Button>
      )}
      <Text size="sm">
        <Anchor component="button" type="button" size="sm" underline="always" onClick={onRestart}>
          {say('mailSignIn.otherWay')}
        </Anchor>
      </Text>
    </Stack>
  )
}

function CodeForm({
  minutes,
  onNeeded,
  onDone
}: { minutes: number } & Pick<MailSignInFormProps, 'onNeeded' | 'onDone'>) {
  const signIn = useMailSignIn()
  const form = usePageForm({
    initialValues: { code: '' },
    validate: { code: codeError },
    wishes: { code: codeWish() }
  })
  const submit = form.onSubmit(({ code }) => {
    if (signIn.isPending) return
    signIn.mutate(
      { code: digitsOf(code) },
      {
        onSuccess: onDone,
        onError: (error) => {
          const needed = neededFactorOf(error)
          if (needed) onNeeded(needed)
          else form.refuse(error)
        }
      }
    )
  })
  return (
    <FormCard onSubmit={submit}>
      <Stack>
        <Text size="sm" role="status">
          {say('mailSignIn.sent', { count: minutes })}
        </Text>
        <CodeField data-autofocus autoFocus key={form.key('code')} {...form.getInputProps('code')} />
        <FormProblem form={form} message={refusalOfMail(form.problem, 'code')} />
        <Button type="submit" fullWidth loading={signIn.isPending}>
          {say('signIn.submit')}
        </Button>
      </Stack>
    </FormCard>
  )
}
