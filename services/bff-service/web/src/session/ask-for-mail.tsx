import { Button, Stack, TextInput } from '@mantine/core'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { say } from '../texts/say.ts'
import { FormCard } from './form-card.tsx'

interface AskForMailProps {
  /** Is in the field when the form opens. */
  name?: string
  mail: {
    readonly isPending: boolean
    mutate(who: { username: string }, handlers: { onError: (error: Error) => void }): void
  }
  submitText: string
}

/** Who wants a mail: by username or address. The field has the focus. */
export function AskForMail({ name = '', mail, submitText }: AskForMailProps) {
  const form = usePageForm({
    initialValues: { name },
    validate: { name: (text) => (text.trim() ? null : say('reset.nameMissing')) }
  })
  const submit = form.onSubmit(({ name: typed }) => {
    if (mail.isPending) return
    mail.mutate({ username: typed.trim() }, { onError: (error) => form.refuse(error) })
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
          data-autofocus
          autoFocus
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <FormProblem form={form} />
        <Button type="submit" fullWidth loading={mail.isPending}>
          {submitText}
        </Button>
      </Stack>
    </FormCard>
  )
}
