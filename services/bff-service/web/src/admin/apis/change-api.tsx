import { Button, Stack, TextInput } from '@mantine/core'
import type { Api } from '../../api/types.ts'
import { showSuccess } from '../../components/show-message.ts'
import { EndSessionsChoice, endedSessionsText } from '../../forms/end-sessions-choice.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { ApiFields } from './api-fields.tsx'
import { type ApiFormValues, apiChangeOf, apiValidation, apiWishes, formValuesOf } from './api-form.ts'
import { useChangeApi } from './apis-api.ts'

export function ChangeApi({ api }: { api: Api }) {
  const change = useChangeApi(api.id)
  const form = usePageForm<ApiFormValues>({
    initialValues: formValuesOf(api),
    validate: apiValidation,
    wishes: apiWishes()
  })
  const submit = form.onSubmit((values) => {
    const body = apiChangeOf(api, values)
    if (change.isPending) return
    if (!body) return showSuccess(say('admin.common.unchanged'))
    change.mutate(body, {
      onSuccess: ({ sessions_ended, ...saved }) => {
        form.setValues(formValuesOf(saved))
        showSuccess(say('admin.apis.saved', { name: saved.name }) + endedSessionsText(sessions_ended))
      },
      onError: (error) => form.refuse(error)
    })
  })
  return (
    <Section title={say('admin.apis.offers')} lead={say('admin.apis.offersLead')}>
      <form noValidate onSubmit={submit}>
        <Stack>
          <TextInput
            label={say('admin.common.name')}
            maxLength={100}
            autoComplete="off"
            key={form.key('name')}
            {...form.getInputProps('name')}
          />
          <ApiFields form={form} />
          <EndSessionsChoice
            key={form.key('end_sessions')}
            {...form.getInputProps('end_sessions', { type: 'checkbox' })}
          />
          <FormProblem form={form} />
          <div>
            <Button type="submit" loading={change.isPending}>
              {say('admin.apis.save')}
            </Button>
          </div>
        </Stack>
      </form>
    </Section>
  )
}
