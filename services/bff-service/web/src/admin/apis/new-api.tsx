import { Stack, TextInput } from '@mantine/core'
import { isConflict, messageOf } from '../../api/api-error.ts'
import { showSuccess } from '../../components/show-message.ts'
import { DialogButtons } from '../../forms/dialog-buttons.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { ApiFields } from './api-fields.tsx'
import { type ApiFormValues, apiValidation, apiWishes, emptyApi, newApiOf } from './api-form.ts'
import { useCreateApi } from './apis-api.ts'

export function NewApi({ onClose }: { onClose: () => void }) {
  const create = useCreateApi()
  const form = usePageForm<ApiFormValues>({ initialValues: emptyApi, validate: apiValidation, wishes: apiWishes })
  const submit = form.onSubmit((values) => {
    if (create.isPending) return
    create.mutate(newApiOf(values), {
      onSuccess: ({ name }) => {
        showSuccess(`The API ${name} is registered.`)
        onClose()
      },
      onError: (error) => form.refuse(error, isConflict(error) ? { identifier: messageOf(error) } : undefined)
    })
  })
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label="Identifier"
          description="The URI in its tokens. It stays as it is."
          required
          maxLength={512}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          key={form.key('identifier')}
          {...form.getInputProps('identifier')}
        />
        <TextInput
          label="Name (optional)"
          maxLength={100}
          autoComplete="off"
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <ApiFields form={form} />
        <FormProblem form={form} />
        <DialogButtons label="Create API" isPending={create.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
