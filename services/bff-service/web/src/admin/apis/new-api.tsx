import { Stack, TextInput } from '@mantine/core'
import { isConflict, messageOf } from '../../api/api-error.ts'
import { showSuccess } from '../../components/show-message.ts'
import { DialogButtons } from '../../forms/dialog-buttons.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import { ApiFields } from './api-fields.tsx'
import { type ApiFormValues, apiValidation, apiWishes, emptyApi, newApiOf } from './api-form.ts'
import { useCreateApi } from './apis-api.ts'

export function NewApi({ onClose }: { onClose: () => void }) {
  const create = useCreateApi()
  const form = usePageForm<ApiFormValues>({ initialValues: emptyApi, validate: apiValidation, wishes: apiWishes() })
  const submit = form.onSubmit((values) => {
    if (create.isPending) return
    create.mutate(newApiOf(values), {
      onSuccess: ({ name }) => {
        showSuccess(say('admin.apis.registered', { name }))
        onClose()
      },
      onError: (error) => form.refuse(error, isConflict(error) ? { identifier: messageOf(error) } : undefined)
    })
  })
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label={say('admin.apis.identifier')}
          description={say('admin.apis.identifierText')}
          required
          maxLength={512}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          key={form.key('identifier')}
          {...form.getInputProps('identifier')}
        />
        <TextInput
          label={say('admin.common.nameOptional')}
          maxLength={100}
          autoComplete="off"
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <ApiFields form={form} />
        <FormProblem form={form} />
        <DialogButtons label={say('admin.apis.create')} isPending={create.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
