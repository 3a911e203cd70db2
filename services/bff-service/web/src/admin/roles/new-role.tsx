import { Stack, TextInput } from '@mantine/core'
import { isConflict, messageOf } from '../../api/api-error.ts'
import { showSuccess } from '../../components/show-message.ts'
import { DialogButtons } from '../../forms/dialog-buttons.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import { emptyRole, newRoleOf, type RoleFormValues, roleValidation, roleWishes } from './role-form.ts'
import { useCreateRole } from './roles-api.ts'
import { ScopeBoxes } from './scope-boxes.tsx'

export function NewRole({ onClose }: { onClose: () => void }) {
  const create = useCreateRole()
  const form = usePageForm<RoleFormValues>({ initialValues: emptyRole, validate: roleValidation, wishes: roleWishes() })
  const submit = form.onSubmit((values) => {
    if (create.isPending) return
    create.mutate(newRoleOf(values), {
      onSuccess: ({ name }) => {
        showSuccess(say('admin.roles.created', { name }))
        onClose()
      },
      onError: (error) => form.refuse(error, isConflict(error) ? { name: messageOf(error) } : undefined)
    })
  })
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label={say('admin.common.name')}
          description={say('admin.roles.nameText')}
          required
          maxLength={32}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <TextInput
          label={say('admin.roles.descriptionOptional')}
          maxLength={200}
          autoComplete="off"
          key={form.key('description')}
          {...form.getInputProps('description')}
        />
        <ScopeBoxes form={form} />
        <FormProblem form={form} />
        <DialogButtons label={say('admin.roles.create')} isPending={create.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
