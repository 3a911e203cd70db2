import { Button, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { fieldErrorsOf } from '../../api/api-error.ts'
import type { Client } from '../../api/types.ts'
import { ErrorAlert } from '../../components/error-alert.tsx'
import { showSuccess } from '../../components/show-message.ts'
import { Section } from '../../layout/section.tsx'
import { ClientFields } from './client-fields.tsx'
import { type ClientFormValues, changesOf, clientValidation, formValuesOf, policyOf } from './client-form.ts'
import { useChangeClient } from './clients-api.ts'

interface ChangeClientProps {
  client: Client
  isDisabled: boolean
}

export function ChangeClient({ client, isDisabled }: ChangeClientProps) {
  const change = useChangeClient(client.client_id)
  const form = useForm<ClientFormValues>({ initialValues: formValuesOf(client), validate: clientValidation })
  const submit = form.onSubmit((values) => {
    const body = changesOf(client, policyOf(values))
    if (change.isPending || Object.keys(body).length === 0) return
    change.mutate(body, {
      onSuccess: (saved) => {
        form.setInitialValues(formValuesOf(saved))
        form.setValues(formValuesOf(saved))
        showSuccess(`The client ${saved.client_id} is saved.`)
      },
      onError: (error) => form.setErrors(fieldErrorsOf(error))
    })
  })
  return (
    <Section title="What it may do" lead="Taking something away ends every token that was issued to the client.">
      <form noValidate onSubmit={submit}>
        <Stack>
          <TextInput label="Name" maxLength={100} disabled={isDisabled} {...form.getInputProps('name')} />
          <ClientFields form={form} isDisabled={isDisabled} />
          {change.error && <ErrorAlert error={change.error} />}
          {!isDisabled && (
            <div>
              <Button type="submit" loading={change.isPending} disabled={!form.isDirty()}>
                Save client
              </Button>
            </div>
          )}
        </Stack>
      </form>
    </Section>
  )
}
