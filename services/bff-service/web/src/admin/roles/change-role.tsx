import { Button, Stack, TextInput } from '@mantine/core'
import type { Role } from '../../api/types.ts'
import { showSuccess } from '../../components/show-message.ts'
import { EndSessionsChoice, endedSessionsText } from '../../forms/end-sessions-choice.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { formValuesOf, type RoleFormValues, roleChangeOf, roleValidation, roleWishes } from './role-form.ts'
import { useChangeRole } from './roles-api.ts'
import { ScopeBoxes } from './scope-boxes.tsx'

export function ChangeRole({ role }: { role: Role }) {
  const change = useChangeRole(role.name)
  const form = usePageForm<RoleFormValues>({
    initialValues: formValuesOf(role),
    validate: roleValidation,
    wishes: roleWishes()
  })
  const submit = form.onSubmit((values) => {
    const body = roleChangeOf(role, values)
    if (change.isPending) return
    if (!body) return showSuccess(say('admin.common.unchanged'))
    change.mutate(body, {
      onSuccess: ({ sessions_ended, ...saved }) => {
        form.setValues(formValuesOf(saved))
        showSuccess(say('admin.roles.saved', { name: saved.name }) + endedSessionsText(sessions_ended))
      },
      onError: (error) => form.refuse(error)
    })
  })
  return (
    <Section title={say('admin.roles.holds')} lead={say('admin.roles.holdsLead')}>
      <form noValidate onSubmit={submit}>
        <Stack>
          <TextInput
            label={say('admin.roles.description')}
            maxLength={200}
            autoComplete="off"
            key={form.key('description')}
            {...form.getInputProps('description')}
          />
          <ScopeBoxes form={form} />
          <EndSessionsChoice
            key={form.key('end_sessions')}
            {...form.getInputProps('end_sessions', { type: 'checkbox' })}
          />
          <FormProblem form={form} />
          <div>
            <Button type="submit" loading={change.isPending}>
              {say('admin.roles.save')}
            </Button>
          </div>
        </Stack>
      </form>
    </Section>
  )
}
