import { Button, Stack, TextInput } from '@mantine/core'
import type { Client } from '../../api/types.ts'
import { showSuccess } from '../../components/show-message.ts'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { ClientFields } from './client-fields.tsx'
import {
  type ClientFormValues,
  changesOf,
  clientValidation,
  clientWishes,
  formValuesOf,
  policyOf
} from './client-form.ts'
import { kindOf } from './client-kinds.ts'
import { useChangeClient } from './clients-api.ts'

interface ChangeClientProps {
  client: Client
  isDisabled: boolean
}

export function ChangeClient({ client, isDisabled }: ChangeClientProps) {
  const change = useChangeClient(client.client_id)
  const form = usePageForm<ClientFormValues>({
    initialValues: formValuesOf(client),
    validate: clientValidation,
    wishes: clientWishes()
  })
  const submit = form.onSubmit((values) => {
    const body = changesOf(client, policyOf(values))
    if (change.isPending) return
    if (Object.keys(body).length === 0) return showSuccess(say('admin.common.unchanged'))
    change.mutate(body, {
      onSuccess: (saved) => {
        form.setInitialValues(formValuesOf(saved))
        form.setValues(formValuesOf(saved))
        showSuccess(say('admin.clients.saved', { id: saved.client_id }))
      },
      onError: (error) => form.refuse(error)
    })
  })
  return (
    <Section title={say('admin.clients.may')} lead={say('admin.clients.mayLead')}>
      <form noValidate onSubmit={submit}>
        <Stack>
          <TextInput
            label={say('admin.common.name')}
            maxLength={100}
            disabled={isDisabled}
            key={form.key('name')}
            {...form.getInputProps('name')}
          />
          <ClientFields form={form} kind={kindOf(client)} isDisabled={isDisabled} />
          <FormProblem form={form} />
          {!isDisabled && (
            <div>
              <Button type="submit" loading={change.isPending}>
                {say('admin.clients.save')}
              </Button>
            </div>
          )}
        </Stack>
      </form>
    </Section>
  )
}
