import { Button, Group, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { fieldErrorsOf } from '../../api/api-error.ts'
import { ErrorAlert } from '../../components/error-alert.tsx'
import { showSuccess } from '../../components/show-message.ts'
import { ClientFields } from './client-fields.tsx'
import { type ClientFormValues, clientValidation, emptyClient, policyOf } from './client-form.ts'
import { authMethodLabels } from './client-terms.ts'
import { useCreateClient } from './clients-api.ts'
import { SecretNotice } from './secret-notice.tsx'

/** A public client cannot get a token here, and is refused. */
const authMethods = Object.entries(authMethodLabels)
  .filter(([value]) => value !== 'none')
  .map(([value, label]) => ({ value, label }))

/** Registers a client, and shows its secret, if it has one, in the place of the form. */
export function NewClient({ onClose }: { onClose: () => void }) {
  const create = useCreateClient()
  const form = useForm<ClientFormValues>({ initialValues: emptyClient, validate: clientValidation })
  const submit = form.onSubmit((values) => {
    if (create.isPending) return
    const { token_endpoint_auth_method } = values
    const given = Object.entries(policyOf(values)).filter(([, value]) => value !== null)
    const body = { client_id: values.client_id.trim(), token_endpoint_auth_method, ...Object.fromEntries(given) }
    create.mutate(
      { grant_types: values.grant_types, ...body },
      {
        onSuccess: ({ client_id, client_secret }) => {
          showSuccess(`The client ${client_id} is registered.`)
          if (client_secret === undefined) onClose()
        },
        onError: (error) => form.setErrors(fieldErrorsOf(error))
      }
    )
  })
  if (create.data?.client_secret) return <SecretNotice secret={create.data.client_secret} onClose={onClose} />
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label="Client id"
          required
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          {...form.getInputProps('client_id')}
        />
        <TextInput label="Name (optional)" maxLength={100} autoComplete="off" {...form.getInputProps('name')} />
        <NativeSelect
          label="How it authenticates itself"
          data={authMethods}
          {...form.getInputProps('token_endpoint_auth_method')}
        />
        <ClientFields form={form} />
        {create.error && <ErrorAlert error={create.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={create.isPending}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Create client
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
